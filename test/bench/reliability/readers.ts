/**
 * Fifty people look on while a hundred providers are measured, on a machine that does nothing else and on one whose cores are
 * all taken: they do not wait, and what is measured does not suffer.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { broken, type Read, read, reader } from '../../clients.js';
import { stop } from '../child.js';
import { watchMachine } from '../machine.js';
import { atMost, type Mark, median, percentile } from '../marks.js';
import {
  type Attempt,
  attempts,
  Community,
  LIST,
  providerIds,
  scanned,
  timesOf,
  untimed,
} from '../measuring/community.js';

const READERS = 50;
const COUNT = 100;
/** How long each looks at a page, ms. */
const STAY_MS = 2_000;
/** One scan of each kind in turn, so many times: what changes about the machine meanwhile changes for all. */
const ROUNDS = 3;

interface Limits {
  readonly attempts: number;
  readonly providers: number;
  /** A page or a part of one, 99 of 100, ms. */
  readonly page: number;
  /** What a measured time is wrong by, in the middle and in 95 of 100, ms. */
  readonly error: number;
  readonly errors: number;
}

const QUIET: Limits = { attempts: 0.05, providers: 0.01, page: 30, error: 0.6, errors: 2.5 };
const BESIDE_OTHERS: Limits = { attempts: 0.15, providers: 0.01, page: 100, error: 1, errors: 5 };

interface Scanned {
  readonly seen: readonly Read[];
  readonly attempts: readonly Attempt[];
  /** What each measured time is wrong by, ms. */
  readonly errors: readonly number[];
  /** Share of the machine that was busy meanwhile. */
  readonly busy: number;
}

export async function readers(): Promise<readonly Mark[]> {
  const community = await Community.open({ net: 88, port: 20_154, count: COUNT });
  try {
    const quiet: Scanned[] = [];
    const beside: Scanned[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      quiet.push(await watched(community));
      beside.push(await besideOthers(() => watched(community)));
    }
    return [
      ...marks(`${READERS} readers during a scan of ${COUNT}`, quiet, QUIET),
      ...marks('the same, all cores busy with something else', beside, BESIDE_OTHERS),
      atMost('closing in the middle of a scan', await closing(community), 'ms', 1_000),
    ];
  } finally {
    await community.close();
  }
}

/** Medians of the rounds; of answers and failures, all of them. */
function marks(name: string, rounds: readonly Scanned[], limits: Limits): Mark[] {
  console.error(`${name}: machine busy ${rounds.map(({ busy }) => busy.toFixed(2)).join(', ')}`);
  const middle = (figure: (round: Scanned) => number) => median(rounds.map(figure));
  const seen = rounds.flatMap((round) => round.seen);
  const failed = rounds.flatMap((round) => round.attempts).filter(({ reason }) => reason !== null);
  const p99 = middle((round) =>
    percentile(
      round.seen.map(({ ms }) => ms),
      0.99,
    ),
  );
  const p95 = middle((round) => percentile(round.errors.map(Math.abs), 0.95));
  return [
    atMost(`${name}: a page or a part of one, 99 of 100`, p99, 'ms', limits.page),
    atMost(`${name}: answers that were not whole, of ${seen.length}`, broken(seen).length, 'answers', 0),
    atMost(`${name}: providers that failed`, failed.length, 'attempts', 0),
    atMost(
      `${name}: attempts without times`,
      middle((round) => untimed(round.attempts).attempts),
      'share',
      limits.attempts,
    ),
    atMost(
      `${name}: providers without any`,
      middle((round) => untimed(round.attempts).providers),
      'share',
      limits.providers,
    ),
    atMost(`${name}: error of a time, median`, Math.abs(middle((round) => median(round.errors))), 'ms', limits.error),
    atMost(`${name}: error of a time, 95 of 100`, p95, 'ms', limits.errors),
  ];
}

/** A whole scan by a panel of its own, under all readers. */
function watched(community: Community): Promise<Scanned> {
  return community.withPanel(async ({ daemon, owner }) => {
    const browser = new Agent({ keepAlive: true });
    const paths = [
      '',
      LIST,
      `${LIST}/providers/${(await providerIds(owner))[0]}`,
      'api/v1/services',
      `api/v1/${LIST}`,
      'services/syncthing',
    ];
    const pages = paths.map((path) => daemon.url + path);
    // Each page once: compiling them is not what is asked here.
    for (const page of pages) await read(page, browser);
    browser.destroy();
    const over = new AbortController();
    const seen: Read[] = [];
    const reading = Array.from({ length: READERS }, (_, nth) =>
      reader(nth, { pages, stay: STAY_MS }, over.signal, seen),
    );
    await wait(STAY_MS);
    const before = seen.length;
    const busyShare = watchMachine();
    await community.delay();
    await scanned(owner);
    const busy = busyShare().all;
    over.abort();
    await Promise.all(reading);
    const delay = await community.delay();
    const all = await attempts(daemon);
    return { seen: seen.slice(before), attempts: all, errors: all.flatMap(timesOf).map((ms) => ms - delay), busy };
  });
}

/** Beside as many other programs as there are cores, each of which wants a whole one. */
async function besideOthers<T>(act: () => Promise<T>): Promise<T> {
  const others: ChildProcess[] = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;) {}'], { stdio: 'ignore' }),
  );
  const end = () => others.forEach((other) => void other.kill('SIGKILL'));
  process.once('exit', end);
  try {
    return await act();
  } finally {
    process.off('exit', end);
    await Promise.all(others.map(stop));
  }
}

/** From SIGTERM to the end of the process while it measures, ms. */
function closing(community: Community): Promise<number> {
  return community.withPanel(async ({ daemon, owner }) => {
    await owner.scan(LIST);
    await wait(1_000);
    return daemon.close();
  });
}
