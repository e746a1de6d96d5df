/** One small HTTP/1.1 question over a connection of its own: head and body capped and timed, no redirect ever followed. */
import type { Duplex } from 'node:stream';
import { waitFor } from '../lib/wait.js';
import { answers, firstByteTime, type Metric, roundTripTime, widthOfPath } from '../model/metric.js';
import type { Sample } from '../model/sample.js';
import { toFailure } from './failure.js';
import { BodyReader, type Head, HeadReader } from './http-answer.js';
import { type Failed, isFailed, type ProbeContext, type Target } from './index.js';
import { roundTrip } from './port.js';
import { type Connection, connect } from './tcp.js';
import { elapsed } from './times.js';

/** Longest wait for the whole head, ms: a machine that needs seconds is slow, not dead; a probe as a whole has 8 s. */
const HEAD_LIMIT_MS = 6_000;
/** Longest wait for the body, ms. */
const BODY_LIMIT_MS = 3_000;
/** Most that is read of a body, bytes. */
const BODY_CAP = 32 * 1024;

export interface HttpQuestion {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'PROPFIND';
  /** `/path?query`, or a whole URL for a proxy. */
  readonly path: string;
  /** The provider's address and port when left out. */
  readonly host?: string;
  /** Further headers. With `Upgrade`, the connection is asked to change its protocol instead of being closed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes of the body to read, at most 32 KiB; 0 when the head is enough. */
  readonly bodyCap: number;
  /** Longest wait for the connection, and then for the head, ms. */
  readonly limitMs?: number;
}

/** The answer: strangers' text throughout. */
export interface HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; what came several times is joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** As much as came within the caps. */
  readonly body: string;
  /** Whether the body is complete. */
  readonly whole: boolean;
  /** From the request to the first byte of the answer, ms. */
  readonly firstByteMs: number;
}

/** Connects, asks, closes. */
export async function httpOnce(
  target: Target,
  question: HttpQuestion,
  context: ProbeContext,
): Promise<(HttpAnswer & Pick<Connection, 'connectMs'>) | Failed> {
  const connection = await connect(target, context, question.limitMs);
  if (isFailed(connection)) return connection;
  try {
    const answer = await httpAsk(connection, question, context);
    return isFailed(answer) ? answer : { ...answer, connectMs: connection.connectMs };
  } finally {
    connection.close();
  }
}

/**
 * Asks over an open connection, which the caller closes: it can be asked nothing more, unless it has changed its
 * protocol (status 101). Every failure is of level 2.
 */
export async function httpAsk(
  { socket, host }: Pick<Connection, 'host'> & { readonly socket: Duplex },
  question: HttpQuestion,
  context: ProbeContext,
): Promise<HttpAnswer | Failed> {
  const started = performance.now();
  socket.write(requestText(question, host));
  const { signal } = context;
  const head = await readHead(socket, question, started, context);
  if (isFailed(head)) return head;
  const { rest, ...answer } = head;
  const isBodiless = question.method === 'HEAD' || [101, 204, 304].includes(head.status);
  const cap = isBodiless ? 0 : Math.min(question.bodyCap, BODY_CAP);
  const body = cap === 0 ? { body: '', whole: isBodiless } : await readBody(socket, { ...answer, rest }, cap, signal);
  if (head.status === 101 && rest.length > 0) socket.unshift(rest);
  return { ...answer, ...body };
}

/** The path and the answer, as samples. */
export function httpTimes({ connectMs, firstByteMs }: Pick<HttpAnswer, 'firstByteMs'> & Pick<Connection, 'connectMs'>) {
  return [...roundTrip(connectMs), { metric: 'ttfb', value: firstByteMs, method: 'http' } satisfies Sample];
}

/** The object of JSON that the body is; an empty one where it is none. */
export function readJson({ body }: Pick<HttpAnswer, 'body'>): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** What asking for a head costs at most, headers of IP included: a connection, a small question, a head. */
export const HEAD_COST = { packets: 10, bytes: 1_500 } as const;

/**
 * What pages are judged by that a person clicks through. The usual anchors (plugin/score/README.md) mark every
 * neighbour in a mesh as excellent: there a round trip takes 3 to 40 ms and a first byte 20 to 500. So these are open
 * downwards, and most of the weight is on the width of the path, which is most of a page's time. `npm run bench:choosing`
 * compares: by the tables' anchors and without width, choices were half as good as by knowing the present.
 */
export const pageMetrics = (firstByte = { useless: 3_000, excellent: 30 }): Metric[] => [
  ...[widthOfPath({ weight: 0.4, useless: 30, excellent: 0.1 }), answers(0.3)],
  ...[firstByteTime({ weight: 0.2, ...firstByte }), roundTripTime({ weight: 0.1, useless: 200, excellent: 2 })],
];

/** The failure of an answer without a sign of the service: some other web server, or a broken one. */
export function otherWeb({ status }: HttpAnswer): Failed {
  return { level: 2, reason: status >= 500 ? 'broken' : 'wrong-protocol', detail: `HTTP ${status}` };
}

type ReadHead = Head & { readonly rest: Buffer; readonly firstByteMs: number };

/** @param started when the question was sent, `performance.now()` */
function readHead(
  socket: Duplex,
  { headers, limitMs }: HttpQuestion,
  started: number,
  { signal, times }: ProbeContext,
): Promise<ReadHead | Failed> {
  const reader = new HeadReader(headers?.Upgrade !== undefined);
  let firstByteMs: number | null = null;
  return waitFor<ReadHead | Failed>({
    signal,
    limitMs: limitMs ?? HEAD_LIMIT_MS,
    atLimit: () => reader.tooLate(),
    listen: (end) =>
      listenTo(socket, {
        onData: (chunk) => {
          firstByteMs ??= elapsed(started, times);
          const read = reader.read(chunk);
          if (read) end(() => (isFailed(read) ? read : { ...read, firstByteMs: firstByteMs ?? 0 }));
        },
        onEnd: (error) =>
          end(() => {
            const head = reader.end();
            if (head) return { ...head, rest: Buffer.alloc(0), firstByteMs: firstByteMs ?? 0 };
            return error ? toHttpFailure(error) : { level: 2, reason: 'closed' };
          }),
      }),
  });
}

function readBody(socket: Duplex, head: Head & { readonly rest: Buffer }, cap: number, signal: AbortSignal) {
  const reader = new BodyReader(head, cap);
  if (reader.read(head.rest)) return reader.result();
  return waitFor({
    signal,
    limitMs: BODY_LIMIT_MS,
    atLimit: () => reader.result(),
    listen: (end) =>
      listenTo(socket, {
        onData: (chunk) => reader.read(chunk) && end(() => reader.result()),
        onEnd: (error) =>
          end(() => {
            if (!error) reader.end();
            return reader.result();
          }),
      }),
  });
}

interface Listener {
  onData(chunk: Buffer): void;
  /** No more will come; with an error where there was one. */
  onEnd(error: NodeJS.ErrnoException | null): void;
}

/** @returns a function that stops listening, and leaves what comes next in the socket */
function listenTo(socket: Duplex, { onData, onEnd }: Listener): () => void {
  const onClose = () => onEnd(null);
  socket.on('data', onData).once('end', onClose).once('close', onClose).once('error', onEnd).resume();
  // It may be over already.
  if (socket.destroyed || socket.readableEnded) onClose();
  return () => socket.pause().off('data', onData).off('end', onClose).off('close', onClose).off('error', onEnd);
}

/** Our own words and checked addresses only; anything else would be a mistake of ours. */
function requestText({ method, path, host, headers }: HttpQuestion, peer: string): string {
  const lines = Object.entries({
    Host: host ?? peer,
    'User-Agent': 'cloudy-services',
    ...headers,
    // Last, because foolscap finds its `Upgrade` only where another header follows.
    Connection: headers?.Upgrade === undefined ? 'close' : 'Upgrade',
  }).map(([name, value]) => `${name}: ${value}`);
  const request = [`${method} ${path} HTTP/1.1`, ...lines];
  if (request.some((line) => /[^\x20-\x7e]/.test(line)) || /\s/.test(path))
    throw new Error('a request with odd characters');
  return `${request.join('\r\n')}\r\n\r\n`;
}

/** Errors of TLS below it mean that the other side has ended that. */
function toHttpFailure(error: NodeJS.ErrnoException): Failed {
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(error.code ?? '')
    ? { level: 2, reason: 'closed' }
    : { ...toFailure(error), level: 2 };
}
