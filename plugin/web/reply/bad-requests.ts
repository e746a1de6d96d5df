/** Requests that Node's HTTP parser refuses before any route: they get the same headers and the same error shape. */
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PERSONAL, SECURITY_HEADERS } from './headers.js';

interface Unreadable {
  readonly status: number;
  readonly message: string;
  readonly hint: string;
}

/** By the parser's error code: https://nodejs.org/api/http.html#event-clienterror */
const KNOWN: ReadonlyMap<unknown, Unreadable> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, message: 'The request took too long.', hint: 'Send it again, whole.' }],
  [
    'HPE_HEADER_OVERFLOW',
    { status: 431, message: 'The address and headers are too long.', hint: 'Shorten it, or delete the cookies.' },
  ],
]);
const UNKNOWN: Unreadable = { status: 400, message: 'This is no HTTP request.', hint: 'Send it as HTTP/1.1.' };

/** For the server's `clientError`: answers where that is still possible, and ends the connection. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { status, message, hint } = KNOWN.get(error.code) ?? UNKNOWN;
  const body = JSON.stringify({ error: { code: 'bad-request', message, hint } });
  const headers = {
    ...SECURITY_HEADERS,
    ...PERSONAL,
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
  socket.destroy(error);
}

/** An unknown expectation may be ignored (RFC 9110 §10.1.1): the request gets its usual answer. */
export function passOverExpectations(server: Server): void {
  server.on('checkExpectation', (request, reply) => server.emit('request', request, reply));
}
