/** The checks of the machine: its disk, its programs, and what this user may do with them. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Config } from '../../config/index.js';
import { asPanelError } from '../../model/errors.js';
import { unitLog } from '../../node/systemd/journal.js';
import type { Words } from '../../present/i18n.js';
import { Pinger } from '../../probe/ping.js';
import { absent, absentWith, type Check, fails, works } from './check.js';

/** Bytes. The database stays below 20 MB; with less free space than this the next scan may not be stored. */
const MIN_FREE = 50_000_000;
/** A program on this machine answers at once or hangs, ms. */
const LIMIT_MS = 3_000;
/** Every machine with systemd has it; its log may be empty, but never unreadable. */
const ANY_UNIT = 'systemd-journald.service';

export async function dataFolder(folder: string, { t }: Words): Promise<Check> {
  const name = 'data folder';
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const text = t('doctor.free', { folder, free: String(Math.floor(free / 1e6)) });
    if (free >= MIN_FREE) return works(name, text);
    return fails(name, text, t('doctor.free.todo'));
  } catch (error) {
    return fails(name, (error as Error).message, t('doctor.writable.todo', { folder }));
  }
}

/** Whether the path to nodes without Serf can be measured: with the very ping that measures it. */
export async function ping({ t }: Words): Promise<Check> {
  const { signal } = new AbortController();
  const samples = await new Pinger().path('127.0.0.1', { signal, limitMs: LIMIT_MS });
  if (samples.length > 0) return works('ping', t('doctor.ping'));
  if ((await run('ping', ['-V'])) === null)
    return absent('ping', t('doctor.not-installed'), `${t('doctor.ping.todo')} apt install iputils-ping`);
  const hint = `${t('doctor.ping.todo')} sysctl -w net.ipv4.ping_group_range="0 2147483647"`;
  return absent('ping', t('doctor.not-allowed'), hint);
}

/** @param unit one of this node's own units, where it has any */
export async function journal(unit: string = ANY_UNIT, words: Words): Promise<Check> {
  try {
    const { lines } = await unitLog(unit);
    const isEmpty = lines.length === 0 && unit !== ANY_UNIT;
    return works('journal', words.t(isEmpty ? 'doctor.log-empty' : 'doctor.log', { unit }));
  } catch (error) {
    return absentWith('journal', asPanelError(error), words);
  }
}

/** What announcing on the local network needs. The call to the bus starts no daemon. */
export async function avahi(config: Pick<Config, 'avahi'>, { t }: Words): Promise<Check> {
  const name = 'avahi-daemon';
  if (config.avahi === 'off') return absent(name, t('doctor.avahi-off'), t('doctor.avahi-off.todo'));
  const call = ['call', 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'NameHasOwner'];
  const answer = await run('busctl', ['--system', ...call, 's', 'org.freedesktop.Avahi']);
  if (answer?.trim() !== 'b true') {
    const [start, install] = ['systemctl start avahi-daemon', 'apt install avahi-daemon avahi-utils'];
    return absent(name, t('doctor.avahi-stopped'), t('doctor.avahi-stopped.todo', { start, install }));
  }
  if ((await run('avahi-publish-service', ['--version'])) !== null) return works(name, t('doctor.avahi'));
  return absent(name, t('doctor.avahi-utils'), 'apt install avahi-utils');
}

/** The program's output; null where it fails or is missing. */
function run(command: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: LIMIT_MS, killSignal: 'SIGKILL' }, (error, stdout) =>
      resolve(error ? null : stdout),
    );
  });
}
