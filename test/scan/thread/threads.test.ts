/** Scans that measure in threads: what such a thread finds, and that its end ends a scan and nothing else. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { log } from '../../../plugin/lib/log.js';
import type { Job } from '../../../plugin/model/job.js';
import type { Sample } from '../../../plugin/model/sample.js';
import type { Pinger } from '../../../plugin/probe/ping.js';
import { HostPings } from '../../../plugin/scan/attempt/host-pings.js';
import type { AttemptTerms, Measurer } from '../../../plugin/scan/attempt/measurer.js';
import type { Placed } from '../../../plugin/scan/attempt.js';
import { Threads } from '../../../plugin/scan/thread/threads.js';
import { loadServices } from '../../../plugin/services/index.js';
import { nameServers } from '../../name-servers.js';
import { quietPort } from '../../ports.js';
import { until } from '../../real/agents.js';
import { stopwatch } from '../../stopwatch.js';
import { createScanner, providerAt } from '../made.js';
import { WAYS } from './ways.js';

/** Another one for each process: several may run this at once. */
const NET = 100 + (process.pid % 100);
const PORT = quietPort();
const COUNT = 12;
const DELAY_MS = 20;
/** A clock of its own, ms since the epoch: not so long ago that it is pruned. */
const NOW = Date.now() - 60_000;
const PROGRAM = join(import.meta.dirname, 'breakable.ts');

const services = await loadServices();
const type = services.of('dnsservice');
const providers = Array.from({ length: COUNT }, (_, nth) =>
  providerAt(`127.${NET}.0.${nth + 1}`, { type: 'dnsservice', port: PORT }),
) as Placed[];
const [first] = providers as [Placed];
const silent = providerAt(`127.${NET}.1.1`, { type: 'other', port: PORT }) as Placed;

let servers: Awaited<ReturnType<typeof nameServers>>;
beforeAll(async () => {
  servers = await nameServers(NET, PORT, COUNT, DELAY_MS);
});
afterAll(() => servers.close());
let mistakes: string[];
beforeEach(() => {
  mistakes = [];
  const logged = vi.spyOn(log, 'error').mockImplementation((what) => void mistakes.push(String(what)));
  onTestFinished(() => logged.mockRestore());
});

const threadCount = () => readdirSync('/proc/self/task').length;
const terms = (of: Partial<AttemptTerms> = {}): AttemptTerms => ({ signal: new AbortController().signal, ...of });

function open(options: ConstructorParameters<typeof Threads>[1] = {}, pinger?: Pick<Pinger, 'path' | 'width'>) {
  const threads = new Threads({ now: () => NOW, pings: pinger && new HostPings(pinger) }, options);
  onTestFinished(() => threads.close());
  return threads;
}

/** Whether this user may raise the priority of a process. */
function mayGoFirst(): boolean {
  const child = spawn('sleep', ['60']);
  try {
    setPriority(child.pid as number, -10);
    return true;
  } catch {
    return false;
  } finally {
    child.kill();
  }
}

describe('an attempt in a thread', () => {
  it('finds what one in this thread finds, at the time of this thread’s clock', async () => {
    const { attempt, lagged, bytes } = await open().attempt({}, type, first, terms());
    expect(attempt).toMatchObject({ provider: first.id, type: 'dnsservice', at: NOW, level: 4, reason: null, bytes });
    expect({ lagged, facts: attempt?.reason === null && attempt.facts }).toMatchObject({
      facts: { zones: 'guifi.net' },
    });
  });

  it('leaves pings to this thread, with the limit of the probe, and takes what they say', async () => {
    const asked: unknown[] = [];
    const loss: Sample = { metric: 'loss', value: 0.25, method: 'ping' };
    const path = async (address: string, { limitMs }: { readonly limitMs: number }) => {
      asked.push(address, limitMs > DELAY_MS);
      return [loss];
    };
    const threads = open({}, { path, width: async () => [] });
    let outcome = await threads.attempt({}, type, first, terms());
    // Without its times it is not pinged.
    while (asked.length === 0) outcome = await threads.attempt({}, type, first, terms());
    const { attempt } = outcome;
    expect(asked).toEqual([first.address, true]);
    expect(attempt?.reason === null && attempt.samples.at(-1)).toEqual(loss);
  });

  it('ends with its signal, for its reason, and the thread goes on', async () => {
    const threads = open();
    const abort = new AbortController();
    const trying = threads.attempt({}, services.of('peerstreamer'), first, terms({ signal: abort.signal }));
    const reason = new Error('cancelled');
    setTimeout(() => abort.abort(reason), 20);
    await expect(trying).rejects.toBe(reason);
    expect(await threads.attempt({}, type, first, terms())).toMatchObject({ attempt: { reason: null } });
  });

  it('has one listener of the scan’s signal at most, however many wait for it', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const [threads, scan, { signal }] = [open(), {}, new AbortController()];
    await Promise.all(providers.map((provider) => threads.attempt(scan, type, provider, terms({ signal }))));
    expect(warned).not.toHaveBeenCalled();
  });

  it('serves unknown types, and hands over the account', async () => {
    const threads = open();
    const account = { user: 'anna', password: 'horse' };
    const asked = { asked: true, account };
    expect(await threads.attempt({}, services.of('any word'), silent, terms(asked))).toMatchObject({
      attempt: { type: 'other', level: 1 },
    });
  });
});

describe('threads', () => {
  it('start when they are needed, serve one scan at a time, and end when nothing needs them', async () => {
    const before = threadCount();
    const threads = open();
    expect(threadCount()).toBe(before);
    const [one, other] = [{}, {}];
    const attempts = [one, one, other, one].map((scan) => threads.attempt(scan, type, first, terms()));
    expect(threadCount() - before).toBe(2);
    await Promise.all(attempts);
    await until('they have ended', () => threadCount() <= before);
  });

  it('may be silent for longer until they have begun', async () => {
    const threads = open({ program: join(import.meta.dirname, 'late.ts'), patience: 4 });
    expect(await threads.attempt({}, type, first, terms())).toMatchObject({ attempt: { reason: null } });
  });

  it('go before others, where that is permitted, and this thread does not', async () => {
    const threads = open();
    await threads.attempt({}, type, first, terms());
    const priorities = readdirSync('/proc/self/task').map((id) => getPriority(Number(id)));
    expect(priorities.filter((priority) => priority < 0)).toEqual(mayGoFirst() ? [-10] : []);
    expect(getPriority()).toBeGreaterThanOrEqual(0);
  });

  it('are closed within a second, in the middle of an attempt too', async () => {
    const before = threadCount();
    const threads = open();
    const trying = threads.attempt({}, services.of('peerstreamer'), first, terms());
    trying.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    const elapsed = stopwatch();
    await threads.close();
    expect(elapsed()).toBeLessThan(1_000);
    await expect(trying).rejects.toMatchObject({ code: 'interrupted' });
    expect(threadCount()).toBe(before);
  });
});

describe.each(WAYS)('a thread that %s', (way) => {
  // A loop is noticed by silence.
  const breakable = { program: PROGRAM, patience: way === 'loops for ever' ? 4 : 60 };
  /** Scans; the next attempt after so many are stored breaks the thread, others being under way. */
  async function scan(threads: Threads, stored: number) {
    let isDue = false;
    const measurer: Measurer = {
      pings: threads.pings,
      attempt: (scan, type, provider, terms) => {
        const target = isDue ? { ...provider, description: way } : provider;
        isDue = false;
        return threads.attempt(scan, type, target, terms);
      },
      close: () => threads.close(),
    };
    const all = createScanner(providers, type.probe, { services, measurer });
    const { scanner, jobs, store, attempts, close } = all;
    const told: string[] = [];
    const add = store.attempts.add.bind(store.attempts);
    vi.spyOn(store.attempts, 'add').mockImplementation((attempt) => {
      add(attempt);
      told.push(attempt.provider);
      isDue ||= told.length === stored;
    });
    const job: Job = await jobs.ended(scanner.start('dnsservice').id);
    const [kept, { spent }] = [attempts('dnsservice'), scanner.spending()];
    await close();
    return { job, told, kept, spent };
  }

  it.each(way === 'loops for ever' ? [2, 10] : [1, 3, 6, 8, 11, 13])(
    'after %i results ends the scan, loses none of them, and blames nobody',
    async (stored) => {
      const before = threadCount();
      const { job, told, kept, spent } = await scan(open(breakable), stored);
      expect(job).toMatchObject({ state: 'failed', error: { code: 'measuring-failed' } });
      expect(told.length).toBeGreaterThanOrEqual(stored);
      expect(kept.map(({ provider }) => provider).sort()).toEqual([...told].sort());
      expect(kept.filter(({ reason }) => reason !== null)).toEqual([]);
      expect(mistakes).toHaveLength(1);
      // What was under way may have cost as much as it could.
      expect(spent).toBeGreaterThan(kept.reduce((sum, { bytes }) => sum + bytes, 0));
      await until('the thread has ended', () => threadCount() <= before);
    },
  );

  it('is closed within a second, whatever it does', async () => {
    const before = threadCount();
    const threads = open(breakable);
    const opening = performance.now();
    const broken = threads.attempt({}, type, { ...first, description: way }, terms());
    broken.catch(() => {});
    // The other one has begun when this one is over, and so has what the first does.
    await threads.attempt({}, type, first, terms());
    const closing = performance.now();
    await threads.close();
    // Where others keep the machine busy, it begins late, too.
    expect(performance.now() - closing).toBeLessThan(Math.max(1_000, closing - opening));
    await expect(broken).rejects.toHaveProperty('code');
    await until('the threads have ended', () => threadCount() <= before);
  });

  it('ends no other scan, and the next attempt has a new thread', async () => {
    const threads = open(breakable);
    // It waits for some seconds.
    const other = threads.attempt({}, services.of('peerstreamer'), first, terms());
    other.catch(() => {});
    const broken = threads.attempt({}, type, { ...first, description: way }, terms());
    await expect(broken).rejects.toMatchObject({ code: 'measuring-failed' });
    expect(await other).toMatchObject({ bytes: expect.any(Number) });
    expect(await threads.attempt({}, type, first, terms())).toMatchObject({ attempt: { reason: null } });
  });
});
