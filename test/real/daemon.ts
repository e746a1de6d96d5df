/** The built panel as a process of its own, and its owner at it over real HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PACKAGE_FILE } from '../../plugin/paths.js';
import { openStore } from '../../plugin/store/index.js';
import { setOwnerPassword } from '../../plugin/web/password.js';

const PASSWORD = 'four words in a row';
/** File of the database in a data folder. */
export const DATABASE = 'cloudy-services.sqlite';

/** Longest that one answer may take, ms: a panel that hangs is a failure, not a wait. */
const ANSWER_LIMIT_MS = 20_000;

/** Gives the panel of that data folder its owner, before it runs. */
export async function giveOwner(folder: string): Promise<void> {
  const store = openStore(join(folder, DATABASE));
  await setOwnerPassword(store.settings, PASSWORD);
  store.close();
}

export class Daemon {
  readonly url: string;
  readonly child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.child = child;
  }

  /**
   * Starts the program as `npm start` does, on a port of its own. Resolves once it listens.
   * @param config by the keys of the configuration
   */
  static async start(program: string, folder: string, config: Readonly<Record<string, string>>): Promise<Daemon> {
    const { config: packaged } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { config: { node_flags: string } };
    const settings = Object.entries({ LISTEN: '127.0.0.1:0', DATA_DIR: folder, AVAHI: 'off', ...config });
    const env = Object.fromEntries(settings.map(([key, value]) => [`CLOUDY_SERVICES_${key}`, value]));
    const child = spawn(process.execPath, [...packaged.node_flags.split(' '), program, 'serve', '--json'], {
      // As in the scripts of package.json.
      env: { PATH: process.env.PATH, MALLOC_ARENA_MAX: '2', ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    child.once('exit', () => process.off('exit', end));
    for await (const line of createInterface({ input: child.stdout }))
      return new Daemon((JSON.parse(line) as { url: string }).url, child);
    throw new Error('the panel ended before it listened');
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}

/** What a person keeps between visits, also to a panel that was started again in the meantime. */
export class Owner {
  #url = '';
  #cookie = '';
  #token = '';

  /** Goes to the panel; logs in unless the session that there was is still open. */
  async visit(url: string): Promise<{ readonly loggedIn: boolean }> {
    this.#url = url;
    if ((await this.#session('GET', 'session')).role === 'owner') return { loggedIn: false };
    const { role } = await this.#session('POST', 'login', { password: PASSWORD });
    if (role !== 'owner') throw new Error('the panel does not know its owner');
    return { loggedIn: true };
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#ask('GET', path)) as T;
  }

  async post<T>(path: string, body: object = {}): Promise<T> {
    return (await this.#ask('POST', path, body)) as T;
  }

  async #session(method: string, what: string, body?: object): Promise<{ readonly role: string | null }> {
    const { role, token } = (await this.#ask(method, `api/v1/${what}`, body)) as { role: string; token: string };
    this.#token = token;
    return { role };
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { cookie: this.#cookie, 'x-csrf-token': this.#token, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      ...(body && { body: JSON.stringify(body) }),
    });
    for (const one of answer.headers.getSetCookie()) this.#cookie = one.split(';')[0] ?? '';
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }
}
