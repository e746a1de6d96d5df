/** One small HTTP/1.1 question over a connection of its own: head and body capped and timed, no redirect ever followed. */
import { type ClientRequest, type IncomingMessage, request as openRequest } from 'node:http';
import type { Socket } from 'node:net';
import { endpoint } from '../lib/endpoint.js';
import { waitFor } from '../lib/wait.js';
import { answers, firstByteTime, type Metric, roundTripTime, widthOfPath } from '../model/metric.js';
import type { Sample } from '../model/sample.js';
import { toFailure } from './failure.js';
import { type Failed, isFailed, type ProbeContext, type Target } from './index.js';
import { roundTrip } from './port.js';
import { type Connection, connect } from './tcp.js';
import { elapsed } from './times.js';

/** Longest wait for the whole head, ms: a machine that needs seconds is slow, not dead; a probe as a whole has 8 s. */
const HEAD_LIMIT_MS = 6_000;
/** Longest wait for the body, ms. */
const BODY_LIMIT_MS = 3_000;
/** Most that is read of a head and of a body, bytes. */
const HEAD_CAP = 16 * 1024;
const BODY_CAP = 32 * 1024;

export interface HttpQuestion {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS';
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
  { socket }: Connection,
  question: HttpQuestion,
  context: ProbeContext,
): Promise<HttpAnswer | Failed> {
  const head = await readHead(socket, question, context);
  if (isFailed(head)) return head;
  const { response, firstByteMs } = head;
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers: headersIn(response.rawHeaders),
    firstByteMs,
    ...(await readBody(response, Math.min(question.bodyCap, BODY_CAP), context.signal)),
  };
}

/**
 * Names and values as they came, one after the other. A name may be any word, also one that every object has: so they are
 * never made an object's, which some versions of Node do and throw.
 */
function headersIn(raw: readonly string[]): Map<string, string> {
  const values = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = String(raw[at]).toLowerCase();
    const same = values.get(name);
    if (same) same.push(String(raw[at + 1]));
    else values.set(name, [String(raw[at + 1])]);
  }
  return new Map([...values].map(([name, all]) => [name, all.join(', ')]));
}

/** The path and the answer, as samples. */
export function httpTimes({ connectMs, firstByteMs }: Pick<HttpAnswer, 'firstByteMs'> & Pick<Connection, 'connectMs'>) {
  return [...roundTrip(connectMs), { metric: 'ttfb', value: firstByteMs, method: 'http' } satisfies Sample];
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

interface Head {
  readonly response: IncomingMessage;
  readonly firstByteMs: number;
}

function readHead(socket: Socket, question: HttpQuestion, { signal, times }: ProbeContext): Promise<Head | Failed> {
  return waitFor<Head | Failed>({
    signal,
    limitMs: question.limitMs ?? HEAD_LIMIT_MS,
    atLimit: () => ({ level: 2, reason: 'timeout' }),
    listen: (end) => {
      const request = requestOver(socket, question);
      const started = performance.now();
      let firstByteMs = 0;
      request.once('socket', () => {
        // Before the parser, which may find the whole head in the same piece.
        socket.prependOnceListener('data', () => {
          firstByteMs = elapsed(started, times);
        });
      });
      const onHead = (response: IncomingMessage) => {
        // Stays, like the one below: an error while closing must not crash the process.
        response.on('error', () => {});
        end(() => ({ response, firstByteMs }));
      };
      request.once('response', onHead);
      request.once('upgrade', (response, _, early) => {
        // A server changes to no protocol that it was not asked for (RFC 9110 §7.8).
        if (question.headers?.Upgrade === undefined) return end(() => ({ level: 2, reason: 'wrong-protocol' }));
        if (early.length > 0) socket.unshift(early);
        onHead(response);
      });
      // Nothing was asked that calls for an interim answer, and they may come without end.
      request.once('information', () => end(() => ({ level: 2, reason: 'wrong-protocol' })));
      request.on('error', (error: NodeJS.ErrnoException) => end(() => toHttpFailure(error)));
      request.end();
      return () => {};
    },
  });
}

function requestOver(socket: Socket, { method, path, host, headers }: HttpQuestion): ClientRequest {
  const peer = endpoint({ address: socket.remoteAddress ?? '', port: socket.remotePort ?? null });
  return openRequest({
    createConnection: () => socket,
    method,
    path,
    maxHeaderSize: HEAD_CAP,
    setHost: false,
    headers: {
      Host: host ?? peer ?? '',
      'User-Agent': 'cloudy-services',
      ...headers,
      // Last, because foolscap finds its `Upgrade` only where another header follows.
      Connection: headers?.Upgrade === undefined ? 'close' : 'Upgrade',
    },
  });
}

function readBody(
  response: IncomingMessage,
  cap: number,
  signal: AbortSignal,
): Promise<Pick<HttpAnswer, 'body' | 'whole'>> {
  const chunks: Buffer[] = [];
  let size = 0;
  const soFar = () => ({
    body: Buffer.concat(chunks).subarray(0, cap).toString(),
    whole: response.complete && size <= cap,
  });
  if (cap === 0 || response.statusCode === 101) return Promise.resolve(soFar());
  return waitFor({
    signal,
    limitMs: BODY_LIMIT_MS,
    atLimit: soFar,
    listen: (end) => {
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > cap) end(soFar);
      });
      response.once('close', () => end(soFar));
      return () => response.pause();
    },
  });
}

/** Errors of the parser (`HPE_…`) mean that the other side does not speak HTTP, or without end. */
function toHttpFailure(error: NodeJS.ErrnoException): Failed {
  if (error.code === 'HPE_HEADER_OVERFLOW') return { level: 2, reason: 'too-large' };
  return error.code?.startsWith('HPE_') ? { level: 2, reason: 'wrong-protocol' } : { ...toFailure(error), level: 2 };
}
