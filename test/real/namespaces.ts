/**
 * Networks of their own for tests: namespaces joined by cables, and the real avahi-daemon or a Node program inside one.
 * Everything is named after this process, so that two runs do not meet, and is gone after `remove`, or with the process.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build } from 'esbuild';

const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();

/** Variable that names the system bus. */
export const BUS = 'DBUS_SYSTEM_BUS_ADDRESS';

/** Longest that a program may take to end by itself, ms. */
const STOP_LIMIT_MS = 3_000;

export class Network {
  readonly #names = new Map<string, string>();
  readonly #programs = new Set<Program>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'namespaces-'));
  readonly #atExit = () => this.#drop();
  #cables = 0;

  constructor() {
    process.once('exit', this.#atExit);
  }

  /** A namespace with nothing but loopback. */
  add(name: string): void {
    const unique = `cs${process.pid}-${name}`;
    ip('netns', 'add', unique);
    this.#names.set(name, unique);
    ip('-n', unique, 'link', 'set', 'lo', 'up');
  }

  /** A cable between two namespaces, with the addresses (`10.0.0.1/24`) of its ends. */
  join(a: readonly [name: string, ...addresses: string[]], b: readonly [name: string, ...addresses: string[]]): void {
    const cable = `cable${this.#cables++}`;
    ip('link', 'add', cable, 'netns', this.#unique(a[0]), 'type', 'veth', 'peer', cable, 'netns', this.#unique(b[0]));
    for (const [name, ...addresses] of [a, b]) {
      const inside = ['-n', this.#unique(name)];
      // Of use at once, without asking first whether somebody else has the address.
      for (const address of addresses) {
        ip(...inside, 'addr', 'add', address, 'dev', cable, ...(address.includes(':') ? ['nodad'] : []));
      }
      ip(...inside, 'link', 'set', cable, 'up');
    }
    // What is sent before the kernel has noticed gets lost, and with IPv6 a second of patience.
    const isUp = ([name]: readonly [string, ...string[]]) =>
      ip('-n', this.#unique(name), 'link', 'show', cable).includes('state UP');
    for (let looks = 0; !(isUp(a) && isUp(b)); looks++) if (looks > 1_000) throw new Error(`${cable} stays down`);
  }

  /** A system bus with Debian's rules for avahi-daemon. @returns its address */
  async bus(name: string): Promise<string> {
    const folder = mkdtempSync(join(this.#folder, 'bus-'));
    const address = `unix:path=${join(folder, 'socket')}`;
    for (const one of [this.#folder, folder]) chmodSync(one, 0o755);
    writeFileSync(join(folder, 'bus.conf'), busConfig(address));
    const program = this.run(name, 'dbus-daemon', `--config-file=${folder}/bus.conf`, '--nofork', '--print-address');
    await program.says((said) => said.includes(address));
    return address;
  }

  /**
   * The real avahi-daemon with these services and no other; resolves once it has announced them.
   * @param bus where programs reach it; none do when left out
   */
  async avahi(
    name: string,
    { host, services, bus }: { host: string; services: readonly AvahiService[]; bus?: string },
  ): Promise<Program> {
    const folder = mkdtempSync(join(this.#folder, 'avahi-'));
    mkdirSync(join(folder, 'services'));
    const dbus = bus === undefined ? 'no' : 'yes';
    const config = `[server]\nhost-name=${host}\nenable-dbus=${dbus}\n[publish]\npublish-workstation=no\npublish-hinfo=no\n`;
    writeFileSync(join(folder, 'avahi-daemon.conf'), config);
    for (const [index, service] of services.entries())
      writeFileSync(join(folder, 'services', `${index}.service`), describe(service));
    // It knows one folder of services and one of process ids; `ip netns exec` has mounts of its own.
    const script =
      'mount --bind "$1/services" /etc/avahi/services && mount -t tmpfs tmpfs /run && shift && exec avahi-daemon "$@"';
    const flags = ['-f', join(folder, 'avahi-daemon.conf'), '--no-drop-root', '--no-chroot'];
    const env = ['env', `${BUS}=${bus ?? ''}`];
    const program = this.run(name, ...env, 'sh', '-c', script, 'sh', folder, ...flags);
    await program.says((said) => {
      const established = said.split('\n').filter((line) => line.includes('successfully established'));
      if (!said.includes('Server startup complete')) return false;
      return services.every((service) => established.some((line) => line.includes(`"${service.name}"`)));
    });
    return program;
  }

  /** A TypeScript file, bundled and run by Node; `as` is a command that runs another one. */
  async node(
    name: string,
    file: string,
    { args = [], as = [] }: { args?: readonly string[]; as?: readonly string[] } = {},
  ): Promise<Program> {
    const outfile = join(this.#folder, `program${this.#programs.size}.mjs`);
    const banner = { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" };
    await build({
      entryPoints: [file],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      banner,
      // What lies beside the file is found from the bundle too.
      define: { 'import.meta.dirname': JSON.stringify(dirname(file)) },
      logLevel: 'error',
    });
    const [command = '', ...rest] = [...as, process.execPath, outfile, ...args];
    return this.run(name, command, ...rest);
  }

  /** The words before a command that is to run in there. */
  inside(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#unique(name)];
  }

  /** Runs a command to its end. @returns what it said */
  exec(name: string, command: string, ...args: readonly string[]): string {
    return ip('netns', 'exec', this.#unique(name), command, ...args);
  }

  run(name: string, ...command: readonly string[]): Program {
    const child = spawn('ip', ['netns', 'exec', this.#unique(name), ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const program = new Program(child);
    this.#programs.add(program);
    return program;
  }

  /** Ends every program and removes every namespace. */
  async remove(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.stop()));
    process.off('exit', this.#atExit);
    this.#drop();
  }

  #drop(): void {
    for (const program of this.#programs) program.signal('SIGKILL');
    for (const unique of this.#names.values()) ip('netns', 'del', unique);
    this.#names.clear();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #unique(name: string): string {
    return this.#names.get(name) ?? name;
  }
}

/** A program in a namespace. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #listeners = new Set<() => void>();
  #said = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit').then(() => this.#heard(''));
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => this.#heard(text));
  }

  /** A line for it to read. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Resolves once what it said so far fits; fails when it has not within the limit, or has ended before. */
  says(fits: (said: string) => boolean, limitMs = 15_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (late: boolean) => {
        const done = fits(this.#said);
        if (!done && !late && !this.#ended) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        if (done) resolve();
        else reject(new Error(`this is all that it said:\n${this.#said}`));
      };
      const listener = () => check(false);
      const timer = setTimeout(check, limitMs, true);
      this.#listeners.add(listener);
      listener();
    });
  }

  /** Ends it as an administrator would, so that it says goodbye; stopping twice is fine. @returns its exit code */
  async stop(): Promise<number | null> {
    this.signal('SIGTERM');
    await Promise.race([this.#exited, delay(STOP_LIMIT_MS, null, { ref: false })]);
    this.signal('SIGKILL');
    await this.#exited;
    return this.#child.exitCode;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined && !this.#ended) process.kill(-this.#child.pid, signal);
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #heard(text: string): void {
    this.#said += text;
    for (const listener of this.#listeners) listener();
  }
}

export interface AvahiService {
  readonly name: string;
  readonly type: string;
  readonly port: number;
  readonly txt: readonly string[];
}

/** Debian's own rules, without its users and its address. */
const busConfig = (address: string) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type><listen>${address}</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><deny own="*"/><deny send_type="method_call"/>
    <allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  <includedir>/usr/share/dbus-1/system.d</includedir><includedir>/etc/dbus-1/system.d</includedir>
</busconfig>
`;

/** As Cloudy writes them. */
function describe({ name, type, port, txt }: AvahiService): string {
  const records = txt.map((one) => `<txt-record>${one}</txt-record>`).join('');
  return `<?xml version="1.0"?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>${name}</name><service><type>${type}</type><port>${port}</port>${records}</service></service-group>`;
}
