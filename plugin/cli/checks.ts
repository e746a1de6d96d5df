/** What `doctor` looks at. Each check is one question with a plain answer and, where it is not yes, what to do. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Config } from '../config.js';
import type { SourceStatus } from '../discovery/index.js';
import { asPanelError, type PanelError } from '../errors.js';
import type { Panel } from '../panel.js';
import { hasOwner } from '../web/password.js';

export interface Check {
  readonly name: string;
  readonly state: 'works' | 'fails' | 'absent';
  readonly text: string;
  readonly hint: string | null;
}

/** What could be opened, or why it could not. */
export interface Patient {
  readonly config: Config | PanelError;
  /** null when there was no configuration to open it with. */
  readonly panel: Panel | PanelError | null;
}

/** The database stays below 20 MB; less free space than this and the next scan may not be kept, bytes. */
const MIN_FREE = 50_000_000;
/** fping answers for loopback at once, ms. */
const FPING_LIMIT = 3000;

const works = (name: string, text: string): Check => ({ name, state: 'works', text, hint: null });
const fails = (name: string, text: string, hint: string): Check => ({ name, state: 'fails', text, hint });
const absent = (name: string, text: string, hint: string): Check => ({ name, state: 'absent', text, hint });
const failsWith = (name: string, { message, hint }: PanelError) => fails(name, message, hint);

/** All checks, in the order in which one depends on the other. */
export async function checks({ config, panel }: Patient): Promise<Check[]> {
  if (config instanceof Error) return [failsWith('configuration', config)];
  const before = [
    works('configuration', `data in ${config.dataDir}, Serf at ${config.serfRpc.host}:${config.serfRpc.port}`),
  ];
  const ofMachine = [await dataFolder(config.dataDir), await fping()];
  if (panel === null) return [...before, ...ofMachine];
  if (panel instanceof Error) return [...before, failsWith('panel', panel), ...ofMachine];
  await panel.discovery.ready();
  return [...before, database(panel), owner(panel), ...sources(panel), own(panel), await systemd(panel), ...ofMachine];
}

function database({ store }: Panel): Check {
  if (store.movedAside === null) return works('database', 'opened and whole');
  return fails(
    'database',
    `it was damaged and is kept as ${store.movedAside}`,
    'A new one was begun; delete the old one.',
  );
}

function owner({ store }: Panel): Check {
  if (hasOwner(store.settings)) return works('owner', 'a password is set');
  return absent('owner', 'no password yet: nobody can scan, start or stop', 'Run: cloudy-services passwd');
}

/** Each source of providers; of those that are read, how much could be. */
function sources({ discovery }: Panel): Check[] {
  return discovery.sources().flatMap((source) => {
    return source.state === 'up' ? [reachable(source), readable(source)] : [reachable(source)];
  });
}

function reachable({ name, state, error }: SourceStatus): Check {
  if (state === 'up') return works(name, 'answers');
  if (error) return fails(name, error.message, error.hint);
  return absent(
    name,
    state === 'off' ? 'switched off or not configured' : 'no answer yet',
    'Run this again in a moment.',
  );
}

function readable({ name, read, skipped }: SourceStatus): Check {
  const reasons = Object.entries(skipped).filter(([, count]) => count > 0);
  const text = `${read} announcements read`;
  if (reasons.length === 0) return works(`${name} entries`, text);
  const list = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
  return absent(
    `${name} entries`,
    `${text}; skipped: ${list}`,
    'Their nodes announce what cannot be read; tell their owners.',
  );
}

function own({ discovery }: Panel): Check {
  const count = discovery.providers().filter(({ self }) => self).length;
  if (count > 0) return works('own services', `${count} announced`);
  return absent('own services', 'this node announces none', 'Nothing to do, unless it should offer something.');
}

async function systemd({ local }: Panel): Promise<Check> {
  const problem = await local.problem();
  if (problem) {
    const { message, hint } = asPanelError(problem);
    return absent('systemd', message, hint);
  }
  const units = [...(await local.states()).values()].flatMap(({ unit, state }) => (unit ? [`${unit} ${state}`] : []));
  return works('systemd', units.length > 0 ? units.join(', ') : 'answers; no known unit is installed');
}

async function dataFolder(folder: string): Promise<Check> {
  const name = 'data folder';
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const text = `${folder}, ${Math.floor(free / 1e6)} MB free`;
    if (free >= MIN_FREE) return works(name, text);
    return fails(name, text, 'Make room, or set DATA_DIR to another disk.');
  } catch (error) {
    const hint = `Make ${folder} writable for this user, or set DATA_DIR.`;
    return fails(name, (error as Error).message, hint);
  }
}

/** Whether ICMP echo is allowed to this user, through fping. */
function fping(): Promise<Check> {
  return new Promise((resolve) => {
    execFile('fping', ['-q', '-c1', '127.0.0.1'], { timeout: FPING_LIMIT, killSignal: 'SIGKILL' }, (error) => {
      if (!error) resolve(works('fping', 'allowed'));
      else if (error.code === 'ENOENT')
        resolve(absent('fping', 'not installed', 'Only if you want ping times: apt install fping'));
      else
        resolve(
          absent('fping', 'not allowed', 'Only if you want ping times: setcap cap_net_raw+ep "$(command -v fping)"'),
        );
    });
  });
}
