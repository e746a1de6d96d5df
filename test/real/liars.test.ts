/** What strangers with made-up providers can take from real neighbours: turns of the schedule, and the day's bytes. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { ProbeResult, Prober } from '../../plugin/probe/index.js';
import { Scheduler, type SchedulerDeps } from '../../plugin/scan/scheduler.js';
import { seeded } from '../discovery/seeded.js';
import { answer, createScanner, providerAt, servicesOf, silence, typeWith } from '../scan/made.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0).reverse()) await close();
});

const refusal: ProbeResult = { level: 1, reason: 'refused' };
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const neighbours = numbers(20).map((index) => providerAt(`10.0.1.${index}`, { node: `neighbour ${index}` }));
const isReal = ({ address }: Pick<Provider, 'address'>) => address.startsWith('10.0.1.');

describe('unasked probes', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
      }),
  );

  /** A liar after this many changes of its port. */
  type Liar = (liar: number, port: number) => Provider;

  const fake = (address: string, node: string, port: number, change: Partial<Provider> = {}) =>
    providerAt(address, { id: `${address} ${node} ${port} ${change.type ?? ''}`, node, port: 1 + port, ...change });

  /** Background probes of the real neighbours in six days, while this many liars change their ports after each probe. */
  async function probesOfReal(liars: number, be: Liar, result: ProbeResult = refusal): Promise<number> {
    const providers = [...neighbours];
    const ports = numbers(liars).map(() => 0);
    for (const liar of ports.keys()) providers.push(be(liar, 0));
    const real = new Set<string>();
    let probes = 0;
    const probe: Prober = async ({ address, port }) => {
      if (isReal({ address })) {
        probes++;
        real.add(address);
        return answer();
      }
      const at = providers.findIndex((one) => one.address === address && one.port === port);
      const liar = at - neighbours.length;
      if (liar >= 0) {
        ports[liar] = (ports[liar] ?? 0) + 1;
        providers[at] = be(liar, ports[liar] ?? 0);
      }
      return result;
    };
    const thing = typeWith(probe);
    const world = createScanner(providers, probe, { services: servicesOf(thing, { ...thing, id: 'other' }) });
    const ranking: SchedulerDeps['ranking'] = (word) =>
      world
        .ranking(word)
        .map((one) => ({ ...one, high: one.score, recommended: false, estimate: null, hidden: false }));
    const draw = seeded(7);
    const random = () => draw(2 ** 32) / 2 ** 32;
    const config = { backgroundScan: true };
    const scheduler = new Scheduler({ ...world, config, ranking, busy: async () => null, random });
    closers.push(world.close, () => scheduler.close());
    scheduler.start();
    await vi.advanceTimersByTimeAsync(6 * DAY);
    await scheduler.close();
    expect(real.size).toBe(neighbours.length);
    return probes;
  }

  const LIES: readonly (readonly [string, Liar, ProbeResult?])[] = [
    ['of one host and name', (liar, port) => fake('10.66.0.1', 'liar', 100 * port + liar)],
    ['of many names on one host', (liar, port) => fake('10.66.0.1', `liar ${liar}`, 100 * port + liar)],
    ['of one name on many hosts', (liar, port) => fake(`10.66.1.${liar}`, 'liar', port)],
    [
      'of new names and addresses each time',
      (liar, port) => fake(`10.66.${liar}.${port % 250}`, `${liar} ${port}`, port),
    ],
    ['that answer', (liar, port) => fake('10.66.0.1', 'liar', 100 * port + liar), { level: 3, samples: [], facts: {} }],
    ['that are silent', (liar, port) => fake(`10.66.${liar}.${port % 250}`, `${liar} ${port}`, port), silence],
  ];

  /** Nobody lies: the same for all of them. */
  let without: number | undefined;
  it.each(LIES.map(([what, be, result = null]) => ({ what, be, result })))(
    'of 20 neighbours are at most 1.5 times rarer with 1, 5 and 64 renewing liars $what',
    async ({ be, result }) => {
      without ??= await probesOfReal(0, be);
      expect(without).toBeGreaterThan(150);
      for (const liars of [1, 5, 64])
        expect(without / (await probesOfReal(liars, be, result ?? undefined))).toBeLessThanOrEqual(1.5);
    },
  );

  it('reach 20 neighbours at most 1.5 times more rarely when 200 liars make up 100 types', async () => {
    const be: Liar = (liar, port) =>
      fake(`10.66.0.${liar}`, `liar ${liar}`, port, { type: `made up ${Math.floor(liar / 2)}` });
    without ??= await probesOfReal(0, be);
    const ratio = without / (await probesOfReal(200, be));
    expect(ratio).toBeLessThanOrEqual(1.5);
  });
});

describe('the day’s bytes', () => {
  const BYTES_PER_DAY = 10_800_000;
  const fakes = numbers(1_300).map((index) =>
    providerAt('10.66.0.1', { id: `fake ${index}`, node: 'liar', port: 10_000 + index }),
  );
  const elsewhere = numbers(1_300).map((index) =>
    providerAt(`10.66.${index >> 8}.${index & 255}`, { id: `fake ${index}`, node: `liar ${index}` }),
  );

  /** What the type declares, as the dearest does. */
  const COST = { packets: 31, bytes: 8_800 };

  /** Scans all, of whom the real ones are known to answer or not, and says what is left of the day, and of whom it was measured. */
  async function scanned(
    made: readonly Provider[],
    lie: Prober,
    { known = false, scans = 1, bytesPerDay = BYTES_PER_DAY } = {},
  ) {
    const probed: string[] = [];
    const probe: Prober = async (target, context) => {
      probed.push(target.address);
      if (!isReal(target)) return lie(target, context);
      context.traffic.headers = 500;
      return answer();
    };
    const services = servicesOf(typeWith(probe, { cost: COST }));
    const world = createScanner([...neighbours, ...made], probe, { bytesPerDay, services, concurrency: 8 });
    closers.push(world.close);
    const past = {
      type: 'thing',
      at: Date.now() - HOUR,
      bytes: 500,
      level: 3,
      reason: null,
      samples: [],
      facts: {},
    } as const;
    if (known) for (const { id } of neighbours) world.store.attempts.add({ ...past, provider: id });
    const before = world.scanner.spending().spent;
    probed.length = 0;
    const { bytes, providers, left } = world.scanner.quote('thing');
    let job = await world.jobs.ended(world.scanner.start('thing').id);
    const spent = world.scanner.spending().spent - before;
    for (let scan = 1; scan < scans; scan++) job = await world.jobs.ended(world.scanner.start('thing').id);
    return { job, spent, promised: bytes, providers, left, probed, share: spent / bytesPerDay };
  }

  const counting =
    (result: ProbeResult, { received = 0, headers = 0 }): Prober =>
    async (_, { traffic }) => {
      traffic.received += received;
      traffic.headers = headers;
      return result;
    };

  it.each<[string, { readonly made: readonly Provider[]; readonly lie: Prober }]>([
    ['closed ports on one address', { made: fakes, lie: counting(refusal, { headers: 100 }) }],
    ['closed ports on as many addresses', { made: elsewhere, lie: counting(refusal, { headers: 100 }) }],
    ['silent addresses', { made: elsewhere, lie: counting(silence, { headers: 180 }) }],
    [
      'answers of what the type declares',
      { made: elsewhere, lie: counting({ level: 2, reason: 'wrong-protocol' }, { received: 8_800 }) },
    ],
    ['floods of 64 KiB', { made: elsewhere, lie: counting({ level: 2, reason: 'too-large' }, { received: 65_536 }) }],
    [
      'answers that prove the service',
      { made: elsewhere, lie: counting({ level: 3, samples: [], facts: {} }, { received: 8_800 }) },
    ],
    ['probes that throw', { made: elsewhere, lie: () => Promise.reject(new Error('a mistake over made-up answers')) }],
  ])('of which a scan of 1,300 fakes leaves at least 70 percent: %s', async (_, { made, lie }) => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    closers.push(() => logged.mockRestore());
    const { job, share, probed } = await scanned(made, lie);
    expect(job).toMatchObject({ state: 'done', error: null });
    expect(share).toBeLessThanOrEqual(0.3);
    expect(new Set(probed.filter((address) => isReal({ address }))).size).toBe(neighbours.length);
  });

  it('count what was sent: a scan of 1,300 closed ports costs a hundredth of them', async () => {
    const probe = counting(refusal, { headers: 100 });
    const { providers, share } = await scanned(fakes, probe);
    expect(providers).toBeGreaterThan(60);
    expect(share).toBeLessThan(0.02);
  });

  it('go to known neighbours and strangers in turn, and cover every known one', async () => {
    const refused = counting(refusal, { headers: 100 });
    const { probed } = await scanned(elsewhere, refused, { known: true });
    expect(new Set(probed.slice(0, 2 * neighbours.length + 8).filter((address) => isReal({ address }))).size).toBe(20);
    const short = await scanned(elsewhere, refused, { known: true, bytesPerDay: 400_000 });
    expect(new Set(short.probed.filter((address) => isReal({ address }))).size).toBe(20);
    expect(short.promised).toBeGreaterThan(0.3 * 400_000);
  });

  it('match the quote: no more is spent than the page says, and the job counts what is left out', async () => {
    const { spent, promised, providers, left, job, probed } = await scanned(
      fakes,
      counting(refusal, { received: 8_800 }),
    );
    expect(spent).toBeLessThanOrEqual(promised);
    expect([providers + left, left > 0]).toEqual([1_320, true]);
    expect(job.total - job.done).toBe(left);
    expect(probed.filter((address) => !isReal({ address }))).toHaveLength(providers - neighbours.length);
  });

  it('reach everybody in a few scans, starting with those left out of the last one', async () => {
    const { probed, left } = await scanned(elsewhere, counting(refusal, { headers: 100 }), { scans: 2 });
    expect(left).toBeGreaterThan(0);
    const fakesProbed = probed.filter((address) => !isReal({ address }));
    expect(new Set(fakesProbed).size).toBe(fakesProbed.length);
  });
});
