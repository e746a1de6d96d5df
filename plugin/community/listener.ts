/** Where neighbours' panels ask for this node's document: one address, one answer, and nothing else of the panel. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { canonicalAddress, joinHostPort } from '../lib/address.js';
import { log } from '../lib/log.js';
import { HOUR_MS } from '../lib/time.js';
import { hostGroup } from '../scan/group.js';

export const PATH = '/api/v1/opinions';
/** Who asks with it has news. */
export const NEWS_HEADER = 'Cloudy-Services-News';

/** A question is a few hundred bytes at once. All ms. */
const LIMITS = { headersTimeout: 3_000, requestTimeout: 3_000, connectionsCheckingInterval: 1_000 };
const SILENCE_MS = 5_000;
const MAX_HEADER_BYTES = 4_096;
const MAX_CONNECTIONS = 32;
/** Answers to one host in an hour, and hosts that are counted; the oldest are forgotten. */
const MAX_PER_HOUR = 6;
const MAX_HOSTS = 1_000;
const FRESH_S = 600;

interface ListenerOptions {
  /** The document as it is now. */
  readonly document: () => Promise<string>;
  /** Whether this address is of the community. */
  readonly isWelcome: (address: string) => boolean;
  /** The host at this address says that there is news. */
  readonly onNews?: (address: string) => void;
  /** ms, by a clock that nobody sets. */
  readonly steady?: () => number;
}

export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #counts = new Map<string, { readonly since: number; count: number }>();
  /** The last answer, packed: it is the same for a while. */
  #packed = { text: '', bytes: Buffer.alloc(0) };

  /** Resolves once it listens. @throws the system's error where it cannot */
  static async open(at: { readonly host: string; readonly port: number }, options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await once(listener.#server.listen(at.port, at.host), 'listening');
    listener.#server.on('error', log.error);
    return listener;
  }

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const limits = { ...LIMITS, maxHeaderSize: MAX_HEADER_BYTES, keepAlive: false };
    this.#server = createServer(limits, (request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.setTimeout(SILENCE_MS);
    this.#server.on('clientError', (_, socket) => socket.destroy());
    this.#server.on('connection', (socket) => {
      if (!this.#isWelcome(socket.remoteAddress)) socket.destroy();
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `HOST:PORT`. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return joinHostPort(address, port);
  }

  /** Ends the answers that are under way, too. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    return closed;
  }

  #isWelcome(remote = ''): boolean {
    const address = canonicalAddress(remote);
    return address !== null && this.#options.isWelcome(address);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whatever else it sends is not read.
    response.setHeader('Connection', 'close');
    response.sendDate = false;
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (request.method !== 'GET' || request.url !== PATH) return end(response, 404);
    const address = canonicalAddress(request.socket.remoteAddress ?? '') ?? '';
    const wait = this.#wait(address);
    if (wait > 0) return end(response, 429, { 'Retry-After': wait });
    try {
      const document = await this.#options.document();
      const headers = { 'Content-Type': 'application/json', 'Cache-Control': `max-age=${FRESH_S}` };
      if (takesGzip(request)) end(response, 200, { ...headers, 'Content-Encoding': 'gzip' }, this.#pack(document));
      else end(response, 200, headers, document);
      if (request.headers[NEWS_HEADER.toLowerCase()] === '1') this.#options.onNews?.(address);
    } catch (error) {
      log.error(error);
      end(response, 503);
    }
  }

  #pack(text: string): Buffer {
    if (this.#packed.text !== text) this.#packed = { text, bytes: gzipSync(text) };
    return this.#packed.bytes;
  }

  /** Counts a question of the host. @returns how long it has to wait for its answer, s */
  #wait(address: string): number {
    const host = hostGroup(address);
    const now = (this.#options.steady ?? performance.now.bind(performance))();
    const known = this.#counts.get(host);
    const current = known && now - known.since < HOUR_MS ? known : { since: now, count: 0 };
    if (current.count >= MAX_PER_HOUR) return Math.ceil((current.since + HOUR_MS - now) / 1_000);
    current.count += 1;
    if (current === known) return 0;
    this.#counts.delete(host);
    this.#counts.set(host, current);
    for (const oldest of this.#counts.keys()) if (this.#counts.size > MAX_HOSTS) this.#counts.delete(oldest);
    return 0;
  }
}

const takesGzip = ({ headers }: IncomingMessage) => /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));

function end(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | number>> = {},
  body: string | Buffer = '',
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
}
