/** Requests that end in Node's HTTP parser, before any route: answered as the panel answers everything else. */
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PERSONAL, SECURITY_HEADERS } from './headers.js';

interface Unreadable {
  readonly status: number;
  readonly message: string;
  readonly hint: string;
}

/** The parser's own words for what a client may do about it: https://nodejs.org/api/http.html#event-clienterror */
const KNOWN: ReadonlyMap<unknown, Unreadable> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', { status: 408, message: 'The request took too long.', hint: 'Send it again, whole.' }],
  [
    'HPE_HEADER_OVERFLOW',
    { status: 431, message: 'The address and headers are too long.', hint: 'Shorten it, or delete the cookies.' },
  ],
]);
const UNKNOWN: Unreadable = { status: 400, message: 'This is no HTTP request.', hint: 'Send it as HTTP/1.1.' };

/** For the server's `clientError`: an answer where one can still be sent, and the end of the connection. */
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

/** An expectation that nobody here knows may be passed over (RFC 9110 §10.1.1): the request has its usual answer. */
export function passOverExpectations(server: Server): void {
  server.on('checkExpectation', (request, reply) => server.emit('request', request, reply));
}
