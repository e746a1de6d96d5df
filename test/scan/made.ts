/** A small community for the tests of this room: providers, a type, and a scanner on a store of its own. */
import { Jobs } from '../../plugin/jobs/index.js';
import type { Clock } from '../../plugin/lib/clock/index.js';
import type { Attempt } from '../../plugin/model/attempt.js';
import type { Provider } from '../../plugin/model/provider.js';
import type { ProbeResult, Prober } from '../../plugin/probe/index.js';
import { Scanner, type ScannerDeps } from '../../plugin/scan/scanner.js';
import { Terms } from '../../plugin/scan/scheduler/terms.js';
import type { Standing } from '../../plugin/scan/target.js';
import type { ServiceRegistry, ServiceType } from '../../plugin/services/contract.js';
import { openStore, type Store } from '../../plugin/store/index.js';

export const providerAt = (address: string, change: Partial<Provider> = {}): Provider => ({
  id: address,
  type: 'thing',
  node: `node ${address}`,
  host: '',
  address,
  port: 1,
  description: '',
  community: '',
  txt: new Map(),
  gossip: null,
  sources: ['list'],
  self: false,
  barred: null,
  stale: false,
  heardAt: 0,
  ...change,
});

export const typeWith = (probe: Prober, change: Partial<ServiceType> = {}) =>
  ({ id: 'thing', probe, cost: { packets: 2, bytes: 100 }, metrics: [], ...change }) as unknown as ServiceType;

export const servicesOf = (...types: readonly ServiceType[]): ServiceRegistry => ({
  types,
  of: (word) => types.find(({ id }) => id === word) ?? (types[0] as ServiceType),
  has: () => true,
  canonical: (word) => word,
  recognise: () => null,
});

/** A time so long that only a stall of 150 ms would invalidate it: shorter ones happen on a busy machine. */
export const answer = async () =>
  ({ level: 3, samples: [{ metric: 'rtt', value: 5_000, method: 'udp' }], facts: {} }) as const;
export const silence: ProbeResult = { level: 0, reason: 'timeout' };

/** Probes that wait until they are released, and list who waits. */
export function pendingProbe() {
  const waiting: { address: string; letGo: () => void }[] = [];
  const probe: Prober = ({ address }, { signal }) =>
    new Promise((resolve, reject) => {
      waiting.push({ address, letGo: () => resolve(answer()) });
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  return { waiting, probe };
}

export const turn = () => new Promise((resolve) => setImmediate(resolve));
export const five = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];

export interface Options extends Partial<Pick<ScannerDeps, 'pauses' | 'ended' | 'now' | 'measurer'>> {
  readonly bytesPerDay?: number;
  readonly concurrency?: number;
  /** In place of `now`: one that is set meanwhile. */
  readonly clock?: Clock;
  /** `thing` alone when left out. */
  readonly services?: ServiceRegistry;
}

/** The newest attempts of each provider; as in the panel, only of those that gained one they are read again. */
function recentAttempts({ attempts }: Pick<Store, 'attempts'>): (word: string) => ReadonlyMap<string, Attempt[]> {
  const watch = attempts.watch();
  const known = new Map<string, Map<string, Attempt[]>>();
  return (word) => {
    const changed = watch();
    if (changed === 'all') known.clear();
    else for (const [type, ids] of changed) for (const id of ids) known.get(type)?.set(id, attempts.of(type, id));
    const all = known.get(word) ?? attempts.recent(word);
    known.set(word, all);
    return all;
  };
}

/** A scanner and all that it needs. `close` ends all of it. */
export function createScanner(providers: readonly Provider[], probe: Prober, options: Options = {}) {
  const { bytesPerDay = 1e9, concurrency = 3, services = servicesOf(typeWith(probe)), clock, ...others } = options;
  const rest = clock ? { ...others, now: () => clock.now(), time: clock } : others;
  const store = openStore(':memory:', clock ?? rest.now);
  const jobs = new Jobs(store.jobs, rest.now);
  clock?.onJump((jump) => jobs.move(jump));
  const discovery = {
    providers: (word?: string) => providers.filter(({ type }) => word === undefined || type === word),
  };
  const recent = recentAttempts(store);
  const ranking = (word: string): (Standing & { readonly failures: number })[] => {
    const attempts = recent(word);
    return discovery.providers(word).map((provider) => {
      const own = attempts.get(provider.id) ?? [];
      const answered = own.findIndex(({ reason }) => reason === null);
      const failures = answered === -1 ? own.length : answered;
      const samples = own.filter(({ reason }) => reason === null).length;
      const score = answered === -1 ? null : 50;
      return { provider, score, measuredAt: own[0]?.at ?? null, failures, samples, recommended: false };
    });
  };
  const config = { scanConcurrency: concurrency, scanBytesPerDay: bytesPerDay };
  const terms = new Terms(store.settings, bytesPerDay);
  const scanner = new Scanner({
    ...{ config, services, discovery, jobs, store, ranking, terms, random: () => 0 },
    ...rest,
  });
  const attempts = (word = 'thing'): Attempt[] => [...store.attempts.recent(word, 1_000).values()].flat();
  const close = async () => {
    await jobs.close();
    await scanner.close();
    store.close();
  };
  return { scanner, terms, jobs, store, services, discovery, ranking, attempts, close };
}
