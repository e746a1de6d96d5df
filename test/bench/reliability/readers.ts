/** Fifty people look on while a hundred providers are measured: they do not wait, and what is measured does not suffer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { broken, type Read, read, reader } from '../../clients.js';
import { Daemon, Owner } from '../../daemon.js';
import { announcing } from '../../name-servers.js';
import { startChild, stop } from '../child.js';
import { atLeast, atMost, type Mark, median } from '../marks.js';

const LIST = 'services/dnsservice';
const READERS = 50;
/** How long each looks at a page, ms. */
const STAY_MS = 2_000;
/** What every provider adds to its answer, ms: most of what is measured. */
const PLACE = { net: 88, port: 20_154, count: 100, delay: 20 };

interface Attempt {
  readonly reason: string | null;
  readonly samples?: readonly { readonly metric: string; readonly value: number }[];
}

export async function readers(): Promise<readonly Mark[]> {
  const community = await startChild<{ port: number }>('replay', { members: 30, community: 'demo' });
  const { child: servers } = await startChild<true>('providers', PLACE);
  try {
    const quiet = await scanned(community.said.port, 0);
    const busy = await scanned(community.said.port, READERS);
    return [
      ...marksOf(quiet, busy),
      atMost('closing in the middle of a scan', await closing(community.said.port), 'ms', 1_000),
    ];
  } finally {
    await Promise.all([stop(community.child), stop(servers)]);
  }
}

interface Scanned {
  readonly seen: readonly Read[];
  readonly attempts: readonly Attempt[];
}

function marksOf(quiet: Scanned, busy: Scanned): Mark[] {
  const times = busy.seen.map(({ ms }) => ms).sort((a, b) => a - b);
  const answered = busy.attempts.filter(({ reason }) => reason === null);
  const thrown = answered.filter((attempt) => timesOf([attempt]).length === 0).length / answered.length;
  const bias = median(timesOf(busy.attempts)) / median(timesOf(quiet.attempts));
  const during = `${READERS} readers during a scan of ${PLACE.count}`;
  return [
    atMost(
      `${during}: a page or a part of one, 99 of 100`,
      times[Math.floor(times.length * 0.99)] ?? Number.NaN,
      'ms',
      100,
    ),
    atMost(`${during}: answers that were not whole, of ${busy.seen.length}`, broken(busy.seen).length, 'answers', 0),
    atMost(`${during}: providers that failed`, busy.attempts.length - answered.length, 'attempts', 0),
    atLeast(`${during}: the median time measured, of that without them`, bias, 'ratio', 0.9),
    atMost(`${during}: the same, not more either`, bias, 'ratio', 1.1),
    atMost(
      `${during}: attempts whose times were thrown away, because this process was late itself`,
      thrown,
      'share',
      0.7,
    ),
  ];
}

/** The times that the delay is in. */
const timesOf = (attempts: readonly Attempt[]) =>
  attempts.flatMap(({ samples = [] }) => samples.filter(({ metric }) => metric === 'answer').map(({ value }) => value));

const listed = async (owner: Owner) => (await owner.get<{ providers: { id: string }[] }>(`api/v1/${LIST}`)).providers;

/** A whole scan by a daemon of its own, with so many readers. */
function scanned(serf: number, count: number): Promise<Scanned> {
  return withDaemon(serf, async (daemon, owner) => {
    const browser = new Agent({ keepAlive: true });
    const paths = [
      '',
      LIST,
      `${LIST}/providers/${(await listed(owner))[0]?.id}`,
      'api/v1/services',
      `api/v1/${LIST}`,
      'services/syncthing',
    ];
    const pages = paths.map((path) => daemon.url + path);
    // Each page once: compiling them is not what is asked here.
    for (const page of pages) await read(page, browser);
    const over = new AbortController();
    const seen: Read[] = [];
    const reading = Array.from({ length: count }, (_, nth) => reader(nth, { pages, stay: STAY_MS }, over.signal, seen));
    await wait(count > 0 ? STAY_MS : 0);
    const before = seen.length;
    await owner.ended(await owner.scan(LIST));
    over.abort();
    await Promise.all(reading);
    const { text } = await read(`${daemon.url}${LIST}/measurements.json`, browser);
    browser.destroy();
    return { seen: seen.slice(before), attempts: JSON.parse(text) as Attempt[] };
  });
}

/** From SIGTERM to the end of the process while it measures, ms. */
function closing(serf: number): Promise<number> {
  return withDaemon(serf, async (daemon, owner) => {
    await owner.scan(LIST);
    await wait(1_000);
    return daemon.close();
  });
}

async function withDaemon<T>(serf: number, use: (daemon: Daemon, owner: Owner) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const { net, port, count } = PLACE;
  const config = { ...announcing(folder, net, port, count), SERF_RPC: `127.0.0.1:${serf}` };
  const daemon = await Daemon.start({ folder, config });
  try {
    const owner = await Owner.bySocket(daemon);
    // The list is read while pages are served already.
    while ((await listed(owner)).length < count) await wait(20);
    return await use(daemon, owner);
  } finally {
    await daemon.close();
    rmSync(folder, { recursive: true });
  }
}
