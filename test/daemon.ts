/** The built daemon as a process of its own: its owner, who comes through the Unix socket, and what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { PACKAGE_FILE } from '../plugin/paths.js';
import { BRIDGE_PATH } from '../plugin/web/bridge.js';

export interface DaemonOptions {
  /** For its data, its socket and its list of providers. */
  readonly folder: string;
  /** Keys of the configuration. */
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: Readonly<NodeJS.ProcessEnv>;
  /** What starts it, such as `prlimit --nofile=64`. */
  readonly before?: readonly string[];
}

interface Job {
  readonly id: string;
  readonly state: string;
  readonly done: number;
  readonly total: number;
  readonly error: { readonly code: string } | null;
}

export class Daemon {
  readonly pid: number;
  /** Lines that it has written to its log. */
  readonly log: readonly string[];
  readonly #child: ChildProcess;
  readonly #socket: string;
  /** Its only connection stays open: the owner gets in while nobody else does. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #headers: Record<string, string> = { 'x-cloudy-user': 'test' };

  /** @param url of its TCP address, with a slash at its end */
  private constructor(
    readonly url: string,
    child: ChildProcess,
    log: readonly string[],
    socket: string,
  ) {
    this.pid = child.pid as number;
    this.log = log;
    this.#child = child;
    this.#socket = socket;
  }

  /** Starts the program in dist/, as `npm start` does. */
  static async start({ folder, config = {}, env = {}, before = [] }: DaemonOptions): Promise<Daemon> {
    const { config: start } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { config: { node_flags: string } };
    const program = join(dirname(PACKAGE_FILE), 'dist', 'cli.mjs');
    const words = [...before, process.execPath, ...start.node_flags.split(' '), program, 'serve', '--json'];
    const socket = join(folder, 'socket');
    const standard = { LISTEN: '127.0.0.1:0', DATA_DIR: folder, DEMO: 'off', AVAHI: 'off', SERF_RPC: '127.0.0.1:1' };
    const keys = Object.entries({ ...standard, SOCKET: socket, ...config });
    const child = spawn(words[0] as string, words.slice(1), {
      env: {
        PATH: process.env.PATH,
        MALLOC_ARENA_MAX: '2',
        ...env,
        ...Object.fromEntries(keys.map(([key, value]) => [`CLOUDY_SERVICES_${key}`, value])),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    for await (const line of createInterface({ input: child.stdout })) {
      const daemon = new Daemon((JSON.parse(line) as { url: string }).url, child, log, socket);
      await daemon.#login();
      return daemon;
    }
    throw new Error(`the daemon did not start: ${log.join('\n')}`);
  }

  /** What the owner is answered under `api/v1/`. @throws Error for what is no 2xx, with the answer */
  async api<T>(path: string, body?: object): Promise<T> {
    const { status, text } = await this.#send(`/api/v1/${path}`, body);
    if (status >= 300) throw new Error(`${path} answers ${status} ${text}`);
    return JSON.parse(text) as T;
  }

  async scan(type: string): Promise<Job> {
    return (await this.api<{ job: Job }>(`services/${type}/scan`, {})).job;
  }

  /** The job once it has ended. */
  async ended({ id }: Job): Promise<Job> {
    for (;;) {
      const job = await this.api<Job>(`jobs/${id}`);
      if (job.state !== 'running') return job;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ends it as systemd does. Resolves with the time that it took, ms; a daemon that does not end is killed after 10 s. */
  async close(): Promise<number> {
    this.#agent.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return 0;
    const ended = once(this.#child, 'exit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    const began = performance.now();
    this.#child.kill('SIGTERM');
    await ended;
    clearTimeout(timer);
    return performance.now() - began;
  }

  /** null while it runs. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  async #login(): Promise<void> {
    const { text, headers } = await this.#send('/api/v1/session');
    const cookie = headers['set-cookie']?.map((one) => one.split(';')[0]).join('; ') ?? '';
    const { token } = JSON.parse(text) as { token: string };
    this.#headers = { ...this.#headers, cookie, 'x-csrf-token': token };
  }

  async #send(path: string, body?: object): Promise<{ status: number; text: string; headers: IncomingHttpHeaders }> {
    const call = request({
      socketPath: this.#socket,
      path: BRIDGE_PATH + path,
      method: body ? 'POST' : 'GET',
      agent: this.#agent,
      headers: { ...this.#headers, ...(body && { 'content-type': 'application/json' }) },
    });
    call.end(body && JSON.stringify(body));
    const [answer] = await once(call, 'response');
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part;
    return { status: answer.statusCode, text, headers: answer.headers };
  }
}
