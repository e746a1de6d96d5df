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
  /** `test`: the owner tries whether alerts arrive; `worse`: it works, and is much slower than usual. */
  readonly event: 'failing' | 'back' | 'worse' | 'test';
  /** One sentence in the node's language. */
  readonly text: string;
  readonly service: string;
  /** Wire word; empty in a test, which is about none. */
  readonly type: string;
  /** Whether it is this node's own service. */
  readonly own: boolean;
  /** Why a probe failed, or the state of an own unit; null when it is back or worse. */
  readonly reason: Reason | 'failed' | 'stopped' | null;
  /** Failed checks in a row. */
  readonly misses: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** null for an own service that is no longer announced. */
  readonly provider: Pick<Provider, 'id' | 'node' | 'address' | 'port'> | null;
}

interface PostOptions {
  readonly url: string;
  readonly kind: Config['notifyKind'];
  /** Before the only retry, ms. */
  readonly pauseMs?: number;
}

const LIMIT_MS = 5_000;
const PAUSE_MS = 30_000;
/** Alerts in flight; while a server hangs, further ones are dropped. */
const MAX_IN_FLIGHT = 20;

export class Post {
  readonly #options: PostOptions;
  readonly #stop = new AbortController();
  readonly #sending = new Set<Promise<void>>();

  constructor(options: PostOptions) {
    this.#options = options;
  }

  /** Returns at once. A failure is retried once, then logged without the secret part of the address. */
  send(alert: Alert): void {
    if (this.#sending.size >= MAX_IN_FLIGHT) return;
    const sending = this.#sendWithRetry(alert)
      .catch((error: Error) => log.warning(`The alert could not be sent: ${error.message}.`))
      .finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** Tries once. @returns null on success, else why not */
  test(alert: Alert): Promise<string | null> {
    return this.#sendOnce(alert);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.idle();
  }

  /** Resolves once nothing is in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #sendWithRetry(alert: Alert): Promise<void> {
    const { signal } = this.#stop;
    const first = await this.#sendOnce(alert);
    if (first === null || signal.aborted) return;
    await pauseFor(this.#options.pauseMs ?? PAUSE_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const second = await this.#sendOnce(alert);
    const server = new URL(this.#options.url).host;
    if (second !== null && !signal.aborted) log.warning(`The alert could not be sent to ${server}: ${second}.`);
  }

  /** @returns null on success, else why not */
  #sendOnce(alert: Alert): Promise<string | null> {
    const { url, body } =
      this.#options.kind === 'ntfy' ? ntfyRequest(this.#options.url, alert) : webhookRequest(this.#options.url, alert);
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMIT_MS)]);
    const send = url.protocol === 'https:' ? encrypted : plain;
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    return new Promise((resolve) => {
      const sent = send(url, { method: 'POST', headers, signal, agent: false }, (answer) => {
        const { statusCode = 0 } = answer;
        // The body is not read, and a redirect is not followed.
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

function webhookRequest(url: string, alert: Alert) {
  return { url: new URL(url), body: JSON.stringify(alert) };
}

/** ntfy takes JSON at its root only, with the topic inside (https://docs.ntfy.sh/publish/#publish-as-json). */
function ntfyRequest(address: string, { text, service, event }: Alert) {
  const url = new URL(address);
  const parts = url.pathname.replace(/\/+$/, '').split('/');
  const topic = decodeURIComponent(parts.pop() ?? '');
  url.pathname = `${parts.join('/')}/`;
  const tags = event === 'test' ? [] : [event === 'failing' ? 'warning' : 'white_check_mark'];
  return { url, body: JSON.stringify({ topic, title: service, message: text, tags }) };
}
