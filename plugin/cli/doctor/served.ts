/** Whether the panel is up: `doctor` visits it where the configuration says it listens. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Config } from '../../config/index.js';
import { panelUnit } from '../../config/install.js';
import { joinHostPort } from '../../lib/address.js';
import type { Words } from '../../present/i18n.js';
import { absent, type Check, fails, works } from './check.js';

/** A busy node takes a while, ms. */
const LIMIT_MS = 3_000;
const MAX_BODY = 1 << 16;
const NAME = 'panel';

type Place = { readonly host: string; readonly port: number } | { readonly socketPath: string };
/** `closed`: this user may not connect, which says nothing about the panel. */
type Result = 'answers' | 'other' | 'closed' | 'silent';

export async function served(
  { listen, socket, basePath }: Pick<Config, 'listen' | 'socket' | 'basePath'>,
  words: Words,
): Promise<Check> {
  const places: Place[] = [...(listen ? [listen] : []), ...(socket === null ? [] : [{ socketPath: socket }])];
  const visits = await Promise.all(
    places.map(async (place) => ({ at: toName(place, basePath), result: await visit(place, basePath) })),
  );
  return judge(visits, words);
}

function judge(visits: readonly { readonly at: string; readonly result: Result }[], { t }: Words): Check {
  if (visits.length === 0) return absent(NAME, t('doctor.nowhere'), t('doctor.nowhere.todo'));
  const text = visits.map(({ at, result }) => t(`doctor.panel.${result}`, { at })).join('; ');
  const has = (wanted: Result) => visits.some(({ result }) => result === wanted);
  if (has('other')) return fails(NAME, text, t('doctor.panel.other.todo'));
  if (has('silent')) return fails(NAME, text, howToStart(t));
  if (!has('answers')) return absent(NAME, text, t('doctor.panel.closed.todo'));
  return works(NAME, text);
}

function howToStart(t: Words['t'], unit = panelUnit()): string {
  if (unit === null) return t('doctor.start', { start: 'npm start' });
  const [start, log] = [`sudo systemctl start ${unit}`, `sudo journalctl -u ${unit} -n 20`];
  return t('doctor.start-unit', { start, log });
}

function toName(place: Place, basePath: string): string {
  if ('socketPath' in place) return place.socketPath;
  const { host, port } = place;
  return `http://${joinHostPort(host, port)}${basePath}`;
}

async function visit(place: Place, basePath: string): Promise<Result> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    const outgoing = request({ ...place, path: `${basePath}healthz`, agent: false, signal }).end();
    const [answer] = (await once(outgoing, 'response', { signal })) as [IncomingMessage];
    return isHealth(await readBody(answer)) ? 'answers' : 'other';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'closed' : 'silent';
  }
}

async function readBody(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_BODY) break;
  }
  return text;
}

/** Whether it is an answer of `healthz`, 503 included. */
function isHealth(text: string): boolean {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && 'ok' in body && 'sources' in body;
  } catch {
    return false;
  }
}
