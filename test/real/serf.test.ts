/** Discovery against real Serf agents, whose tags are written by the real bzip2 and base64. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serfAnswers } from '../../plugin/discovery/index.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { stopwatch } from '../stopwatch.js';
import { type Agent, killAgents, startAgent, startCommunity, until, writeTag } from './agents.js';

const DNS = { s: 'dnsservice', d: 'guifi.net_DNS', m: 'dns.local', i: '127.0.0.53', p: '53', e: 'demo', t: '' };
const ID = 'MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD';

/** Thirteen nodes: what each has in its tags. */
const TAGS: readonly Readonly<Record<string, string>>[] = [
  { services: writeTag([{ ...DNS, i: '127.0.0.1' }]) },
  {
    services: writeTag([
      { ...DNS, i: '127.0.0.2' },
      { ...DNS, s: 'Docker', p: '', i: '127.0.0.2' },
    ]),
  },
  // Old nodes: quotes of the wrong kind, stray commas, a bare device id, a port that is a number, a port of 0.
  { services: writeTag(`[{'s':'syncthing','d':'Old_node','m':'m','i':'127.0.0.3','p':'22000','e':'','t':'${ID}'},]`) },
  { services: writeTag(`[,${JSON.stringify({ ...DNS, i: '127.0.0.4', p: 53 })},,]`) },
  {
    services: writeTag([
      { ...DNS, s: 'tahoe-lafs', p: '0' },
      { ...DNS, i: '127.0.0.5' },
    ]),
  },
  { services: writeTag([{ ...DNS, i: '127.0.0.6', t: 'zone=Barcelona&load=low x=1=2' }]) },
  { services: writeTag([{ ...DNS, i: '127.0.0.7', p: '70000' }]) },
  { services: writeTag([{ ...DNS, i: 'dns.example', d: 'a name' }]) },
  { services: writeTag('{"s":"dnsservice","d":"a "quoted" word"') },
  { services: `${writeTag([DNS]).slice(0, 40)}` },
  { services: writeTag([{ ...DNS, i: '8.8.8.8' }]) },
  { role: 'no services here', __proto__tag: 'x' },
  { services: writeTag([{ ...DNS, i: '127.0.0.13' }]), ['__proto__']: 'polluted' },
];

describe('discovery from Serf', () => {
  let agents: Agent[];
  let discovery: Discovery;
  const config = (agent: Agent, serfAuthKey: string | null = null) => ({
    serfRpc: agent.rpc,
    serfAuthKey,
    providersFile: null,
    communityRanges: null,
  });
  const agent = (index: number) => agents[index] as Agent;
  const serf = () => discovery.sources()[0];
  const at = (address: string) => discovery.providers().find((provider) => provider.address === address);

  beforeAll(async () => {
    agents = await startCommunity(TAGS.map((tags, index) => ({ name: `node${index}`, tags })));
    discovery = createDiscovery({ config: config(agent(0)) });
    await discovery.ready();
  });
  afterAll(async () => {
    await discovery.close();
    await killAgents();
  });

  it('lists what is readable, by type and node, and counts the rest with its reason', () => {
    const rows = discovery.providers().map(({ type, node, address, port }) => `${type} ${node} ${address} ${port}`);
    expect(rows).toEqual([
      'Docker node1 127.0.0.2 null',
      'dnsservice node0 127.0.0.1 53',
      'dnsservice node1 127.0.0.2 53',
      'dnsservice node10 8.8.8.8 53',
      'dnsservice node12 127.0.0.13 53',
      'dnsservice node3 127.0.0.4 53',
      'dnsservice node4 127.0.0.5 53',
      'dnsservice node5 127.0.0.6 53',
      'syncthing node2 127.0.0.3 22000',
    ]);
    expect(serf()).toMatchObject({
      state: 'up',
      read: 9,
      skipped: { 'bad-port': 2, 'bad-address': 1, 'bad-json': 1, 'bad-bzip2': 1 },
    });
  });

  it('reads every field, in the spelling of old nodes too', () => {
    expect(at('127.0.0.6')).toMatchObject({
      host: 'dns.local',
      description: 'guifi.net DNS',
      community: 'demo',
      sources: ['serf'],
      gossip: { address: agent(5).address, port: agent(5).gossipPort },
    });
    expect([...(at('127.0.0.6')?.txt ?? [])]).toEqual([
      ['zone', 'Barcelona'],
      ['load', 'low'],
      ['x', '1=2'],
    ]);
    expect(at('127.0.0.3')).toMatchObject({ description: 'Old node', txt: new Map([['', ID]]) });
  });

  it('knows which node is this one, what may not be probed, and that loopback may because the agent gossips there', () => {
    expect(discovery.providers().filter(({ self }) => self)).toEqual([at('127.0.0.1')]);
    expect(at('8.8.8.8')?.barred).toBe('not-allowed');
    expect(discovery.providers('Docker')[0]?.barred).toBe('no-port');
    expect(at('127.0.0.1')?.barred).toBeNull();
    expect(discovery.find(at('127.0.0.1')?.id ?? '')).toBe(at('127.0.0.1'));
  });

  it('hears by event that a node changed its tag, and that one joined, failed and left', async () => {
    await agent(1).cli('tags', '-set', `services=${writeTag([{ ...DNS, i: '127.0.1.2' }])}`);
    await until('the new address is listed', () => at('127.0.1.2')?.node === 'node1');
    expect(at('127.0.0.2')).toBeUndefined();

    const late = { name: 'late', tags: { services: writeTag([{ ...DNS, i: '127.0.1.9' }]) }, join: agent(0) };
    const joined = await startAgent(late);
    await until('the new node is listed', () => at('127.0.1.9') !== undefined);
    await joined.cli('leave');
    await until('the node that left is gone', () => at('127.0.1.9') === undefined);

    await agent(12).kill();
    const client = await agent(0).connect();
    const failed = async () => (await client.members()).some((one) => one.name === 'node12' && one.status === 'failed');
    await until('the agent knows that node12 failed', failed);
    client.close();
    expect(at('127.0.0.13')).toMatchObject({ stale: false });
  });

  it('keeps the list as stale while the agent is away, and recovers within 2 s of its return', async () => {
    const before = discovery.providers().map(({ id }) => id);
    const joining = (index: number) => `${agent(index).address}:${agent(index).gossipPort}`;
    await agent(0).kill();
    await until('the source is away', () => serf()?.state === 'away', 2_000);
    expect(discovery.providers().map(({ id, stale }) => ({ id, stale }))).toEqual(
      before.map((id) => ({ id, stale: true })),
    );
    expect(serf()?.error).toMatchObject({ code: 'serf-away', message: expect.stringContaining(agent(0).rpc.host) });
    expect(serf()?.lastUp).toBeGreaterThan(Date.now() - 5_000);

    await agent(0).start();
    await until('the source is up', () => serf()?.state === 'up', 2_000);
    // Through several: on a busy machine one agent may take others for failed, and would not tell of them.
    await agent(0).cli('join', ...[1, 2, 3, 5].map(joining));
    await until('the list is whole', () => at('127.0.0.6')?.stale === false && at('127.0.1.2') !== undefined, 45_000);
    expect(serf()?.error).toBeUndefined();
  }, 60_000);

  it('logs in where the agent wants a key, and says what to do when the key is wrong', async () => {
    const locked = await startAgent({ name: 'locked', auth: 'a secret', tags: TAGS[0] ?? {} });
    expect(await serfAnswers({ serfRpc: locked.rpc }, 1_000)).toBe(true);
    const right = createDiscovery({ config: config(locked, 'a secret') });
    const wrong = createDiscovery({ config: config(locked, 'a guess') });
    const none = createDiscovery({ config: config(locked) });
    await Promise.all([right.ready(), wrong.ready(), none.ready()]);
    expect(right.providers()).toHaveLength(1);
    for (const refused of [wrong, none]) {
      expect(refused.sources()[0]).toMatchObject({ state: 'away', error: { code: 'serf-refused' } });
      expect(refused.sources()[0]?.error?.hint).toContain('SERF_AUTH_KEY');
    }
    await Promise.all([right.close(), wrong.close(), none.close()]);
  });

  it('knows within its limit that no agent answers', async () => {
    const frozen = await startAgent({ name: 'frozen' });
    await frozen.freeze();
    const elapsed = stopwatch();
    expect(await serfAnswers({ serfRpc: frozen.rpc }, 300)).toBe(false);
    expect(await serfAnswers({ serfRpc: { ...frozen.rpc, port: 17_999 } }, 300)).toBe(false);
    expect(elapsed()).toBeLessThan(1_000);
  });
});
