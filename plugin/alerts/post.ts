/** Sends one alert: a JSON body by POST to a webhook or to an ntfy server. */
import { request as plain } from 'node:http';
import { request as encrypted } from 'node:https';
import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Config } from '../config/index.js';
import { log } from '../lib/log.js';
import type { Reason } from '../model/level.js';
import type { Provider } from '../model/provider.js';

/** The body that a webhook gets. */
export interface Alert {
  readonly event: 'failing' | 'back';
  /** One sentence in the node's language. */
  readonly text: string;
  readonly service: string;
  /** Wire word. */
  readonly type: string;
  /** An own service of this node. */
  readonly own: boolean;
  /** Why a probe failed, or the state of an own unit; null when it is back. */
  readonly reason: Reason | 'failed' | 'stopped' | null;
  /** Looks in a row that failed. */
  readonly misses: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** null for an own service that is not announced any more. */
  readonly provider: Pick<Provider, 'id' | 'node' | 'address' | 'port'> | null;
}

interface PostOptions {
  readonly url: string;
  readonly kind: Config['notifyKind'];
  /** Before the one time that it is tried again, ms. */
  readonly pauseMs?: number;
}

const LIMIT_MS = 5_000;
const PAUSE_MS = 30_000;
/** Alerts on their way; a server that hangs does not gather more, and those are lost. */
const MOST = 20;

export class Post {
  readonly #options: PostOptions;
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();

  constructor(options: PostOptions) {
    this.#options = options;
  }

  /** Returns at once. What cannot be sent is tried once more, then said in the log, without the address's secret part. */
  send(alert: Alert): void {
    if (this.#sending.size >= MOST) return;
    const sending = this.#patiently(alert)
      .catch((error: Error) => log.warning(`The alert could not be sent: ${error.message}.`))
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.idle();
  }

  /** Resolves once nothing is on its way. */
  async idle(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #patiently(alert: Alert): Promise<void> {
    const { signal } = this.#stop;
    const first = await this.#once(alert);
    if (first === null || signal.aborted) return;
    await pauseFor(this.#options.pauseMs ?? PAUSE_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const second = await this.#once(alert);
    const server = new URL(this.#options.url).host;
    if (second !== null && !signal.aborted) log.warning(`The alert could not be sent to ${server}: ${second}.`);
  }

  /** null where it was taken, else why not. */
  #once(alert: Alert): Promise<string | null> {
    const { url, body } =
      this.#options.kind === 'ntfy' ? forNtfy(this.#options.url, alert) : plainly(this.#options.url, alert);
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMIT_MS)]);
    const send = url.protocol === 'https:' ? encrypted : plain;
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve) => {
      const sent = send(url, { method: 'POST', headers, signal, agent: false }, (answer) => {
        const { statusCode = 0 } = answer;
        // Whatever it says is not read: a redirect is not followed.
        answer.destroy();
        resolve(statusCode >= 200 && statusCode < 300 ? null : `it answered ${statusCode}`);
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        resolve(signal.aborted ? `nothing within ${LIMIT_MS / 1000} s` : (error.code ?? 'no connection'));
      });
      sent.end(body);
    });
  }
}

function plainly(url: string, alert: Alert) {
  return { url: new URL(url), body: JSON.stringify(alert) };
}

/** ntfy takes JSON at its root only, with the topic inside (https://docs.ntfy.sh/publish/#publish-as-json). */
function forNtfy(address: string, { text, service, event }: Alert) {
  const url = new URL(address);
  const parts = url.pathname.replace(/\/+$/, '').split('/');
  const topic = decodeURIComponent(parts.pop() ?? '');
  url.pathname = `${parts.join('/')}/`;
  const tags = [event === 'failing' ? 'warning' : 'white_check_mark'];
  return { url, body: JSON.stringify({ topic, title: service, message: text, tags }) };
}
