/** A question to a web service: by plain HTTP, and by HTTPS where that is what it wants. */
import { isIP } from 'node:net';
import { joinHostPort } from '../lib/address.js';
import { endpoint } from '../lib/endpoint.js';
import { SPEAKS_TLS } from './failure.js';
import { HEAD_COST, type HttpAnswer, type HttpQuestion, httpAsk, httpOnce } from './http.js';
import { type Failed, isFailed, type ProbeContext, type Proven, type Target } from './index.js';
import { roundTrip } from './port.js';
import { type Connection, connect } from './tcp.js';
import { certificateFacts, secure } from './tls.js';

/** How long all of the second, encrypted try may take, ms: a probe as a whole has 8 s. */
const HTTPS_LIMIT_MS = 4_000;
const HTTPS_PORT = 443;

/**
 * What the second try costs at most on top, headers of IP included, its head not counted: a connection, and a handshake in
 * which the server shows the chain of a public authority. Nearly all services answer the first time.
 */
export const HTTPS_COST = { packets: 18, bytes: 7_500 } as const;

/** What asking for a head costs at most, by plain HTTP and then by HTTPS. */
export const WEB_COST = {
  packets: HEAD_COST.packets + HTTPS_COST.packets,
  bytes: HEAD_COST.bytes + HTTPS_COST.bytes,
} as const;

export type WebAnswer = HttpAnswer & Pick<Connection, 'connectMs'> & { readonly https: Answering | null };

/** Where the encrypted service is. */
interface Https {
  readonly port: number;
  /** The name that it is to be asked by; null for its address. */
  readonly name: string | null;
}

/** What answered there. */
interface Answering extends Https {
  /** DER. */
  readonly certificate: Buffer;
}

/**
 * Asks over plain HTTP, and then over TLS where the plain answer shows that the service wants that: an alert, a "400", a
 * connection closed without a word, or a redirect to HTTPS on the same machine. Any certificate is accepted, for nothing is
 * confided. Where TLS is all that there is and it ends there (the server wants a name, or a certificate of its clients), the
 * result is proven up to the open port: nothing is known of the service, and nothing has failed.
 */
export async function webOnce(
  target: Target,
  question: HttpQuestion,
  context: ProbeContext,
): Promise<WebAnswer | Failed | Proven> {
  const plain = await httpOnce(target, question, context);
  const first = isFailed(plain) ? plain : { ...plain, https: null };
  const https = findHttps(target, first);
  if (https === null) return first;
  const answer = await withinLimit(context, (limited) => httpsOnce(target, https, question, limited));
  return answer === null || isFailed(answer) ? first : answer;
}

/** Another question, the way that the first one was answered. */
export async function webAgain(
  target: Target,
  question: HttpQuestion,
  context: ProbeContext,
  { https }: Pick<WebAnswer, 'https'>,
): Promise<HttpAnswer | Failed | Proven> {
  return https === null ? httpOnce(target, question, context) : httpsOnce(target, https, question, context);
}

interface Found<T> {
  readonly answer: HttpAnswer;
  readonly path: string;
  /** null where no place had it: then the answer is the last one. */
  readonly value: T | null;
  /** As the first place answered: the connection's time, and the way to it. */
  readonly first: WebAnswer;
}

/**
 * Asks at one place after another, until one has it or shows that it is not elsewhere: a missing page, or a whole one of
 * something else, leaves that open.
 * @param paths at least one
 * @param read what the answer says; null where it is not what is looked for
 */
export async function webAmong<T>(
  target: Target,
  paths: readonly [string, ...string[]],
  question: Omit<HttpQuestion, 'path'>,
  context: ProbeContext,
  read: (answer: HttpAnswer) => T | null,
): Promise<Found<T> | Failed | Proven> {
  const [path, ...further] = paths;
  const first = await webOnce(target, { ...question, path }, context);
  if ('level' in first) return first;
  let found: Found<T> = { answer: first, path, value: read(first), first };
  for (const next of further) {
    if (found.value !== null || !isElsewhere(found.answer)) break;
    const answer = await webAgain(target, { ...question, path: next }, context, first);
    if ('level' in answer) return answer;
    found = { answer, path: next, value: read(answer), first };
  }
  return found;
}

const isElsewhere = ({ status, whole }: HttpAnswer) => status === 404 || (status === 200 && whole);

/** What plain HTTP may get where TLS is spoken; 426 may name TLS as the upgrade, 497 is nginx's own. */
const WANTS_TLS: ReadonlySet<number> = new Set([400, 426, 497]);

/** Where to try TLS; null where plain HTTP is at home. */
function findHttps({ address, port }: Target, first: WebAnswer | Failed): Https | null {
  const here = { port, name: null };
  if (isFailed(first))
    return first.level === 2 && (first.reason === 'closed' || first.detail === SPEAKS_TLS.detail) ? here : null;
  if (WANTS_TLS.has(first.status)) return here;
  const location = first.headers.get('location') ?? '';
  if (first.status < 300 || first.status >= 400 || !URL.canParse(location)) return null;
  const { protocol, hostname, port: other } = new URL(location);
  if (protocol !== 'https:') return null;
  // A name is not looked up: only what this very machine serves under it counts.
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && host !== address) return null;
  return { port: Number(other) || HTTPS_PORT, name: isIP(host) === 0 ? host : null };
}

async function httpsOnce(
  target: Target,
  https: Https,
  question: HttpQuestion,
  context: ProbeContext,
): Promise<WebAnswer | Failed | Proven> {
  const { port, name } = https;
  const connection = await connect({ address: target.address, port }, context, HTTPS_LIMIT_MS);
  if (isFailed(connection)) return connection;
  const unproven: Proven = { level: 2, samples: roundTrip(connection.connectMs), facts: httpsFact({ https }) };
  try {
    const session = await secure(connection, context, ['http/1.1'], { old: true, name, readCap: 64 * 1024 });
    if (isFailed(session)) return session.detail === SPEAKS_TLS.detail ? unproven : session;
    const host = name === null ? connection.host : joinHostPort(name, port);
    const answer = await httpAsk({ socket: session.socket, host }, question, context);
    session.socket.destroy();
    if (isFailed(answer)) return unproven;
    return { ...answer, connectMs: connection.connectMs, https: { ...https, certificate: session.certificate } };
  } finally {
    connection.close();
  }
}

/** null where its own limit, not that of the probe, ended it. */
async function withinLimit<T>(context: ProbeContext, ask: (limited: ProbeContext) => Promise<T>): Promise<T | null> {
  const limit = AbortSignal.timeout(HTTPS_LIMIT_MS);
  try {
    return await ask({ ...context, signal: AbortSignal.any([context.signal, limit]) });
  } catch (error) {
    if (context.signal.aborted || !limit.aborted) throw error;
    return null;
  }
}

/** The fact by which `webAddress` knows the port of HTTPS. A name is left to the plain address, which leads there. */
export function httpsFact({ https }: { readonly https: Https | null }): Record<string, string> {
  return https === null || https.name !== null ? {} : { https: String(https.port) };
}

/** What its certificate says; nothing over plain HTTP. */
export function tlsFacts({ address }: Pick<Target, 'address'>, { https }: Pick<WebAnswer, 'https'>) {
  return https === null ? {} : certificateFacts(https.certificate, https.name ?? address, Date.now());
}

interface Place {
  readonly address: string;
  readonly port: number | null;
  readonly facts?: Readonly<Record<string, string>> | undefined;
}

/** Scheme and place for a link, `http://10.1.2.3:80`, as the last probe found them; null without a port. */
export function webAddress({ address, port, facts }: Place): string | null {
  const secured = /^\d{1,5}$/.test(facts?.https ?? '') ? Number(facts?.https) : null;
  const at = endpoint({ address, port: port === null ? null : (secured ?? port) });
  return at === null ? null : `${secured === null ? 'http' : 'https'}://${at}`;
}
