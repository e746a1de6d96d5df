/** Real Serf agents for tests: each on its own loopback address, ready when it returns, killed with the test. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SerfRpc } from '../../plugin/serf/client.js';
import type { AgentAddress } from '../../plugin/serf/connection.js';

const GOSSIP_PORT = 17_946;
const RPC_PORT = 17_373;

export interface AgentOptions {
  readonly name: string;
  /** Its own 127.x.y.z; an unused one when left out. */
  readonly address?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly join?: Agent;
  /** Key that its RPC wants. */
  readonly auth?: string;
  readonly args?: readonly string[];
}

export class Agent {
  readonly name: string;
  readonly address: string;
  readonly gossipPort = GOSSIP_PORT;
  readonly rpc: AgentAddress;
  readonly #args: readonly string[];
  readonly #auth: string | null;
  #process: ChildProcess | null = null;

  constructor({ name, address = unusedAddress(), tags = {}, join: seed, auth, args = [] }: AgentOptions) {
    this.name = name;
    this.address = address;
    this.rpc = { host: address, port: RPC_PORT };
    this.#auth = auth ?? null;
    this.#args = [
      ...['agent', `-node=${name}`, `-bind=${address}:${GOSSIP_PORT}`, `-rpc-addr=${address}:${RPC_PORT}`],
      '-profile=local',
      ...Object.entries(tags).map(([tag, value]) => `-tag=${tag}=${value}`),
      ...(seed ? [`-join=${seed.address}:${GOSSIP_PORT}`] : []),
      ...(auth ? [`-config-file=${authFile(auth)}`] : []),
      ...args,
    ];
  }

  /** Starts the agent (again) and resolves once its RPC answers. */
  async start(): Promise<this> {
    this.#process = spawn('serf', this.#args, { stdio: 'ignore' });
    running.add(this);
    await until(`agent ${this.name} answers`, async () => {
      if (this.#process?.exitCode !== null)
        throw new Error(`agent ${this.name} ended at once: ${this.#args.join(' ')}`);
      const client = await this.connect().catch(() => null);
      client?.close();
      return client !== null;
    });
    return this;
  }

  /** A connection of our own client to its RPC. */
  connect(): Promise<SerfRpc> {
    return SerfRpc.connect(this.rpc, { authKey: this.#auth, limitMs: 2_000 });
  }

  /** Runs `serf COMMAND …` against it and returns what it prints. */
  async cli(command: string, ...args: readonly string[]): Promise<string> {
    const auth = this.#auth === null ? [] : [`-rpc-auth=${this.#auth}`];
    const rpc = `-rpc-addr=${this.rpc.host}:${this.rpc.port}`;
    return (await promisify(execFile)('serf', [command, rpc, ...auth, ...args])).stdout;
  }

  /** Kills it without a farewell; the others see it fail. */
  async kill(): Promise<void> {
    const process = this.#process;
    running.delete(this);
    this.#process = null;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const exit = once(process, 'exit');
    process.kill('SIGKILL');
    await exit;
  }

  /** Stops it in its tracks: its connections stay open and nothing answers any more. */
  async freeze(): Promise<void> {
    const pid = this.#process?.pid;
    this.#process?.kill('SIGSTOP');
    const stopped = (task: string) => / T /.test(readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1'));
    await until(`agent ${this.name} is stopped`, () => readdirSync(`/proc/${pid}/task`).every(stopped));
  }
}

const running = new Set<Agent>();
process.once('exit', () => {
  for (const agent of running) void agent.kill();
});

export async function startAgent(options: AgentOptions): Promise<Agent> {
  return await new Agent(options).start();
}

/** Starts them all; they join the first, and it resolves once that one sees every other. */
export async function startCommunity(all: readonly AgentOptions[]): Promise<Agent[]> {
  const [first, ...others] = all;
  if (!first) return [];
  const seed = await startAgent(first);
  const agents = [seed, ...(await Promise.all(others.map((one) => startAgent({ join: seed, ...one }))))];
  const client = await seed.connect();
  await until('all agents know each other', async () => (await client.members()).length === all.length);
  client.close();
  return agents;
}

/** Kills every agent that this process started. */
export async function killAgents(): Promise<void> {
  await Promise.all([...running].map((agent) => agent.kill()));
}

/** The `services` tag as a node's shell script writes it: bzip2 and base64 of a JSON list, or of a text as it is. */
export function writeTag(entries: readonly unknown[] | string): string {
  const json = typeof entries === 'string' ? entries : JSON.stringify(entries);
  const packed = execFileSync('/usr/bin/bzip2', ['-c'], { input: json });
  return execFileSync('/usr/bin/base64', ['-w0'], { input: packed }).toString();
}

/** Asks again every 20 ms until it is so; fails with `what` after the limit (ms). */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 15_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The agent takes its RPC key from a file only. */
function authFile(key: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'serf-')), 'auth.json');
  writeFileSync(file, JSON.stringify({ rpc_auth: key }));
  process.once('exit', () => rmSync(dirname(file), { recursive: true }));
  return file;
}

let addresses = 0;

/** No other process and no earlier call of this one has it: 127.64.0.0/10 by process id, then counted. */
export function unusedAddress(): string {
  addresses++;
  return `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 256}.${addresses}`;
}
