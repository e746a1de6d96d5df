/** Services that say nothing to strangers, on nodes that gossip: the path is measured with real agents, tinc met as it is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { Target } from '../../plugin/probe/index.js';
import { measurePath, PATH_COST } from '../../plugin/probe/path.js';
import { attemptOnce } from '../../plugin/scan/attempt.js';
import { LagGuard } from '../../plugin/scan/lag.js';
import { toScore } from '../../plugin/score/index.js';
import peerstreamer from '../../plugin/services/peerstreamer/index.js';
import tincvpn from '../../plugin/services/tincvpn/index.js';
import { tincIntroduction } from '../../plugin/services/tincvpn/nets.js';
import { context, ownAddress, target, udpServer } from '../probe/servers.js';
import { provider } from '../services/providers.js';
import { streamer } from '../services/streamer.js';
import { type Agent, killAgents, startAgent, startCommunity, until } from './agents.js';
import type { Program } from './programs.js';
import { startTinc, type Tinc } from './tinc.js';

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
    const score = toScore(tincvpn, attempt ? [attempt] : [], 1_000);
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

describe('tincd, which knows our name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tinc-member-'));
  const running: Tinc[] = [];
  /** Another one, and ours, each with the other's host file; ours as this node has it configured. */
  async function acquainted(): Promise<{ theirs: Tinc; ours: Tinc; introduced: Target }> {
    const [theirs, ours] = await Promise.all([
      startTinc({ address: ownAddress(), name: 'cloudy1' }),
      startTinc({ address: ownAddress(), name: 'panel_node' }),
    ]);
    running.push(theirs, ours);
    theirs.learn('panel_node', ours.hostFile);
    ours.learn('cloudy1', theirs.hostFile);
    const net = join(folder, `mesh${theirs.port}`);
    mkdirSync(join(net, 'hosts'), { recursive: true });
    writeFileSync(join(net, 'tinc.conf'), 'Name = panel_node\n');
    writeFileSync(join(net, 'hosts', 'panel_node'), ours.hostFile);
    writeFileSync(join(net, 'hosts', 'cloudy1'), theirs.hostFile);
    const own = await tincIntroduction(theirs, folder);
    return { theirs, ours, introduced: target(theirs, { own, gossip: null }) };
  }
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    rmSync(folder, { recursive: true });
  });
  const admitted = {
    level: 5,
    samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
    facts: { name: 'cloudy1' },
  };

  it('admits us, for less than the probe may cost, without a warning and without harm to the connection in use', async () => {
    const { theirs, ours, introduced } = await acquainted();
    ours.connectTo('cloudy1');
    const inUse = /Connection with panel_node \(.*\) activated/g;
    await until('the two are connected', () => inUse.test(theirs.output()));
    const asked = context();
    for (let round = 0; round < 3; round += 1) {
      expect(await tincvpn.probe(introduced, round === 0 ? asked : context())).toEqual(admitted);
    }
    const [packets, bytes] = [tincvpn.cost.packets - PATH_COST.packets, tincvpn.cost.bytes - PATH_COST.bytes];
    expect(asked.traffic.sent + asked.traffic.received + packets * 52).toBeLessThan(bytes);
    expect(theirs.output().match(inUse)).toHaveLength(1);
    expect(ours.output()).not.toContain('Closing connection with cloudy1');
    expect(theirs.output()).not.toMatch(/unknown identity|bogus|Tarpitting/i);
    expect(introduced.own?.get('file')).toBe(ours.hostFile);
  });

  it('under another name than in our host file is not who it should be; one that has forgotten us is silent', async () => {
    const { introduced } = await acquainted();
    const own = new Map([...(introduced.own ?? []), ['peer', 'cloudy2']]);
    expect(await tincvpn.probe({ ...introduced, own }, context())).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: 'it is cloudy1',
    });
    const stranger = await startTinc({ address: ownAddress(), name: 'cloudy1' });
    running.push(stranger);
    const result = await tincvpn.probe(target(stranger, { own, gossip: null }), context());
    expect(result).toEqual({ ...admitted, level: 2, facts: {} });
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
