/** A panel's visitors: people who read and keep a page open, and clients that are slow on purpose. */
import { spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { type Agent, type IncomingMessage, Agent as KeepingAgent, request } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { PACKAGE_FILE } from '../plugin/config/paths.js';

export interface Read {
  readonly url: string;
  readonly status: number;
  /** From the request to the last byte, ms. */
  readonly ms: number;
  readonly text: string;
}

const SLOW = join(dirname(PACKAGE_FILE), 'test', 'fixtures', 'slow-clients.py');

/** How long a visitor waits for a page, ms. */
const LIMIT_MS = 30_000;

/** Gets an address as a browser does: compressed, over a kept-alive connection. */
export function read(url: string, agent: Agent, headers: Readonly<Record<string, string>> = {}): Promise<Read> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const onResponse = async (answer: IncomingMessage) => {
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part as Buffer);
      const ms = performance.now() - began;
      const bytes = Buffer.concat(parts);
      const text = (answer.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      resolve({ url, status: answer.statusCode ?? 0, ms, text });
    };
    const call = request(url, { agent, timeout: LIMIT_MS, headers: { 'accept-encoding': 'gzip', ...headers } });
    call.once('response', (answer) => onResponse(answer).catch(reject));
    call.once('timeout', () => call.destroy(new Error(`${url}: no answer within ${LIMIT_MS} ms`)));
    call.once('error', reject);
    call.end();
  });
}

export interface ReaderOptions {
  /** The pages that readers visit in turn, each reader starting at a different one. */
  readonly pages: readonly string[];
  /** How long they stay on each, ms; an open page polls as often as it says. */
  readonly stay: number;
}

/** A person with a phone: a page, a pause, the next. Ends with the signal; adds every answer to `answers`. */
export async function reader(nth: number, { pages, stay }: ReaderOptions, signal: AbortSignal, answers: Read[]) {
  const agent = new KeepingAgent({ keepAlive: true, maxSockets: 2 });
  // All readers share it.
  setMaxListeners(0, signal);
  try {
    // People do not all come at the same moment.
    await delay(Math.random() * stay, undefined, { signal });
    for (let at = nth; !signal.aborted; at++) {
      const url = pages[at % pages.length] as string;
      const page = await read(url, agent);
      answers.push(page);
      const follow = /hx-get="([^"]+)" hx-trigger="every 1s"/.exec(page.text)?.[1];
      const until = performance.now() + stay * (0.75 + Math.random() / 2);
      while (performance.now() < until) {
        await delay(Math.max(0, Math.min(1_000, until - performance.now())), undefined, { signal });
        if (!follow || performance.now() >= until) continue;
        const part = new URL(follow.replaceAll('&amp;', '&'), url).href;
        answers.push(await read(part, agent, { 'hx-request': 'true' }));
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    agent.destroy();
  }
}

/** What is wrong with answers: a status that is no success, or a page that does not come to its end. */
export function broken(answers: readonly Read[]): Read[] {
  const isWhole = ({ status, text }: Read) =>
    status === 204 || (status === 200 && (/<\/html>\s*$/.test(text) || /^[[{].*[\]}]\s*$/s.test(text) || isPart(text)));
  return answers.filter((answer) => !isWhole(answer));
}

const isPart = (text: string) => text.startsWith('<section') && text.includes('id="cs-pulse"');

export interface SlowClients {
  /** Connections that the panel has not ended yet. */
  readonly open: number;
  close(): void;
}

/**
 * Clients in a process of their own: `senders` send a request of the address at one byte a second, `readers` ask for it and
 * read the answer at one byte a second. Resolves once all are connected.
 */
export async function slowClients(url: string, senders: number, readers: number): Promise<SlowClients> {
  const { hostname, port, pathname, search } = new URL(url);
  const words = [hostname, port, pathname + search, senders, readers].map(String);
  const child = spawn('python3', [SLOW, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const clients = { open: 0, close: () => void child.kill() };
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    clients.open = Number(line);
  });
  await once(lines, 'line');
  return clients;
}
