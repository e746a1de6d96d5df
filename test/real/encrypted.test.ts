/** A Serf community with a key, which this node's agent has and this program does not. */
import { afterAll, afterEach, expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import { gossipAt } from '../../plugin/probe/path.js';
import { attemptOnce } from '../../plugin/scan/attempt.js';
import { LagGuard } from '../../plugin/scan/lag.js';
import { toScore } from '../../plugin/score/index.js';
import serf from '../../plugin/services/serf.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { type Agent, killAgents, startCommunity, until, unusedAddress, writeTag } from './agents.js';

const KEY = '-encrypt=MDEyMzQ1Njc4OWFiY2RlZg==';
const lag = new LagGuard();
const opened: Discovery[] = [];
afterEach(async () => {
  for (const discovery of opened.splice(0)) await discovery.close();
  await killAgents();
});
afterAll(() => lag.close());

/** Two agents, of which the second announces its door, and what the first one's panel lists of that. */
async function startDoor(args: readonly string[], port = 17_946) {
  const address = unusedAddress();
  const entry = { s: 'serf', d: '', m: 'door', i: address, p: `${port}`, e: '', t: '' };
  const agents = await startCommunity([
    { name: 'own', args },
    { name: 'door', address, args, tags: { services: writeTag([entry]) } },
  ]);
  const [own, door] = agents as [Agent, Agent];
  const config = { serfRpc: own.rpc, serfAuthKey: null, providersFile: null, communityRanges: null };
  const discovery = createDiscovery({ config });
  opened.push(discovery);
  await discovery.ready();
  const listed = () => discovery.providers('serf')[0] as Provider & { readonly port: number };
  await until('the door is listed', () => listed() !== undefined);
  return { door, listed };
}

async function scoreOf(provider: Provider & { readonly port: number }) {
  const signal = new AbortController().signal;
  const { attempt } = await attemptOnce(serf, provider, { lag, now: Date.now, signal });
  return toScore(serf, attempt === null ? [] : [attempt], Date.now());
}

it('a door of our own community is scored by its path and unproven, as long as our agent gossips with it', async () => {
  const { door, listed } = await startDoor([KEY]);
  expect(listed().gossip).toEqual({ address: door.address, port: door.gossipPort, encrypted: true });
  // No Serf ping is wasted on it: the system's own measures the path.
  expect(gossipAt(listed())).toBeNull();
  const score = await scoreOf(listed());
  expect(score).toMatchObject({ level: 2, reason: null, unproven: true });
  expect(score.score).toBeGreaterThan(50);
  await door.kill();
  await until('it is known to have failed', () => listed().gossip?.encrypted === undefined);
  expect(await scoreOf(listed())).toMatchObject({ score: 0, reason: 'refused', unproven: false });
});

it('a door elsewhere than where the member gossips is not vouched for', async () => {
  const { listed } = await startDoor([KEY], 17_373);
  expect(await scoreOf(listed())).toMatchObject({ score: 0, reason: 'refused' });
});

it('a door of a community without a key is proven as before', async () => {
  const { door, listed } = await startDoor([]);
  expect(listed().gossip).toEqual({ address: door.address, port: door.gossipPort });
  expect(await scoreOf(listed())).toMatchObject({ level: 4, unproven: false });
});
