/** Announcing through real Serf agents: what a neighbour reads with the tools of old nodes, and what stays of others. */
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packTag } from '../../plugin/announcement/tag-write.js';
import type { LocalService, LocalState } from '../../plugin/model/unit.js';
import { AnnouncementMonitor, type MonitorDeps } from '../../plugin/node/announce/monitor.js';
import { Publisher } from '../../plugin/node/announce/publisher.js';
import { type Listening, listening } from '../../plugin/node/ports.js';
import { ABSENT, type LocalServices } from '../../plugin/node/systemd/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { openStore } from '../../plugin/store/index.js';
import type { NewEvent } from '../../plugin/store/tables/events.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { type Agent, killAgents, startAgent, startCommunity, until, writeTag } from './agents.js';

const services = await loadServices();
const FOREIGN = { s: 'Docker', d: "L'àrea_{1}", m: 'other', i: '127.0.0.9', p: '8080', e: 'demo', t: 'a=1' };
const MINUTE = 60_000;

/** The tag as a neighbour sees it, unpacked by the programs that old nodes have. */
async function seenBy(agent: Agent, node: string): Promise<string | null> {
  const { members } = JSON.parse(await agent.cli('members', '-format=json')) as {
    members: readonly { name: string; tags: Record<string, string> }[];
  };
  const tag = members.find(({ name }) => name === node)?.tags.services;
  return tag === undefined ? null : execFileSync('sh', ['-c', 'base64 -d | bzip2 -d'], { input: tag }).toString();
}
const jq = (json: string | null, filter: string) =>
  execFileSync('jq', ['-c', filter], { input: json ?? 'null' })
    .toString()
    .trim();

describe('announcing', () => {
  let own: Agent;
  let neighbour: Agent;
  let discovery: Discovery;
  const closing: (() => unknown)[] = [];
  /** What the monitor has told of. */
  const noted: string[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
    noted.length = 0;
    await own.cli('tags', '-delete', 'services');
  });

  const config = (agent: Agent) => ({
    ...{ serfRpc: agent.rpc, serfAuthKey: null, providersFile: null, communityRanges: null },
    language: 'en' as const,
  });
  /** A panel's part that announces, with a memory of its own. */
  function publisher({ now = Date.now, pack }: { now?: () => number; pack?: typeof packTag } = {}) {
    const store = openStore(':memory:', now);
    closing.push(() => store.close());
    const deps = { config: config(own), services, discovery, settings: store.settings, now };
    return new Publisher(pack ? { ...deps, pack } : deps);
  }
  /** This node's services, in the states that the test sets. */
  function localIn(states: ReadonlyMap<string, LocalService>): LocalServices {
    return { states: async () => states, problem: async () => null, act: () => Promise.reject(new Error('not here')) };
  }
  function keep(
    one: Publisher,
    local = localIn(new Map()),
    now: () => number = Date.now,
    listening: MonitorDeps['listening'] = async () => 'open',
  ): AnnouncementMonitor {
    const events = { add: ({ by, what, type }: NewEvent) => noted.push(`${by} ${what} ${type}`) > 0 };
    const monitor = new AnnouncementMonitor({ publisher: one, discovery, local, services, listening, events, now });
    closing.push(() => monitor.close());
    return monitor;
  }
  const setForeign = (...entries: readonly object[]) => own.cli('tags', '-set', `services=${writeTag(entries)}`);

  beforeAll(async () => {
    [own, neighbour] = (await startCommunity([{ name: 'own' }, { name: 'neighbour' }])) as [Agent, Agent];
    discovery = createDiscovery({ config: config(own) });
    await discovery.ready();
  });
  afterAll(async () => {
    await discovery.close();
    await killAgents();
  });

  it('is read by a neighbour with base64, bzip2 and jq, and by this panel as its own', async () => {
    await publisher().publish('proxy3', { description: 'Proxy of the square', attributes: 'a=1&b=2' }, null);
    await until('the neighbour sees it', async () => (await seenBy(neighbour, 'own')) !== null);
    const entry = JSON.parse(jq(await seenBy(neighbour, 'own'), '.[0]'));
    expect(entry).toEqual({
      ...{ s: 'proxy3', d: 'Proxy_of_the_square', i: own.address, p: '3128', e: '', t: 'a=1&b=2' },
      m: expect.any(String),
    });
    await until('it is listed as this node’s', () => discovery.providers('proxy3')[0]?.self === true);
  });

  it('previews exactly what neighbours will see, and the room it takes', async () => {
    await setForeign(FOREIGN);
    const one = publisher();
    const preview = await one.preview('proxy3', { description: 'x' });
    expect(preview).toMatchObject({ others: [expect.any(String)], limit: 512, fits: true });
    expect(JSON.parse(preview.others?.[0] ?? '')).toEqual(JSON.parse(jq(await seenBy(own, 'own'), '.[0]')));
    expect(jq(await seenBy(own, 'own'), 'length')).toBe('1');
    await one.publish('proxy3', { description: 'x' }, null);
    expect(JSON.parse(jq(await seenBy(own, 'own'), '.[1]'))).toEqual(preview.entry);
  });

  it('leaves other programs’ entries untouched, byte for byte', async () => {
    const theirs = `{ "t":"b=2","s" :"Docker", "i":"127.0.0.9","p":8080,"d":"L'a\\u0066" }`;
    const old = `{'s':'syncthing','d':'old','m':'m','i':'127.0.0.8','p':'22000','e':'','t':''}`;
    await own.cli('tags', '-set', `services=${writeTag(`[,${theirs},,${old},]`)}`, '-set', 'role=node');
    const one = publisher();
    await one.publish('proxy3', {}, null);
    const with3 = await seenBy(own, 'own');
    expect(with3?.startsWith(`[${theirs},${old},{"s":"proxy3"`)).toBe(true);
    await one.unpublish('proxy3');
    expect(await seenBy(own, 'own')).toBe(`[${theirs},${old}]`);
    expect(await own.cli('info')).toContain('role = node');
  });

  it('changes its own entry in place, even to another port, and removes the tag with its last entry', async () => {
    const one = publisher();
    await one.publish('proxy3', { port: '3128' }, null);
    await one.publish('dnsservice', {}, null);
    await one.publish('proxy3', { port: '8080' }, null);
    expect(jq(await seenBy(own, 'own'), '[.[]|.s+":"+.p]')).toBe('["proxy3:8080","dnsservice:53"]');
    await one.unpublish('proxy3');
    await one.unpublish('dnsservice');
    expect(await seenBy(own, 'own')).toBeNull();
    expect(one.all().size).toBe(0);
  });

  it('can end another program’s announcement of the same service at this address', async () => {
    await setForeign(FOREIGN, { ...FOREIGN, s: 'proxy3', i: own.address, p: '3128' });
    await publisher().unpublish('proxy3');
    expect(jq(await seenBy(own, 'own'), '[.[].s]')).toBe('["Docker"]');
  });

  it('refuses what would exceed 512 bytes of tags, and leaves them unchanged', async () => {
    const noise = (text: string) => hash('sha512', text, 'base64url');
    await setForeign({ ...FOREIGN, t: `k=${noise('theirs')}` });
    const before = await seenBy(own, 'own');
    const one = publisher();
    const form = { description: noise('description'), attributes: noise('one') + noise('two') };
    expect(await one.preview('proxy3', form)).toMatchObject({ fits: false });
    await expect(one.publish('proxy3', form, null)).rejects.toMatchObject({
      code: 'tags-full',
      message: expect.stringMatching(/would take \d+ bytes/),
    });
    expect(await seenBy(own, 'own')).toBe(before);
    expect(one.all().size).toBe(0);
  });

  it('counts to the byte as the agent does', async () => {
    const one = publisher();
    const fill = (length: number) => own.cli('tags', '-set', `fill=${'x'.repeat(length)}`);
    await one.publish('proxy3', {}, null);
    const { bytes } = await one.preview('proxy3', {});
    // The tag `fill` takes one byte and its four letters, three bytes of length, and its value.
    const room = 512 - (bytes ?? Number.NaN) - 5 - 3;
    await expect(fill(room + 1)).rejects.toThrow('Command failed');
    await fill(room);
    expect((await one.preview('proxy3', {})).bytes).toBe(512);
    await own.cli('tags', '-delete', 'fill');
  });

  it('does not touch an unreadable tag', async () => {
    await own.cli('tags', '-set', 'services=bm90IGJ6aXAy');
    await expect(publisher().publish('proxy3', {}, null)).rejects.toMatchObject({ code: 'tag-unreadable' });
    expect(await own.cli('info')).toContain('services = bm90IGJ6aXAy');
  });

  it('loses nothing from a program that changes the tag between our read and our write', async () => {
    await setForeign(FOREIGN, { ...FOREIGN, s: 'webdav' });
    let meddled = 0;
    const one = publisher({
      pack: async (pieces) => {
        const packed = await packTag(pieces);
        if (meddled++ === 0) await setForeign(FOREIGN, { ...FOREIGN, s: 'ipfs' });
        return packed;
      },
    });
    await one.publish('proxy3', {}, null);
    expect(jq(await seenBy(own, 'own'), '[.[].s]|sort')).toBe('["Docker","ipfs","proxy3"]');
  });

  it('gives up with a clear error when another program never stops', async () => {
    let count = 0;
    const one = publisher({
      pack: async () => {
        const tag = writeTag([FOREIGN, { ...FOREIGN, p: String(++count) }]);
        await own.cli('tags', '-set', `services=${tag}`);
        return writeTag([FOREIGN]);
      },
    });
    await expect(one.publish('proxy3', {}, null)).rejects.toMatchObject({ code: 'publish-failed' });
  });

  it('queues two requests of its own', async () => {
    const one = publisher();
    await Promise.all(['proxy3', 'dnsservice', 'webdav'].map((word) => one.publish(word, { port: '80' }, null)));
    expect(jq(await seenBy(own, 'own'), '[.[].s]|sort')).toBe('["dnsservice","proxy3","webdav"]');
  });

  it('is restored after the agent restarts with an empty tag', async () => {
    const one = publisher();
    await one.publish('proxy3', { description: 'remembered' }, null);
    keep(one);
    await own.kill();
    await own.start();
    await own.cli('join', `${neighbour.address}:${neighbour.gossipPort}`);
    await until('it is announced again', async () => jq(await seenBy(own, 'own'), '.[0].d') === '"remembered"');
    await until('the neighbour sees it', async () => jq(await seenBy(neighbour, 'own'), '.[0].d') === '"remembered"');
  });

  it.each([
    ['restored', (one: Publisher) => one.restore()],
    [
      'withdrawn',
      async (one: Publisher, isPacking: Promise<void>) => {
        await isPacking;
        expect(await one.withdraw('proxy3', 'silent')).toBe(false);
      },
    ],
  ])('anew stands, even where the old announcement is %s at that moment', async (_, act) => {
    let packed = 0;
    let begin = () => {};
    const isPacking = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const one = publisher({
      pack: (pieces) => {
        packed++;
        if (packed === 2) begin();
        return packTag(pieces);
      },
    });
    await one.publish('proxy3', { description: 'old' }, null);
    await Promise.all([one.publish('proxy3', { description: 'new' }, null), act(one, isPacking)]);
    expect(one.all().get('proxy3')).toMatchObject({ entry: { d: 'new' }, withdrawn: null });
    expect(jq(await seenBy(own, 'own'), '[.[].d]')).toBe('["new"]');
  });

  it('is retried at the next check, not at every change, where the tags had no room to restore it', async () => {
    let packed = 0;
    const one = publisher({
      pack: (pieces) => {
        packed++;
        return packTag(pieces);
      },
    });
    await one.publish('proxy3', {}, null);
    await own.kill();
    await own.start();
    await own.cli('tags', '-set', `fill=${'x'.repeat(490)}`);
    await until('the panel is connected again', () => discovery.sources()[0]?.state === 'up');
    const monitor = keep(one);
    await until('it was tried', () => packed === 2);
    const heard = new Promise<void>((resolve) => closing.push(discovery.onChange(resolve)));
    await own.cli('tags', '-delete', 'fill', '-set', 'role=changed');
    await heard;
    expect([packed, await seenBy(own, 'own')]).toEqual([2, null]);
    await monitor.check();
    expect(jq(await seenBy(own, 'own'), '[.[].s]')).toBe('["proxy3"]');
    expect(noted).toEqual(['schedule announced proxy3']);
    await own.cli('tags', '-delete', 'role');
  });

  it('is not restored when another program removes it while the agent runs: the page says so', async () => {
    const one = publisher();
    await one.publish('proxy3', {}, null);
    const monitor = keep(one);
    await monitor.check();
    await own.cli('tags', '-delete', 'services');
    await monitor.check();
    expect(one.all().get('proxy3')?.withdrawn).toMatchObject({ why: 'removed' });
    expect(noted).toEqual(['schedule removed proxy3']);
    expect(await seenBy(own, 'own')).toBeNull();
  });

  it('ends after a grace period when its unit does not run: at the third check, half an hour after the first', async () => {
    let clock = 0;
    const states = new Map<string, LocalService>();
    const state = (now: LocalState) => states.set('proxy3', { ...ABSENT, unit: 'squid.service', state: now });
    const one = publisher({ now: () => clock });
    await one.publish('proxy3', {}, 'squid.service');
    const monitor = keep(one, localIn(states), () => clock);
    const look = async (minutes: number) => {
      clock += minutes * MINUTE;
      await monitor.check();
      return (await seenBy(own, 'own')) !== null;
    };
    state('stopped');
    expect([await look(0), await look(15)]).toEqual([true, true]);
    state('running');
    expect(await look(14)).toBe(true);
    state('failed');
    expect([await look(1), await look(10), await look(10)]).toEqual([true, true, true]);
    expect(await look(10)).toBe(false);
    expect(one.all().get('proxy3')?.withdrawn).toEqual({ at: 60 * MINUTE, why: 'not-running' });
    expect(noted).toEqual(['schedule withdrawn proxy3']);
    await one.publish('proxy3', {}, null);
    expect(one.all().get('proxy3')?.withdrawn).toBeNull();
  });

  it('ends after the same grace period when it listens to no neighbour, never where that is unknown', async () => {
    let clock = 0;
    const states = new Map([['dnsservice', { ...ABSENT, unit: 'unbound.service', state: 'running' } as const]]);
    const one = publisher({ now: () => clock });
    const heard: { tcp: Listening | null; udp: Listening | null } = { tcp: 'closed', udp: null };
    const monitor = keep(
      one,
      localIn(states),
      () => clock,
      async (port, transport) => {
        expect(port).toBe(5353);
        return heard[transport];
      },
    );
    const look = async (minutes: number, found: Partial<typeof heard> = {}) => {
      clock += minutes * MINUTE;
      Object.assign(heard, found);
      await monitor.check();
      return one.all().get('dnsservice')?.withdrawn?.why ?? null;
    };
    await one.publish('dnsservice', { port: '5353' }, 'unbound.service');
    expect([await look(0), await look(20), await look(20), await look(20)]).toEqual([null, null, null, null]);
    expect([await look(1, { udp: 'loopback' }), await look(20)]).toEqual([null, null]);
    expect(await look(10, { udp: 'open' })).toBeNull();
    expect([await look(1, { udp: 'closed' }), await look(15), await look(14)]).toEqual([null, null, null]);
    expect(await look(1)).toBe('silent');
    expect(noted).toEqual(['schedule silent dnsservice']);
    expect(await seenBy(own, 'own')).toBeNull();
  });

  it('is judged by the sockets of this machine', async () => {
    let clock = 0;
    const states = new Map([['proxy3', { ...ABSENT, unit: 'squid.service', state: 'running' } as const]]);
    const one = publisher({ now: () => clock });
    const monitor = keep(one, localIn(states), () => clock, listening);
    const server = createServer().listen({ host: '0.0.0.0', port: 0 });
    await once(server, 'listening');
    await one.publish('proxy3', { port: String((server.address() as AddressInfo).port) }, 'squid.service');
    const look = async (minutes: number) => {
      clock = minutes * MINUTE;
      await monitor.check();
      return one.all().get('proxy3')?.withdrawn?.why ?? null;
    };
    expect([await look(0), await look(15), await look(30)]).toEqual([null, null, null]);
    await new Promise((resolve) => server.close(resolve));
    expect([await look(45), await look(60), await look(75)]).toEqual([null, null, 'silent']);
  });

  it('stays for a service unknown to systemd', async () => {
    let clock = 0;
    const one = publisher({ now: () => clock });
    await one.publish('owp', { port: '3000' }, null);
    const monitor = keep(one, localIn(new Map()), () => clock);
    for (const minutes of [0, 20, 40, 60]) {
      clock = minutes * MINUTE;
      await monitor.check();
    }
    expect(jq(await seenBy(own, 'own'), '[.[].s]')).toBe('["owp"]');
  });

  it('fails with a clear error while the agent is away', async () => {
    const lonely = await startAgent({ name: 'lonely' });
    const elsewhere = createDiscovery({ config: config(lonely) });
    closing.push(() => elsewhere.close());
    await elsewhere.ready();
    const store = openStore(':memory:');
    closing.push(() => store.close());
    const deps = { config: config(lonely), services, discovery: elsewhere, settings: store.settings, now: Date.now };
    await lonely.kill();
    await until('it is away', () => elsewhere.sources()[0]?.state === 'away');
    await expect(new Publisher(deps).preview('proxy3')).rejects.toMatchObject({ code: 'serf-away' });
  });
});
