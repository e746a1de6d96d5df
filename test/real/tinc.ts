/** A real tincd on loopback, without a tunnel device: no rights needed, nothing of this machine's network changed. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './agents.js';
import { freePort, type Program } from './programs.js';

export interface Tinc extends Program {
  /** Its host file as it hands it out: address, port and public key. */
  readonly hostFile: string;
  /** Makes it know a member by that member's host file. */
  learn(name: string, hostFile: string): void;
  /** Makes it connect to a member that it knows. */
  connectTo(name: string): void;
}

/** A member of a network of its own that knows nobody. */
export async function startTinc({ address, name }: { address: string; name: string }): Promise<Tinc> {
  const [dir, port] = [mkdtempSync(join(tmpdir(), 'tinc-')), await freePort(address)];
  const [config, hosts] = [join(dir, 'tinc.conf'), join(dir, 'hosts')];
  mkdirSync(hosts);
  writeFileSync(config, `Name = ${name}\nDeviceType = dummy\nBindToAddress = ${address} ${port}\n`);
  const makingKeys = promisify(execFile)('tincd', ['-c', dir, '-K2048']);
  makingKeys.child.stdin?.end();
  await makingKeys;
  const child = spawn('tincd', ['-c', dir, '-D', '-d2', `--pidfile=${join(dir, 'pid')}`], { stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const exited = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await exited;
    rmSync(dir, { recursive: true, force: true });
  };
  await until(`tincd ${name} is ready`, () => {
    if (child.exitCode !== null) throw new Error(`tincd ended; it said:\n${said}`);
    return /^Ready$/m.test(said);
  });
  return {
    ...{ address, port, pid: child.pid ?? 0, output: () => said, stop },
    hostFile: `Address = ${address} ${port}\n${readFileSync(join(hosts, name), 'utf8')}`,
    learn: (other, hostFile) => writeFileSync(join(hosts, other), hostFile),
    connectTo: (other) => {
      appendFileSync(config, `ConnectTo = ${other}\n`);
      child.kill('SIGHUP');
    },
  };
}
