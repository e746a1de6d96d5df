/** A Debian system booted under systemd-nspawn, without a network: commands run in it, requests are sent to its panel. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** What a command in the machine said and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const SOCKET = '/run/cloudy-services/panel.sock';
/** Limits for a boot, a shutdown, a command, ms. */
const BOOT = 60_000;
const SHUTDOWN = 30_000;
const COMMAND = 120_000;
/** `.ci/test-deb` clears away what nspawn leaves under this name. */
const MACHINE = `test-deb-${process.pid}`;
/** nspawn ends with this when the machine asks to be booted again. */
const REBOOT = 133;

export class Machine {
  readonly #root: string;
  readonly #agent = new Agent({ keepAlive: true });
  #nspawn: ChildProcess;
  /** The machine's first process, as this system numbers it. */
  #init = 0;

  private constructor(root: string) {
    this.#root = root;
    this.#nspawn = this.#start();
  }

  /** Boots the system in that folder; resolves once systemd has started everything. */
  static async boot(root: string): Promise<Machine> {
    const machine = new Machine(root);
    try {
      await machine.#booted();
      return machine;
    } catch (error) {
      await machine.stop();
      throw error;
    }
  }

  #start(): ChildProcess {
    const args = [
      '--quiet',
      '--boot',
      `--directory=${this.#root}`,
      '--private-network',
      '--console=pipe',
      `--machine=${MACHINE}`,
    ];
    // Neither machined nor a systemd of this system is asked: there may be none.
    const alone = ['--register=no', '--keep-unit'];
    // Debian 13's systemd boots on the second version of control groups only.
    const env = { ...process.env, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1', SYSTEMD_LOG_LEVEL: 'crit' };
    // Should this process be killed, nspawn goes too; and when nspawn goes, so does all that runs in its PID namespace.
    const unshare = ['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
    const command = ['--pdeathsig', 'KILL', ...unshare, 'systemd-nspawn', ...args, ...alone];
    return spawn('setpriv', command, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  }

  async #booted(): Promise<void> {
    const deadline = Date.now() + BOOT;
    while (Date.now() < deadline) {
      // The first children of nspawn come and go; the last one stays.
      this.#init = childOf(childOf(this.#nspawn.pid ?? 0));
      const { stdout } = await this.run('systemctl', 'is-system-running', '--wait');
      if (/^(running|degraded)/.test(stdout)) return;
      // Until it has a bus there is nothing that could be awaited.
      await wait(100);
    }
    throw new Error('the machine did not boot');
  }

  /** Runs a command as root. */
  run(...command: readonly string[]): Promise<Outcome> {
    const enter = ['--target', String(this.#init), '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--'];
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
      TERM: 'dumb',
      DEBIAN_FRONTEND: 'noninteractive',
    };
    return new Promise((resolve) => {
      const limits = { timeout: COMMAND, maxBuffer: 1 << 24 };
      const child = execFile('nsenter', [...enter, ...command], { env, ...limits }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
      });
      child.stdin?.end();
    });
  }

  /** What the command prints. @throws Error when it fails */
  async output(...command: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...command);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** @param script run by sh, which stops at the first command that fails */
  shell(script: string): Promise<string> {
    return this.output('sh', '-euc', script);
  }

  /** Runs systemctl as the panel's user, with no more rights than the daemon has. */
  asPanel(...args: readonly string[]): Promise<Outcome> {
    const user = ['--reuid', 'cloudy-services', '--regid', 'cloudy-services', '--clear-groups', '--no-new-privs'];
    return this.run('setpriv', ...user, '--', 'systemctl', '--no-ask-password', ...args);
  }

  /** A path of the machine, as this system sees it. */
  path(inside: string): string {
    return `/proc/${this.#init}/root${inside}`;
  }

  /** Sends a request to the panel's socket; waits 10 s for the answer. */
  http(method: 'GET' | 'POST', path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const socketPath = this.path(SOCKET);
      const options = { socketPath, agent: this.#agent, timeout: 10_000, headers: { host: 'panel', ...headers } };
      const sent = request({ ...options, method, path });
      sent.once('timeout', () => sent.destroy(new Error(`${path} did not answer`))).once('error', reject);
      sent.once('response', async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
      sent.end(body);
    });
  }

  async reboot(): Promise<void> {
    const ended = once(this.#nspawn, 'exit');
    await this.run('systemctl', '--no-block', 'reboot');
    const [code] = await ended;
    if (code !== REBOOT) throw new Error(`the machine ended with ${code} in place of booting again`);
    this.#nspawn = this.#start();
    await this.#booted();
  }

  /** Turns the machine off. */
  async stop(): Promise<void> {
    this.#agent.destroy();
    if (this.#nspawn.exitCode !== null) return;
    const ended = once(this.#nspawn, 'exit');
    const hurry = setTimeout(() => this.#nspawn.kill('SIGKILL'), SHUTDOWN);
    await this.run('systemctl', '--no-block', 'poweroff', '--force');
    await ended;
    clearTimeout(hurry);
  }
}

function childOf(pid: number): number {
  try {
    return Number(
      execFileSync('pgrep', ['--parent', String(pid)], { encoding: 'utf8' })
        .trim()
        .split('\n')[0],
    );
  } catch {
    return 0;
  }
}
