/**
 * Real programs for tests: each started on loopback in a folder of its own, ready when the call returns, and gone with
 * its whole process group when stopped, or with this process.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Program {
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  /** Everything that it said so far. */
  output(): string;
  /** Ends it and removes its folder; stopping twice is fine. */
  stop(): Promise<void>;
}

/** Longest that a program may take until it serves, ms: two slow cores start several at once. */
const START_LIMIT_MS = 30_000;

/** Longest that it may take to end by itself, ms. */
const STOP_LIMIT_MS = 3_000;

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly address: string;
  readonly port: number;
  readonly dir: string;
  /** What it says once it serves, or a look whether it does. */
  readonly ready: RegExp | (() => Promise<boolean>);
  readonly env?: NodeJS.ProcessEnv;
}

/** unbound as Debian has it: answers for the private reverse zones by itself, and knows nothing of guifi.net. */
export async function startUnbound({
  address,
  port,
  access = 'allow',
}: {
  address: string;
  port?: number;
  /** `refuse` answers REFUSED to everybody. */
  access?: 'allow' | 'refuse';
}): Promise<Program> {
  const [dir, chosen] = [folder('unbound'), port ?? (await freePort(address))];
  const config = `server:
  interface: ${address}@${chosen}
  directory: "${dir}"
  pidfile: "${dir}/pid"
  chroot: ""
  username: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 ${access}
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@1
remote-control:
  control-enable: no
`;
  writeFileSync(join(dir, 'unbound.conf'), config);
  const args = ['-d', '-c', join(dir, 'unbound.conf')];
  return launch({ command: 'unbound', args, address, port: chosen, dir, ready: /start of service/ });
}

/** BIND with zones as guifi.net's generator writes them; of 127/8 it listens on 127.0.0.1 only. */
export async function startNamed(of: { address?: string; port?: number; generatedAt?: Date } = {}): Promise<Program> {
  const { address = '127.0.0.1', generatedAt } = of;
  const port = of.port ?? (await freePort(address));
  const { dir, args } = setUpNamed({ address, port, ...(generatedAt && { generatedAt }) });
  return launch({ command: 'named', args, address, port, dir, ready: NAMED_READY });
}

export const NAMED_READY = /\brunning$/m;

/** Its folder, and the arguments with which it runs there until it is ended. */
export function setUpNamed({
  address,
  port,
  generatedAt = new Date(),
}: {
  address: string;
  port: number;
  /** When the zones were generated: their serial. */
  generatedAt?: Date;
}): { dir: string; args: string[] } {
  const dir = folder('named');
  mkdirSync(join(dir, 'cache'));
  const [v4, v6] = address.includes(':') ? ['none', address] : [address, 'none'];
  const config = fixture('named-guifi.conf', { dir, address, port }).replace('@V4@', v4).replace('@V6@', v6);
  writeFileSync(join(dir, 'named.conf'), config);
  const serial = Math.floor(generatedAt.getTime() / 1000);
  const soa = `$TTL 38400\n@ IN SOA ns1.guifi.net. nobody.guifi.net. ${serial} 21600 3600 604800 3600\n@ IN NS ns1.guifi.net.\n`;
  writeFileSync(join(dir, 'localhost.db'), `${soa}@ IN A 127.0.0.1\n`);
  writeFileSync(join(dir, 'ip.guifi.net'), `${soa}node7--1234 IN A 10.139.40.22\n`);
  writeFileSync(join(dir, '10.rrz'), `${soa}22.40.139 IN PTR node7--1234.ip.guifi.net.\n`);
  return { dir, args: ['-g', '-n', '1', '-c', join(dir, 'named.conf')] };
}

/** Syncthing with a key of its own, deaf and mute but for its one port on loopback. */
export async function startSyncthing({
  address,
  port,
}: {
  address: string;
  port?: number;
}): Promise<Program & { readonly deviceId: string }> {
  const [dir, chosen] = [folder('syncthing'), port ?? (await freePort(address))];
  // Told that it is monitored already, it does without the second process that would outlive a kill.
  const env = { HOME: dir, STNOUPGRADE: '1', STNODEFAULTFOLDER: '1', STMONITORED: 'yes' };
  execFileSync('syncthing', ['generate', `--home=${dir}`], { env: { ...process.env, ...env }, stdio: 'pipe' });
  const file = join(dir, 'config.xml');
  const generated = readFileSync(file, 'utf8');
  const deviceId = /<device id="([A-Z2-7-]{63})"/.exec(generated)?.[1];
  if (!deviceId) throw new Error(`no device in ${file}`);
  writeFileSync(file, secluded(generated, `tcp://${hostOf(address)}:${chosen}`));
  const args = ['serve', `--home=${dir}`, '--no-browser'];
  const ready = () => accepts(address, chosen);
  return { ...(await launch({ command: 'syncthing', args, address, port: chosen, dir, ready, env })), deviceId };
}

/** The configuration without folders, without announcements, relays, reports and GUI, listening in one place only. */
function secluded(config: string, listen: string): string {
  const settings: Record<string, string> = {
    listenAddress: listen,
    globalAnnounceEnabled: 'false',
    localAnnounceEnabled: 'false',
    relaysEnabled: 'false',
    natEnabled: 'false',
    crashReportingEnabled: 'false',
    autoUpgradeIntervalH: '0',
    urAccepted: '-1',
    stunKeepaliveStartS: '0',
  };
  return Object.entries(settings).reduce(
    (text, [name, value]) => text.replace(new RegExp(`<${name}>[^<]*</${name}>`), `<${name}>${value}</${name}>`),
    config.replace(/<folder id=.*?<\/folder>/gs, '').replace('<gui enabled="true"', '<gui enabled="false"'),
  );
}

/** A Serf agent by itself; more flags as the agent knows them (`-encrypt=…`, `-protocol=4`). */
export async function startSerf({
  address,
  name,
  port,
  flags = [],
}: {
  address: string;
  name: string;
  port?: number;
  flags?: readonly string[];
}): Promise<Program> {
  const [dir, chosen, rpc] = [folder('serf'), port ?? (await freePort(address)), await freePort(address)];
  const args = [
    'agent',
    `-node=${name}`,
    `-bind=${hostOf(address)}:${chosen}`,
    `-rpc-addr=${hostOf(address)}:${rpc}`,
    ...flags,
  ];
  return launch({ command: 'serf', args, address, port: chosen, dir, ready: /agent running/ });
}

/** squid, by default as guifi.net's federated proxies have it: it asks everybody to log in. */
export async function startSquid({
  address,
  port,
  access = 'login',
  account,
}: {
  address: string;
  port?: number;
  /** Who may use it: those with an account, `open` anybody, `closed` nobody. */
  access?: 'login' | 'open' | 'closed';
  /** The only one there is. */
  account?: { readonly user: string; readonly password: string };
}): Promise<Program> {
  const [dir, chosen] = [folder('squid'), port ?? (await freePort(address))];
  const login = 'http_access allow authed';
  const allowed = { login, open: 'http_access allow all', closed: '' }[access];
  writeFileSync(
    join(dir, 'squid.conf'),
    fixture('squid-auth.conf', { dir, address, port: chosen }).replace(login, allowed),
  );
  const digest = (text: string) => createHash('md5').update(text).digest('hex');
  writeFileSync(join(dir, 'passwd'), account ? `${account.user}:${digest(account.password)}\n` : '');
  mkdirSync(join(dir, 'log'));
  // Started as root it becomes another user, who writes here too.
  for (const path of [dir, join(dir, 'log')]) chmodSync(path, 0o777);
  // Without a name of its own it shares memory with the next one.
  const args = ['-N', '-n', `squid${process.pid}x${chosen}`, '-f', join(dir, 'squid.conf')];
  return launch({ command: 'squid', args, address, port: chosen, dir, ready: () => accepts(address, chosen) });
}

/** The protocol of Tahoe-LAFS introducers, foolscap, with a tub that has a key of its own. */
export async function startFoolscap({
  address,
  port,
}: {
  address: string;
  port?: number;
}): Promise<Program & { readonly furl: string; readonly secretFurl: string }> {
  const [dir, chosen] = [folder('foolscap'), port ?? (await freePort(address))];
  const script = join(dir, 'standin.py');
  writeFileSync(script, fixture('foolscap-standin.py', { dir, address, port: chosen }));
  const ready = () => accepts(address, chosen);
  // Debian's own: another python3 on the path does not have its packages.
  const program = await launch({ command: '/usr/bin/python3', args: [script], address, port: chosen, dir, ready });
  const [furl, secretFurl] = program.output().match(/^pb:\S+$/gm) ?? [];
  if (furl === undefined || secretFurl === undefined) throw new Error(`no furl in ${program.output()}`);
  return { ...program, furl, secretFurl };
}

/** A file of `test/fixtures` with its place filled in. */
function fixture(name: string, { dir, address, port }: { dir: string; address: string; port: number }): string {
  return readFileSync(join(import.meta.dirname, '..', 'fixtures', name), 'utf8')
    .replaceAll('@DIR@', dir)
    .replaceAll('@ADDRESS@', address)
    .replaceAll('@HOST@', hostOf(address))
    .replaceAll('@PORT@', String(port));
}

/** The address as it stands in front of a port. */
const hostOf = (address: string) => (address.includes(':') ? `[${address}]` : address);

/** Starts it, and waits until it serves. */
export async function launch({ command, args, address, port, dir, ready, env = {} }: Launch): Promise<Program> {
  const child = spawn(command, args, {
    cwd: dir,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const exited = once(child, 'exit').catch((error) => (said += String(error)));
  const end = () => signalGroup(child, 'SIGTERM');
  process.once('exit', end);
  const stop = async () => {
    process.off('exit', end);
    end();
    await Promise.race([exited, delay(STOP_LIMIT_MS, null, { ref: false })]);
    signalGroup(child, 'SIGKILL');
    await exited;
    rmSync(dir, { recursive: true, force: true });
  };
  const serves = typeof ready === 'function' ? ready : async () => ready.test(said);
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await serves())) {
    if (Date.now() > deadline || child.exitCode !== null || child.pid === undefined) {
      await stop();
      throw new Error(`${command} does not serve; it said:\n${said}`);
    }
    await delay(20);
  }
  return { address, port, pid: child.pid ?? 0, output: () => said, stop };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, signal);
}

/** A new one for a program's files. */
export const folder = (name: string) => mkdtempSync(join(tmpdir(), `${name}-`));

/** A port that neither TCP nor UDP uses at this address. */
export async function freePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(port, address);
  const free = await Promise.race([
    once(socket, 'listening').then(() => true),
    once(socket, 'error').then(() => false),
  ]);
  await Promise.all([new Promise((done) => server.close(done)), new Promise<void>((done) => socket.close(done))]);
  return free ? port : freePort(address);
}

/** Whether it accepts connections. */
export async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
