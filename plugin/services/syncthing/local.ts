/** The REST interface of this node's own Syncthing, from its configuration file. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PanelError } from '../../model/errors.js';

/** Folders of the user that runs the panel, of Debian's system user, and of old Cloudy nodes. */
const folders = () => [
  ...[homedir(), '/var/lib/syncthing'].flatMap((home) => [
    join(home, '.config', 'syncthing'),
    join(home, '.local', 'state', 'syncthing'),
  ]),
  '/opt/syncthing/config',
];

/** Listening everywhere includes loopback, the only address that we ever use. */
const EVERYWHERE: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/;

/**
 * The REST interface of the first configuration that may be read; null where there is none at all.
 * @throws PanelError connect-failed: there is one that may not be read, or it takes no orders on loopback
 */
export async function localSyncthing(
  files: readonly string[] = folders().map((folder) => join(folder, 'config.xml')),
): Promise<{ url: string; apiKey: string } | null> {
  let denied: string | null = null;
  for (const file of files) {
    const config = await readFile(file, 'utf8').catch(({ code }: NodeJS.ErrnoException) => {
      if (code !== 'ENOENT' && code !== 'ENOTDIR') denied ??= `${file} cannot be read (${code}).`;
      return null;
    });
    if (config !== null) return readGui(config, file);
  }
  if (denied === null) return null;
  throw failed(denied, 'Let the user that runs this panel read it, or add the device with the command shown.');
}

function readGui(config: string, file: string): { url: string; apiKey: string } {
  const [, attributes = '', body = ''] = /<gui\b([^>]*)>(.*?)<\/gui>/s.exec(config) ?? [];
  const [, host, port] = /<address>([^<]*):(\d{1,5})<\/address>/.exec(body) ?? [];
  const [, apiKey] = /<apikey>([\w-]{1,200})<\/apikey>/.exec(body) ?? [];
  const hint = 'Turn on Syncthing’s web interface on 127.0.0.1, or add the device with the command shown.';
  if (/\benabled="false"/.test(attributes) || !apiKey) throw failed(`${file} says that it takes no orders.`, hint);
  const own = host === undefined ? '' : (EVERYWHERE[host] ?? host);
  if (!LOOPBACK.test(own)) throw failed(`${file} names no address on this machine.`, hint);
  return { url: `${/\btls="true"/.test(attributes) ? 'https' : 'http'}://${own}:${port}`, apiKey };
}

const failed = (message: string, hint: string) => new PanelError('connect-failed', message, hint);
