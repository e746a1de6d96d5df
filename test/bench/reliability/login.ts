/** Sixty strangers who guess the password all the time: how long the owner takes to log in meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Daemon, giveOwner, PASSWORD } from '../../daemon.js';
import { atMost, type Mark } from '../marks.js';

const STRANGERS = 60;
/** Between two tries of a stranger, ms. */
const EVERY_MS = 150;
/** How long they have been at it when the owner comes, ms: all tries that cost nothing are used up. */
const BEFORE_MS = 20_000;
/** The owner gives up then, ms. */
const LIMIT_MS = 60_000;
const MARK_S = 10;

export async function login(): Promise<readonly Mark[]> {
  const name = `the owner's login while ${STRANGERS} strangers try every ${EVERY_MS} ms`;
  return [
    ...(await stormed(
      (nth) => `127.82.0.${nth + 1}`,
      async (url) => {
        const known = new Browser(url, '127.82.1.1');
        await known.logIn(PASSWORD);
        return [
          // The new one first: whoever gets in may open the way for those after.
          [`${name}: from a new browser, at an address of its own`, new Browser(url, '127.82.1.2')],
          [`${name}: from one that has logged in before, elsewhere`, known.movedTo('127.82.1.3')],
        ];
      },
    )),
    ...(await stormed(
      () => '127.82.2.1',
      async (url) => {
        const known = new Browser(url, '127.82.2.1');
        await known.logIn(PASSWORD);
        return [[`${name}: the same, where a proxy gives all one address`, known]];
      },
    )),
  ];
}

/** A daemon, the browsers that are got ready, and then the strangers. */
async function stormed(
  addressOf: (stranger: number) => string,
  owners: (url: string) => Promise<readonly (readonly [name: string, owner: Browser])[]>,
): Promise<Mark[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  await giveOwner(folder);
  const daemon = await Daemon.start({ folder, config: { LISTEN: '0.0.0.0:0' } });
  const url = daemon.url.replace('0.0.0.0', '127.0.0.1');
  const over = new AbortController();
  try {
    const ready = await owners(url);
    const strangers = Array.from({ length: STRANGERS }, (_, nth) =>
      guess(new Browser(url, addressOf(nth)), over.signal),
    );
    await wait(BEFORE_MS);
    const marks: Mark[] = [];
    for (const [name, owner] of ready) marks.push(atMost(name, await secondsOf(owner), 's', MARK_S));
    over.abort();
    await Promise.all(strangers);
    return marks;
  } finally {
    over.abort();
    await daemon.close();
    rmSync(folder, { recursive: true });
  }
}

async function guess(stranger: Browser, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { status } = await stranger.logIn('wrong');
    if (status === 200) throw new Error('a stranger has got in');
    await wait(EVERY_MS);
  }
  stranger.close();
}

/** Until the owner is in, trying again as soon as the panel says that it may. */
async function secondsOf(owner: Browser): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < LIMIT_MS) {
    const { status, retryAfterMs } = await owner.logIn(PASSWORD);
    if (status === 200) {
      owner.close();
      return (performance.now() - began) / 1_000;
    }
    await wait(retryAfterMs);
  }
  return LIMIT_MS / 1_000;
}

/** Keeps cookies and its connection, and has an address of its own. */
class Browser {
  readonly #url: string;
  readonly #agent: Agent;
  readonly #cookies = new Map<string, string>();
  #token = '';

  constructor(url: string, localAddress: string) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress });
  }

  async logIn(password: string): Promise<{ readonly status: number; readonly retryAfterMs: number }> {
    if (this.#token === '') await this.#ask('GET', 'session');
    const { status, retryAfter, token } = await this.#ask('POST', 'login', { password });
    this.#token = token ?? this.#token;
    return { status, retryAfterMs: 1_000 * retryAfter };
  }

  /** The same with another address, as a laptop that was carried home. */
  movedTo(localAddress: string): Browser {
    const moved = new Browser(this.#url, localAddress);
    for (const [name, value] of this.#cookies) moved.#cookies.set(name, value);
    this.close();
    return moved;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(method: string, what: string, body?: object) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const headers = { cookie, 'x-csrf-token': this.#token, 'content-type': 'application/json' };
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${this.#url}api/v1/${what}`, { method, headers, agent: this.#agent })
        .on('response', resolve)
        .on('error', reject)
        .end(body && JSON.stringify(body));
    });
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part;
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    const { token } = JSON.parse(text) as { readonly token?: string };
    if (method === 'GET') this.#token = token ?? '';
    return { status: answer.statusCode ?? 0, retryAfter: Number(answer.headers['retry-after'] ?? 1), token };
  }
}
