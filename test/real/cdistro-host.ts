/** PHP's own web server with a host shaped like Cloudy's web GUI (test/cdistro) and our bridge linked into it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { embed } from '../../plugin/cli/embed.js';
import { BRIDGE_PATH } from '../../plugin/web/cloudy.js';
import { fakeIo } from '../cli/fake-panel.js';
import { quietPort } from '../ports.js';
import { until } from './agents.js';

export const LOGIN = { user: 'admin', password: 'cloudy' };

/** A child that is not to outlive this process, whatever becomes of the test. */
export function endWithUs(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

export interface HostOptions {
  /** An empty folder for the document root, the sessions and the logs. */
  readonly folder: string;
  /** The panel's Unix socket. */
  readonly socket: string;
  /** Its own 127.x.y.z. */
  readonly address: string;
  /** The user who runs it; by default the one who tests. */
  readonly user?: string;
  /** Settings of PHP. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class CdistroHost {
  readonly origin: string;
  readonly root: string;
  readonly #log: string;
  readonly #times: string;
  #php: ChildProcess | null = null;

  private constructor(folder: string, address: string, port: number) {
    this.origin = `http://${address}:${port}`;
    this.root = join(folder, 'root');
    this.#log = join(folder, 'php.log');
    this.#times = join(folder, 'times');
  }

  static async start({ folder, socket, address, user, settings = {} }: HostOptions): Promise<CdistroHost> {
    const port = quietPort();
    const host = new CdistroHost(folder, address, port);
    const sessions = join(folder, 'sessions');
    mkdirSync(sessions);
    cpSync(join(import.meta.dirname, '..', 'cdistro'), host.root, { recursive: true });
    embed(host.root, fakeIo());
    const given = { 'session.save_path': sessions, log_errors: 'on', error_log: host.#log, ...settings };
    const options = Object.entries(given).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
    const env = { ...process.env, CLOUDY_SERVICES_SOCKET: socket, HOST_TIMES: host.#times };
    const command = ['php', ...options, '-S', `${address}:${port}`, '-t', host.root];
    if (user !== undefined) execFileSync('chown', ['-R', user, folder]);
    const [program = '', ...args] =
      user === undefined ? command : ['setpriv', `--reuid=${user}`, '--regid=nogroup', '--clear-groups', ...command];
    host.#php = spawn(program, args, { env, stdio: 'ignore' });
    endWithUs(host.#php);
    await until('the PHP host answers', () =>
      fetch(`${host.origin}/css/host.css`).then(
        () => true,
        () => false,
      ),
    );
    return host;
  }

  /** An address of the panel inside the host. */
  url(path: string): string {
    return `${this.origin}${BRIDGE_PATH}/${path}`;
  }

  /** The host's own page. */
  get home(): string {
    return `${this.origin}/index.php`;
  }

  async logIn(page: Page, { user, password } = LOGIN): Promise<void> {
    await page.goto(this.home);
    await page.fill('input[name=user]', user);
    await page.fill('input[name=password]', password);
    await page.click('form[method=post] button');
    await page.waitForSelector('.navbar a[href*=cloudyservices]');
  }

  /** Logs in without a browser. @returns the session's cookie, to send with requests */
  async session(): Promise<string> {
    const answer = await fetch(this.home, { method: 'POST', body: new URLSearchParams(LOGIN), redirect: 'manual' });
    return answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  }

  /** Has the host decide this much of each answer before any plug-in is asked; nothing decides nothing. */
  decide(headers: readonly string[]): void {
    writeFileSync(`${this.#times}.decision`, headers.map((line) => `${line}\n`).join(''));
  }

  /** What PHP complained of. */
  complaints(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
  }

  /** How long each request took in PHP, ms, oldest first. */
  times(): { readonly path: string; readonly ms: number }[] {
    const lines = existsSync(this.#times) ? readFileSync(this.#times, 'utf8').trim().split('\n') : [];
    return lines.map((line) => ({ path: line.split(' ')[0] ?? '', ms: Number(line.split(' ')[1]) }));
  }

  async close(): Promise<void> {
    const php = this.#php;
    this.#php = null;
    if (!php || php.exitCode !== null || php.signalCode !== null) return;
    const exit = once(php, 'exit');
    php.kill('SIGKILL');
    await exit;
  }
}
