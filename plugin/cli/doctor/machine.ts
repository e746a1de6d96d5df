/** The checks of the machine: its disk, its programs, and what this user may do with them. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Config } from '../../config/index.js';
import { asPanelError } from '../../model/errors.js';
import { unitLog } from '../../node/systemd/journal.js';
import { Pinger } from '../../probe/ping.js';
import { absent, type Check, fails, works } from './check.js';

/** Bytes. The database stays below 20 MB; with less free space than this the next scan may not be stored. */
const MIN_FREE = 50_000_000;
/** A program on this machine answers at once or hangs, ms. */
const LIMIT_MS = 3_000;
/** Every machine with systemd has it; its log may be empty, but never unreadable. */
const ANY_UNIT = 'systemd-journald.service';

export async function dataFolder(folder: string): Promise<Check> {
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

/** Whether the path to nodes without Serf can be measured: with the very ping that measures it. */
export async function ping(): Promise<Check> {
  const { signal } = new AbortController();
  const samples = await new Pinger().path('127.0.0.1', { signal, limitMs: LIMIT_MS });
  if (samples.length > 0) return works('ping', 'can be timed');
  if ((await run('ping', ['-V'])) === null)
    return absent('ping', 'not installed', 'If you want ping times: apt install iputils-ping');
  const hint = 'If you want ping times: sysctl -w net.ipv4.ping_group_range="0 2147483647"';
  return absent('ping', 'not allowed to this user', hint);
}

/** @param unit one of this node's own units, where it has any */
export async function journal(unit: string = ANY_UNIT): Promise<Check> {
  try {
    const { lines } = await unitLog(unit);
    const isEmpty = lines.length === 0 && unit !== ANY_UNIT;
    return works('journal', isEmpty ? `can be read; it holds nothing from ${unit}` : 'can be read');
  } catch (error) {
    const { message, hint } = asPanelError(error);
    return absent('journal', message, hint);
  }
}

/** What announcing on the local network needs. The call to the bus starts no daemon. */
export async function avahi(config: Pick<Config, 'avahi'>): Promise<Check> {
  const name = 'avahi-daemon';
  if (config.avahi === 'off')
    return absent(name, 'not used: AVAHI=off', 'Nothing to do, unless the local network should be used.');
  const call = ['call', 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'NameHasOwner'];
  const answer = await run('busctl', ['--system', ...call, 's', 'org.freedesktop.Avahi']);
  if (answer?.trim() !== 'b true') {
    const hint = 'Start it: systemctl start avahi-daemon; or install it: apt install avahi-daemon avahi-utils';
    return absent(
      name,
      'not running: neighbours on the local network are heard, but nothing can be announced to them',
      hint,
    );
  }
  if ((await run('avahi-publish-service', ['--version'])) !== null)
    return works(name, 'running; own services can be announced on the local network');
  return absent(name, 'running, but the program to announce with is missing', 'apt install avahi-utils');
}

/** The program's output; null where it fails or is missing. */
function run(command: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: LIMIT_MS, killSignal: 'SIGKILL' }, (error, stdout) =>
      resolve(error ? null : stdout),
    );
  });
}
