/** Whether the panel is up: `doctor` visits it where the configuration says that it listens. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Config } from '../../config/index.js';
import { unitOf } from '../../config/install.js';
import { absent, type Check, fails, works } from './check.js';

/** A busy node takes a while, ms. */
const LIMIT_MS = 3_000;
const BODY_CAP = 1 << 16;
const NAME = 'panel';

type Place = { readonly host: string; readonly port: number } | { readonly socketPath: string };
/** `closed`: this user may not ask there, which says nothing about the panel. */
type Found = 'answers' | 'another program answers' | 'closed' | 'does not answer';

export async function served({ listen, socket, basePath }: Pick<Config, 'listen' | 'socket' | 'basePath'>) {
  const places: Place[] = [...(listen ? [listen] : []), ...(socket === null ? [] : [{ socketPath: socket }])];
  const found = await Promise.all(
    places.map(async (place) => ({ at: nameOf(place, basePath), is: await visit(place, basePath) })),
  );
  return judge(found);
}

function judge(found: readonly { readonly at: string; readonly is: Found }[]): Check {
  if (found.length === 0) return absent(NAME, 'listens nowhere', 'Set LISTEN, or SOCKET.');
  const text = found.map(({ at, is }) => (is === 'closed' ? `${at} may not be opened by this user` : `${at} ${is}`));
  if (found.some(({ is }) => is === 'another program answers'))
    return fails(NAME, text.join('; '), 'End that program, or set LISTEN or SOCKET to a free address.');
  if (found.some(({ is }) => is === 'does not answer')) return fails(NAME, text.join('; '), howToStart());
  if (found.every(({ is }) => is === 'closed')) return absent(NAME, text.join('; '), 'Run this with sudo.');
  return works(NAME, text.join('; '));
}

function howToStart(unit = unitOf()): string {
  if (unit === null) return 'Start it: npm start';
  return `Start it: sudo systemctl start ${unit}; why it ended: sudo journalctl -u ${unit} -n 20`;
}

function nameOf(place: Place, basePath: string): string {
  if ('socketPath' in place) return place.socketPath;
  const { host, port } = place;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${basePath}`;
}

async function visit(place: Place, basePath: string): Promise<Found> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    const sent = request({ ...place, path: `${basePath}healthz`, agent: false, signal }).end();
    const [answer] = (await once(sent, 'response', { signal })) as [IncomingMessage];
    return isHealth(await bodyOf(answer)) ? 'answers' : 'another program answers';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'closed' : 'does not answer';
  }
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    text += chunk;
    if (text.length > BODY_CAP) break;
  }
  return text;
}

/** What `healthz` says, also where it is 503 for a source that is away. */
function isHealth(text: string): boolean {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' && said !== null && 'ok' in said && 'sources' in said;
  } catch {
    return false;
  }
}
