/**
 * A child that times the way from the Serf RPC to the list of providers: as the first thing in a new process, then of
 * another community that nothing is cached of, and after one member's change.
 */
import { loadConfig } from '../../plugin/config/index.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { argument, say } from './child.js';

export interface Agent {
  readonly port: number;
  readonly pid: number;
}

const { agents, expected } = argument<{ agents: [Agent, Agent]; expected: number }>();

async function list({ port }: Agent): Promise<{ discovery: Discovery; ms: number }> {
  const config = { ...loadConfig({ env: {}, file: '' }), serfRpc: { host: '127.0.0.1', port } };
  const started = performance.now();
  const discovery = createDiscovery({ config });
  await discovery.ready();
  const count = discovery.providers().length;
  const ms = performance.now() - started;
  if (count !== expected) throw new Error(`${count} providers in place of ${expected}`);
  return { discovery, ms };
}

async function change(discovery: Discovery, { pid }: Agent): Promise<number> {
  const seen = new Promise<number>((resolve) => {
    discovery.onChange(() => {
      if (discovery.providers().some(({ description }) => description.includes('again'))) resolve(performance.now());
    });
  });
  const asked = performance.now();
  process.kill(pid, 'SIGUSR2');
  return (await seen) - asked;
}

const first = await list(agents[0]);
await first.discovery.close();
const cold = await list(agents[1]);
say({ first: first.ms, cold: cold.ms, change: await change(cold.discovery, agents[1]) });
await cold.discovery.close();
