/** The built daemon as a process of its own, and its owner, who comes through the Unix socket or with a password over TCP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { PACKAGE_FILE } from '../plugin/config/paths.js';
import type { Job } from '../plugin/model/job.js';
import { openStore } from '../plugin/store/index.js';
import { setOwnerPassword } from '../plugin/web/auth/password.js';
import { BRIDGE_PATH } from '../plugin/web/cloudy.js';
import { nodeFlags } from './node-flags.js';

export const PASSWORD = 'four words in a row';
/** File of the database in a data folder. */
export const DATABASE = 'cloudy-services.sqlite';

/** How long an answer may take, ms: a panel that hangs is a failure, not a wait. */
const ANSWER_LIMIT_MS = 20_000;
/** Between two polls of a job. */
const POLL_MS = 100;

export interface DaemonOptions {
  /** For its data, its socket and its list of providers. */
  readonly folder: string;
  /** Keys of the configuration. */
  readonly config?: Readonly<Record<string, string>>;
  /** What starts it, such as `prlimit --nofile=64`. */
  readonly before?: readonly string[];
  /** Instead of the program in dist/, run by this Node. */
  readonly other?: { readonly node: string; readonly version: string; readonly program: string };
}

const OURS = {
  ...{ node: process.execPath, version: process.version },
  program: join(dirname(PACKAGE_FILE), 'dist', 'cli.mjs'),
};

export class Daemon {
  /** Of its TCP address, with a slash at its end. */
  readonly url: string;
  readonly pid: number;
  /** Its Unix socket. */
  readonly socket: string;
  /** Lines that it has written to its log. */
  readonly log: readonly string[];
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess, socket: string, log: readonly string[]) {
    this.url = url;
    this.pid = child.pid as number;
    this.socket = socket;
    this.log = log;
    this.#child = child;
  }

  /** Starts the program in dist/ as `npm start` does, on a port of its own. Resolves once it listens. */
  static async start({ folder, config = {}, before = [], other = OURS }: DaemonOptions): Promise<Daemon> {
    const { node, version, program } = other;
    const words = [...before, node, ...nodeFlags(version), program, 'serve', '--json'];
    const socket = join(folder, 'socket');
    const standard = { LISTEN: '127.0.0.1:0', DATA_DIR: folder, DEMO: 'off', AVAHI: 'off', SERF_RPC: '127.0.0.1:1' };
    const keys = Object.entries({ ...standard, SOCKET: socket, ...config });
    const env = Object.fromEntries(keys.map(([key, value]) => [`CLOUDY_SERVICES_${key}`, value]));
    const child = spawn(words[0] as string, words.slice(1), {
      env: { PATH: process.env.PATH, MALLOC_ARENA_MAX: '2', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    for await (const line of createInterface({ input: child.stdout }))
      return new Daemon((JSON.parse(line) as { url: string }).url, child, socket, log);
    throw new Error(`the daemon did not start: ${log.join('\n')}`);
  }

  /** null while it runs. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Ends it as systemd does. Resolves with the time that it took, ms; a daemon that does not end is killed after 10 s. */
  async close(): Promise<number> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    const began = performance.now();
    await this.#end('SIGTERM');
    clearTimeout(timer);
    return performance.now() - began;
  }

  /** As a power cut ends it. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }
}

/** Gives the panel of that data folder its owner's password, before it runs. */
export async function giveOwner(folder: string): Promise<void> {
  const store = openStore(join(folder, DATABASE));
  await setOwnerPassword(store.settings, PASSWORD);
  store.close();
}

/** What a person keeps between visits, also to a panel that was started again in the meantime. */
export class Owner {
  /** Where the panel is. */
  #way: RequestOptions = {};
  /** Before each path. */
  #base = '/';
  readonly #cookies = new Map<string, string>();
  readonly #headers: Record<string, string> = {};

  /** Through Cloudy's socket, over one connection that stays open: the owner gets in even when nobody else does. */
  static async bySocket({ socket }: Daemon): Promise<Owner> {
    const owner = new Owner();
    owner.#way = { socketPath: socket, agent: new Agent({ keepAlive: true, maxSockets: 1 }) };
    owner.#base = `${BRIDGE_PATH}/`;
    owner.#headers['x-cloudy-user'] = 'test';
    await owner.#session('GET', 'session');
    return owner;
  }

  /** With the password of `giveOwner`, unless the previous session is still open. */
  async visit({ url }: Daemon): Promise<{ readonly loggedIn: boolean }> {
    const { hostname, port, pathname } = new URL(url);
    this.#way = { hostname, port };
    this.#base = pathname;
    if ((await this.#session('GET', 'session')) === 'owner') return { loggedIn: false };
    const role = await this.#session('POST', 'login', { password: PASSWORD });
    if (role !== 'owner') throw new Error('the panel does not know its owner');
    return { loggedIn: true };
  }

  /** The JSON at a path of the panel. @throws Error for what is no 2xx, with the answer */
  async get<T>(path: string): Promise<T> {
    return (await this.#ask('GET', path)) as T;
  }

  /** What is at a path of the panel, a page for instance. @throws Error for what is no 2xx, with the answer */
  text(path: string): Promise<string> {
    return this.#text('GET', path);
  }

  /** @param what such as `services/proxy3`, or one of its providers */
  async scan(what: string): Promise<Job> {
    return ((await this.#ask('POST', `api/v1/${what}/scan`, {})) as { job: Job }).job;
  }

  job(id: string): Promise<Job> {
    return this.get(`api/v1/jobs/${id}`);
  }

  async cancel({ id }: Job): Promise<void> {
    await this.#ask('POST', `api/v1/jobs/${id}/cancel`, {});
  }

  /** The job once it has ended, asked for every `pollMs`. */
  async ended({ id }: Job, pollMs = POLL_MS): Promise<Job> {
    for (;;) {
      const job = await this.job(id);
      if (job.state !== 'running') return job;
      await delay(pollMs);
    }
  }

  async #session(method: string, what: string, body?: object): Promise<string | null> {
    const { role, token } = (await this.#ask(method, `api/v1/${what}`, body)) as { role: string | null; token: string };
    this.#headers['x-csrf-token'] = token;
    return role;
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    return JSON.parse(await this.#text(method, path, body));
  }

  async #text(method: string, path: string, body?: object): Promise<string> {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const call = request({
      ...this.#way,
      ...{ method, path: this.#base + path },
      headers: { ...this.#headers, cookie, ...(body && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    call.end(body && JSON.stringify(body));
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part;
    const { statusCode = 0, headers } = answer;
    if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text.slice(0, 300)}`);
    for (const cookie of headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(cookie) ?? [];
      this.#cookies.set(name, value);
    }
    return text;
  }
}
