/** Whose fault silence is: what is stored and what is not when nobody answers. */
import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { ProbeResult, Prober } from '../../plugin/probe/index.js';
import { openUdp } from '../../plugin/probe/udp.js';
import { answer, createScanner, five, type Options, providerAt, servicesOf, silence, typeWith } from './made.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0).reverse()) await close();
});

const HOUR = 3_600_000;
const refusal: ProbeResult = { level: 1, reason: 'refused' };
const idle = () => new AbortController().signal;

/** Providers with a given result by address: they answer by default, for as many probes as the link lasts. */
function community(providers: readonly Provider[], options: Options = {}) {
  const tells = new Map<string, ProbeResult>();
  const probed: string[] = [];
  const link = { holds: Number.POSITIVE_INFINITY };
  const probe: Prober = async ({ address }) => {
    probed.push(address);
    return probed.length > link.holds ? silence : (tells.get(address) ?? answer());
  };
  const thing = typeWith(probe);
  const all = createScanner(providers, probe, {
    services: servicesOf(thing, { ...thing, id: 'other thing' }),
    ...options,
  });
  closers.push(all.close);
  const scan = async (id?: string) => all.jobs.ended(all.scanner.start('thing', id).id);
  /** What each has on record answered, or was silent or refused, so long ago. */
  const record = (provider: Provider, result: ProbeResult, hoursAgo = 1) => {
    const at = Date.now() - hoursAgo * HOUR;
    const tried = { provider: provider.id, type: provider.type, at, bytes: 100, level: result.level };
    all.store.attempts.add(
      'reason' in result
        ? { ...tried, reason: result.reason, detail: null }
        : { ...tried, reason: null, samples: [], facts: {} },
    );
  };
  const fails = (of: string) => all.attempts(of).filter(({ reason }) => reason !== null).length;
  return { ...all, tells, link, probed, scan, record, fails };
}

const answered: ProbeResult = { level: 3, samples: [], facts: {} };
const three = five.slice(0, 3).map((address) => providerAt(address));

describe('a scan in which nobody answers', () => {
  it('fails as this node’s own outage when three hosts answered before, stores nothing, and counts the bytes', async () => {
    const { scan, tells, record, attempts, scanner } = community(three);
    for (const provider of three) record(provider, answered);
    for (const { address } of three) tells.set(address, silence);
    expect(await scan()).toMatchObject({ state: 'failed', error: { code: 'own-outage' } });
    expect(attempts()).toHaveLength(3);
    expect(scanner.spending().spent).toBe(600);
    expect(scanner.cut).toBe(true);
  });

  it('blames the providers when only two hosts answered before, however many there are', async () => {
    const providers = five.map((address) => providerAt(address));
    const { scan, tells, record, fails, scanner } = community(providers);
    for (const provider of providers.slice(0, 2)) record(provider, answered);
    for (const address of five) tells.set(address, silence);
    expect(await scan()).toMatchObject({ state: 'done' });
    expect(fails('thing')).toBe(5);
    expect(scanner.cut).toBe(false);
  });

  it('blames the provider when the three silent services are on one host', async () => {
    const twins = [1, 2, 3].map((port) => providerAt('10.0.0.1', { id: `p${port}`, port }));
    const { scan, tells, record, fails } = community(twins);
    for (const provider of twins) record(provider, answered);
    tells.set('10.0.0.1', silence);
    expect(await scan()).toMatchObject({ state: 'done' });
    expect(fails('thing')).toBe(3);
  });

  it('blames the providers when a witness of another type answers', async () => {
    const other = providerAt('10.0.0.9', { type: 'other thing' });
    const { scan, tells, record, fails, attempts } = community([...three, other]);
    for (const provider of [...three, other]) record(provider, answered);
    for (const { address } of three) tells.set(address, silence);
    expect(await scan()).toMatchObject({ state: 'done' });
    expect(fails('thing')).toBe(3);
    expect(attempts('other thing')).toHaveLength(2);
  });

  it('reports a witness under its own type', async () => {
    const ended = vi.fn();
    const other = providerAt('10.0.0.9', { type: 'other thing' });
    const { scan, tells, record } = community([...three, other], { ended });
    for (const provider of [...three, other]) record(provider, answered);
    for (const { address } of three) tells.set(address, silence);
    await scan();
    expect(new Map(ended.mock.calls.map(([type, providers]) => [type, [...providers].sort()]))).toEqual(
      new Map([
        ['thing', three.map(({ id }) => id)],
        ['other thing', ['10.0.0.9']],
      ]),
    );
  });

  it('blames the providers when a host at least refuses', async () => {
    const { scan, tells, record, fails } = community(three);
    for (const provider of three) record(provider, answered);
    for (const { address } of three) tells.set(address, silence);
    tells.set('10.0.0.2', refusal);
    expect(await scan()).toMatchObject({ state: 'done' });
    expect(fails('thing')).toBe(3);
  });

  it('does not count this node’s own service as a witness', async () => {
    const own = providerAt('10.0.0.5', { self: true });
    const { scan, tells, record, attempts, fails } = community([...three, own]);
    for (const provider of three) record(provider, answered);
    for (const { address } of three) tells.set(address, silence);
    expect(await scan()).toMatchObject({ state: 'failed', error: { code: 'own-outage' } });
    expect(attempts().filter(({ provider }) => provider === own.id)).toHaveLength(1);
    expect(fails('thing')).toBe(0);
  });

  it('ends at once when the link breaks in the middle, and keeps what came before', async () => {
    const { scan, link, attempts } = community(three);
    link.holds = 6;
    expect(await scan()).toMatchObject({ state: 'failed', error: { code: 'own-outage' } });
    expect(attempts().map(({ reason }) => reason)).toEqual(Array(6).fill(null));
  });

  it('of one provider is always stored, so that a person can check an outage', async () => {
    const { scan, tells, record, fails } = community(three);
    for (const provider of three) record(provider, answered);
    for (const { address } of three) tells.set(address, silence);
    await scan();
    expect(await scan('10.0.0.1')).toMatchObject({ state: 'done' });
    expect(fails('thing')).toBe(1);
  });
});

describe('an unasked probe', () => {
  it('tries the two newest witnesses when a known provider is silent, and blames this node when all three are', async () => {
    const providers = five.map((address) => providerAt(address));
    const { scanner, tells, record, probed, attempts } = community(providers);
    for (const [index, provider] of providers.entries()) record(provider, answered, index + 1);
    for (const address of five) tells.set(address, silence);
    await scanner.background('thing', '10.0.0.5', idle());
    expect(probed).toEqual(['10.0.0.5', '10.0.0.1', '10.0.0.2']);
    expect(attempts()).toHaveLength(5);
    expect(scanner.cut).toBe(true);
    tells.clear();
    await scanner.background('thing', '10.0.0.5', idle());
    expect(scanner.cut).toBe(false);
    expect(attempts()).toHaveLength(6);
  });

  it('blames the provider as soon as one witness answers, and stores that answer', async () => {
    const ended = vi.fn();
    const other = providerAt('10.0.0.9', { type: 'other thing' });
    const { scanner, tells, record, probed, fails, attempts } = community([...three, other], { ended });
    for (const provider of three) record(provider, answered, 2);
    record(other, answered);
    tells.set('10.0.0.1', silence);
    await scanner.background('thing', '10.0.0.1', idle());
    expect(probed).toEqual(['10.0.0.1', '10.0.0.9']);
    expect([fails('thing'), attempts('other thing').length]).toEqual([1, 2]);
    expect(ended.mock.calls).toEqual([
      ['thing', ['10.0.0.1']],
      ['other thing', ['10.0.0.9']],
    ]);
    // It was silent before: no news, so no witness is tried.
    await scanner.background('thing', '10.0.0.1', idle());
    expect(probed).toHaveLength(3);
    expect(fails('thing')).toBe(2);
  });

  it('tries no witness when there are too few to tell, or when the provider refuses', async () => {
    const { scanner, tells, record, probed, fails } = community(three.slice(0, 2));
    for (const provider of three.slice(0, 2)) record(provider, answered);
    tells.set('10.0.0.1', silence).set('10.0.0.2', refusal);
    await scanner.background('thing', '10.0.0.1', idle());
    await scanner.background('thing', '10.0.0.2', idle());
    expect(probed).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(fails('thing')).toBe(2);
  });

  it('stores no failure while this node is cut off', async () => {
    const providers = five.slice(0, 4).map((address) => providerAt(address));
    const { scanner, tells, record, fails } = community(providers);
    for (const [index, provider] of providers.entries()) record(provider, index === 3 ? silence : answered);
    for (const address of five) tells.set(address, silence);
    await scanner.background('thing', '10.0.0.1', idle());
    await scanner.background('thing', '10.0.0.4', idle());
    expect(scanner.cut).toBe(true);
    expect(fails('thing')).toBe(1);
  });

  it('believes an outage for ten minutes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { scanner, tells, record } = community(three);
    for (const provider of three) record(provider, answered);
    for (const { address } of three) tells.set(address, silence);
    await scanner.background('thing', '10.0.0.1', idle());
    vi.advanceTimersByTime(599_000);
    expect(scanner.cut).toBe(true);
    vi.advanceTimersByTime(2_000);
    expect(scanner.cut).toBe(false);
  });

  it('takes no witness whose identity was checked in the last six hours', async () => {
    const probe: Prober = async () => silence;
    const services = servicesOf(typeWith(probe), typeWith(probe, { id: 'other thing', identifies: true }));
    const witnesses = ['10.0.0.8', '10.0.0.9'].map((address) => providerAt(address, { type: 'other thing' }));
    const all = [providerAt('10.0.0.1'), ...witnesses];
    const tried = async (hoursAgo: number) => {
      const { scanner, record } = community(all, { services });
      for (const provider of all) record(provider, answered, hoursAgo);
      await scanner.background('thing', '10.0.0.1', idle());
      return scanner.cut;
    };
    expect([await tried(5), await tried(7)]).toEqual([false, true]);
  });

  it('tells a dead neighbour from a dead link on real sockets', async () => {
    const hosts = ['127.61.7.1', '127.61.7.2', '127.61.7.3'];
    const silent = new Set<string>();
    const providers = await Promise.all(
      hosts.map(async (host) => {
        const socket = createSocket('udp4');
        socket.on('message', (datagram, { port, address }) => {
          if (!silent.has(host)) socket.send(datagram, port, address);
        });
        await new Promise<void>((done) => socket.bind(0, host, done));
        closers.push(() => socket.close());
        return providerAt(host, { port: socket.address().port });
      }),
    );
    const echo: Prober = async (target, context) => {
      const udp = await openUdp(target, context);
      if ('reason' in udp) return udp;
      const ask = () => ({ datagram: Buffer.from('?'), read: () => 'heard' });
      const pong = await udp.ask(ask, 1, 100).finally(() => udp.close());
      return 'reason' in pong ? pong : answer();
    };
    const { scanner, attempts, close } = createScanner(providers, echo);
    closers.push(close);
    const probe = async (id: string) => {
      await scanner.background('thing', id, idle());
      return { kept: attempts().length, failed: attempts().filter(({ reason }) => reason !== null).length };
    };
    for (const host of hosts) await probe(host);
    for (const host of hosts) silent.add(host);
    expect(await probe('127.61.7.1')).toEqual({ kept: 3, failed: 0 });
    silent.delete('127.61.7.3');
    expect(await probe('127.61.7.1')).toMatchObject({ failed: expect.any(Number) });
    expect(scanner.cut).toBe(false);
    expect(attempts().find(({ reason }) => reason !== null)).toMatchObject({ provider: '127.61.7.1' });
  });
});
