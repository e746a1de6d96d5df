/** Services that say nothing to strangers, on nodes that gossip: the path is measured with real agents, tinc met as it is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measurePath, PATH_COST } from '../../plugin/probe/path.js';
import type { Provider } from '../../plugin/provider.js';
import { attemptOnce } from '../../plugin/scan/attempt.js';
import { LagGuard } from '../../plugin/scan/lag.js';
import { scoreOf } from '../../plugin/score/index.js';
import peerstreamer from '../../plugin/services/peerstreamer.js';
import tincvpn from '../../plugin/services/tincvpn.js';
import { context, ownAddress, target, udpServer } from '../probe/servers.js';
import { provider } from '../services/providers.js';
import { streamer } from '../services/streamer.js';
import { type Agent, killAgents, startAgent, startCommunity } from './agents.js';
import type { Program } from './programs.js';
import { startTinc } from './tinc.js';

const KEY = '-encrypt=MDEyMzQ1Njc4OWFiY2RlZg==';
const gossipOf = ({ address, gossipPort }: Agent) => ({ address, port: gossipPort });
const methods = ['rtt', 'rtt', 'jitter', 'loss'].map((metric) => `${metric} serf-ping`);
const said = (samples: readonly { metric: string; method: string }[] = []) =>
  samples.map(({ metric, method }) => `${metric} ${method}`);

afterAll(killAgents);

describe('the path', () => {
  it.each([
    ['plain', []],
    ['with the flags of Cloudy, just started', ['-protocol=4', '-profile=wan']],
  ])('to the node of an agent %s is measured, for what it says it costs', async (_, args) => {
    const agent = await startAgent({ name: `node ${args.length}`, args });
    const asked = context();
    const samples = await measurePath({ address: agent.address, gossip: gossipOf(agent) }, asked);
    expect(said(samples)).toEqual(methods);
    expect(samples.at(-1)?.value).toBe(0);
    const headers = PATH_COST.packets * 28;
    expect(asked.traffic.sent + asked.traffic.received + headers).toBeLessThanOrEqual(PATH_COST.bytes);
  });

  it('is unknown where the gossip is encrypted', async () => {
    const agent = await startAgent({ name: 'encrypted', args: [KEY] });
    expect(await measurePath({ address: agent.address, gossip: gossipOf(agent) }, context())).toEqual([]);
  });

  it('is measured without joining anything', async () => {
    const agents = await startCommunity(['a', 'b', 'c'].map((name) => ({ name })));
    const [seed] = agents;
    for (const agent of agents) {
      expect(await measurePath({ address: agent.address, gossip: gossipOf(agent) }, context())).toHaveLength(4);
    }
    const client = await seed?.connect();
    const members = (await client?.members()) ?? [];
    client?.close();
    expect(members.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('tincd, which does not know us', () => {
  const lag = new LagGuard();
  let tinc: Program;
  let agent: Agent;
  beforeAll(async () => {
    const address = ownAddress();
    [tinc, agent] = await Promise.all([
      startTinc({ address, name: 'cloudy1' }),
      startAgent({ name: 'cloudy1', address }),
    ]);
  });
  afterAll(async () => {
    lag.close();
    await tinc.stop();
  });

  it('is silent: scored from the path alone, and said to be unproven', async () => {
    const announced: Provider & { readonly port: number } = {
      ...provider({ type: tincvpn.id, address: tinc.address, gossip: gossipOf(agent) }),
      port: tinc.port,
    };
    const { attempt } = await attemptOnce(tincvpn, announced, {
      lag,
      now: () => 1_000,
      signal: new AbortController().signal,
    });
    expect(attempt).toMatchObject({ level: 2, reason: null, facts: {} });
    const score = scoreOf(tincvpn, attempt ? [attempt] : [], 1_000);
    expect(score).toMatchObject({ level: 2, unproven: true, reason: null });
    expect(score.score).toBeGreaterThan(0);
  });

  it('has the path of its node, and without Serf the time of the connect', async () => {
    const asked = context();
    const known = await tincvpn.probe(target(tinc, { gossip: gossipOf(agent) }), asked);
    expect(said(known.samples)).toEqual(methods);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(tincvpn.cost.bytes);
    const byHand = await tincvpn.probe(target(tinc, { gossip: null }), context());
    expect(byHand).toMatchObject({ level: 2, samples: [{ metric: 'rtt', method: 'tcp-connect' }] });
    expect(byHand.samples).toHaveLength(1);
  });

  it('bears the probes of a scan without a warning, and looks the same after them', async () => {
    for (let round = 0; round < 5; round += 1) {
      expect(await tincvpn.probe(target(tinc), context())).toMatchObject({ level: 2, facts: {} });
    }
    expect(tinc.output()).toContain('Connection from');
    expect(tinc.output()).not.toMatch(/unknown identity|bogus|Tarpitting/i);
  });
});

describe('a stream on a node that gossips', () => {
  it('has the path of its node', async () => {
    const channel = await streamer();
    const agent = await startAgent({ name: 'tv', address: channel.address });
    const result = await peerstreamer.probe({ ...channel, gossip: gossipOf(agent) }, context());
    expect(result).toMatchObject({ level: 5 });
    expect(said(result.samples)).toEqual(methods);
  });

  it('with a closed agent and a closed channel fails by what is known', async () => {
    const silent = await udpServer();
    const gossip = { address: silent.address, port: silent.port + 1 };
    expect(await peerstreamer.probe({ ...silent, gossip }, context())).toMatchObject({ level: 1, reason: 'timeout' });
    expect(await tincvpn.probe({ ...silent, gossip }, context())).toEqual({ level: 1, reason: 'refused' });
  });
});
