/** A community full of providers that misbehave, one of each kind for every type, scanned all at once beside good ones. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICES_DIR } from '../../plugin/config/paths.js';
import { IDENTITIES } from '../../plugin/demo/identity.js';
import type { Job } from '../../plugin/model/job.js';
import type { Provider } from '../../plugin/model/provider.js';
import { Ranking } from '../../plugin/panel/ranking.js';
import type { ServiceType } from '../../plugin/services/contract.js';
import { loadServices } from '../../plugin/services/index.js';
import { quietPort } from '../ports.js';
import { ownAddress, settledSockets } from '../probe/servers.js';
import { type Bad, BEHAVIOURS, BEHAVIOURS_BY_UDP, type Behaviour, type Good } from '../scan/bad.js';
import { createScanner, providerAt, silence } from '../scan/made.js';
import type { Told } from './bad-main.js';

/** The most that the configuration allows. */
const CONCURRENCY = 16;
/** What a probe has, and half as much again for a machine that is busy, ms. */
const LATEST_MS = 8_000 * 1.5;
/** What a probe may take off the wire, bytes: its largest cap, and a read of the system's on either of two connections. */
const MOST_READ = 3 * 65_536;

const { deviceId = '', tub = '' } = IDENTITIES[0] ?? {};
/** What both kinds announce: none is let off for want of an identity to check. */
const TXT: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  syncthing: new Map([['node_id', deviceId]]),
  'tahoe-lafs': new Map([['node_id', tub]]),
};
const GOOD: readonly (Good['good'] & { readonly level: number })[] = [
  { type: 'dnsservice', behaves: 'serves', level: 4 },
  { type: 'owp', behaves: 'serves', level: 3 },
  { type: 'peerstreamer', behaves: 'serves', level: 5 },
  { type: 'proxy3', behaves: 'serves', level: 3 },
  { type: 'serf', behaves: 'serves', level: 3 },
  { type: 'snpservice', behaves: 'serves', level: 3 },
  { type: 'syncthing', behaves: 'serves', level: 4 },
  { type: 'tahoe-lafs', behaves: 'serves', level: 4 },
  { type: 'tincvpn', behaves: 'old', level: 3 },
];

const registry = await loadServices();
const WORDS = readdirSync(SERVICES_DIR)
  .filter((name) => !['README.md', 'check.ts', 'contract.ts', 'steps.ts'].includes(name))
  .map((name) => basename(name, '.ts'))
  .filter((word) => word !== 'index');
const CASES = WORDS.flatMap((word) => {
  const behaviours = registry.of(word).transports[0] === 'udp' ? BEHAVIOURS_BY_UDP : BEHAVIOURS;
  return behaviours.map((behaves) => ({ word, behaves, id: `${word} ${behaves}` }));
});

const TO_HTTP_ONLY = /^(redirects|lies|answers)|headers|interim|body|believed/;
/** What cannot be told from a good provider, by the nature of the service. */
const UNTOLD: Readonly<Record<string, (behaves: Behaviour) => boolean>> = {
  // Keeps silent towards strangers.
  tincvpn: (behaves) => behaves === 'hangs' || TO_HTTP_ONLY.test(behaves),
  // Any answer of a web server will do, and what is none may be another service.
  Docker: (behaves) => /^(redirects|answers|hangs|closes|resets|speaks another|lies)|body/.test(behaves),
  // The same, of which it reads the head alone.
  web: (behaves) => /^(redirects|answers|lies)|body/.test(behaves),
  // Only its port is known.
  other: () => true,
};

/** The real types; `probed` gets to know what each probe did, and how many ran at once. */
function watched() {
  const probed: { readonly address: string; readonly ms: number; readonly read: number }[] = [];
  let [running, most] = [0, 0];
  const watch = (type: ServiceType): ServiceType => ({
    ...type,
    probe: async (target, context) => {
      const started = performance.now();
      most = Math.max(most, ++running);
      try {
        return await type.probe(target, context);
      } finally {
        running--;
        probed.push({
          address: target.address,
          ms: performance.now() - started,
          read: context.traffic.received,
        });
      }
    },
  });
  return { services: { ...registry, of: (word: string) => watch(registry.of(word)) }, probed, most: () => most };
}

type Held = { readonly sockets: readonly string[]; readonly timers: number };
const holding = async (): Promise<Held> => ({
  sockets: await settledSockets(),
  timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
});

const providers: Provider[] = [];
const places: (Bad | Good)[] = [];
const watching = watched();
let folder: string;
let child: ChildProcess;
let beside: Server;
let strays = 0;
let world: ReturnType<typeof createScanner>;
let jobs: readonly Job[];
let held: Held;
let left: Held;

function placeOf(type: string, id: string): { address: string; port: number } {
  const at = { address: ownAddress(), port: quietPort() };
  providers.push(providerAt(at.address, { ...at, id, type, txt: TXT[type] ?? new Map() }));
  return at;
}

/** They are a process of their own: their floods must not hold up the scan in any other way than over the wire. */
async function openAll(elsewhere: Told['elsewhere']): Promise<void> {
  for (const { word, behaves, id } of CASES) places.push({ ...placeOf(word, id), behaves });
  for (const { level, ...good } of GOOD) places.push({ ...placeOf(good.type, `${good.type} good`), good });
  folder = mkdtempSync(join(tmpdir(), 'bad-'));
  const outfile = join(folder, 'main.cjs');
  const entryPoints = [join(import.meta.dirname, 'bad-main.ts')];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' });
  child = fork(outfile, { execArgv: [] });
  child.send({ places, elsewhere } satisfies Told);
  await once(child, 'message');
}

beforeAll(async () => {
  const elsewhere = { address: ownAddress(), port: quietPort() };
  beside = createServer((socket) => {
    strays++;
    socket.destroy();
  }).listen(elsewhere.port, elsewhere.address);
  await openAll(elsewhere);
  held = await holding();
  world = createScanner(providers, async () => silence, { services: watching.services, concurrency: CONCURRENCY });
  const started = WORDS.map((word) => world.scanner.start(word));
  jobs = await Promise.all(started.map(({ id }) => world.jobs.ended(id)));
  left = await holding();
});

afterAll(async () => {
  await world.close();
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
  rmSync(folder, { recursive: true });
  await new Promise((done) => beside.close(done));
});

const newest = (word: string, id: string) => world.store.attempts.of(word, id, 1)[0];

describe('a scan of a community in which nearly everybody misbehaves', () => {
  it('ends for every type', () => {
    expect(jobs.map(({ state, error }) => [state, error])).toEqual(jobs.map(() => ['done', null]));
  });

  it('stores a reason and no number for each of them', () => {
    const told = CASES.filter(({ word, behaves }) => !UNTOLD[word]?.(behaves));
    expect(told.length).toBeGreaterThan(120);
    const believed = told.filter(({ word, id }) => !newest(word, id)?.reason || newest(word, id)?.level === 5);
    expect(believed).toEqual([]);
    const numbers = told.filter(({ word, id }) => 'samples' in (newest(word, id) ?? {}));
    expect(numbers).toEqual([]);
  });

  it('credits impostors with no more than they show', () => {
    const untold = CASES.filter(({ word, behaves }) => UNTOLD[word]?.(behaves));
    const proven = untold.filter(
      ({ word, id }) => (newest(word, id)?.level ?? 9) > (['Docker', 'web'].includes(word) ? 3 : 2),
    );
    expect(proven).toEqual([]);
  });

  it('ranks the good provider of each type above all that can be told from it', () => {
    const ranking = new Ranking({
      ...world,
      discovery: { ...world.discovery, estimates: async () => new Map() },
      now: Date.now,
    });
    const untold = new Set(CASES.filter(({ word, behaves }) => UNTOLD[word]?.(behaves)).map(({ id }) => id));
    const best = GOOD.map(({ type }) => ranking.of(type).find(({ provider }) => !untold.has(provider.id)));
    expect(best.map((one) => [one?.provider.id, one?.level, one?.reason, (one?.score ?? 0) > 50])).toEqual(
      GOOD.map(({ type, level }) => [`${type} good`, level, null, true]),
    );
  });

  it('lets none outlast its deadline, and reads no more than its caps', () => {
    const { probed } = watching;
    expect(new Set(probed.map(({ address }) => address)).size).toBe(providers.length);
    expect(probed.filter(({ ms, read }) => ms > LATEST_MS || read > MOST_READ)).toEqual([]);
    expect(Math.max(...probed.map(({ read }) => read))).toBeGreaterThan(10_000);
  });

  it('uses its whole concurrency, and no more', () => {
    expect(watching.most()).toBe(CONCURRENCY);
  });

  it('follows no redirect', () => {
    expect(strays).toBe(0);
  });

  it('leaves no socket and no timer behind', () => {
    expect(left).toEqual(held);
  });
});
