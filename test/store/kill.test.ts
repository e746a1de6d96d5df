/** Killed at a hundred moments of its scans, the panel loses nothing that it reported, and the file stays sound. */
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../plugin/store/index.js';
import { seeded } from '../discovery/seeded.js';
import { bundled, exit, freshPath, NOW, run } from './made.js';

/**
 * Scans for ever, as the scanner does: a job, its attempts, the day of each provider, the recommendation, flush, prune.
 * `at` is one running number for all of it, so that each line names exactly what was committed before it was said.
 */
const SCANS = `
  const start = Number(process.argv[3]);
  let at = start;
  const store = openStore(path, () => ${NOW} + at);
  const samples = [{ metric: 'rtt', value: 1, method: 'udp' }];
  const said = (what, act) => { act(); say(what + ' ' + at); };
  for (;;) {
    const job = { id: 'j' + ++at, kind: 'scan', type: 't', provider: null, state: 'running', done: 0, total: 5,
      startedAt: new Date(${NOW}).toISOString(), finishedAt: null, error: null };
    said('job', () => store.jobs.put(job));
    for (let one = 0; one < 5; one++) {
      at++;
      const tried = { type: 't', provider: 'p' + (at % 7), at: ${NOW} + at, bytes: 300 };
      const facts = { software: 'x'.repeat(at % 100) };
      said('attempt', () => store.attempts.add(at % 3 === 0
        ? { ...tried, level: 1, reason: 'timeout', detail: null }
        : { ...tried, level: 4, reason: null, samples, facts }));
      said('note', () => store.history.note('t', tried.provider, at % 100));
    }
    said('recommendation', () => store.recommendations.put('t', { provider: 'p' + at, challenger: null }));
    store.flush();
    store.prune();
  }`;

const ROUNDS = 100;
/** Side by side, each with a file of its own: most of a round is waiting for a process. */
const FILES = 4;

type Said = readonly [what: string, at: number];
const lastOf = (said: readonly Said[], what: string) => said.findLast(([one]) => one === what)?.[1] ?? 0;

/** Lets it scan until it has said so many lines, kills it, and returns what it said until then. */
async function killed(path: string, code: string, start: number, after: number): Promise<Said[]> {
  const { child, lines } = run(code, [path, String(start)]);
  const said: Said[] = [];
  lines.on('line', (line) => {
    const [what = '', at] = line.split(' ');
    if (said.push([what, Number(at)]) === after) child.kill('SIGKILL');
  });
  await once(lines, 'close');
  expect(await exit(child)).toBeNull();
  expect(said.length).toBeGreaterThanOrEqual(after);
  return said;
}

/** Kills it again and again on one file, and returns how many attempts it had said, all of them still there. */
async function chain(code: string, random: (below: number) => number, rounds: number): Promise<number> {
  const path = freshPath();
  const attempts: number[] = [];
  let at = 0;
  for (let round = 0; round < rounds; round++) {
    const said = await killed(path, code, at, 1 + random(150));
    attempts.push(...said.filter(([what]) => what === 'attempt').map(([, one]) => one));
    at = Math.max(at, looked(path, said, attempts));
  }
  return attempts.length;
}

/** Opens what the dead one left, and holds it against what was said. Returns the last number that is there. */
function looked(path: string, said: readonly Said[], attempts: readonly number[]): number {
  const db = new Database(path);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();

  const store = openStore(path, () => NOW);
  expect(store.movedAside).toBeNull();
  const there = new Set([...store.exportRows('t', null)].map((one) => one.at - NOW));
  expect(attempts.filter((one) => !there.has(one))).toEqual([]);
  for (const [what, one] of said) if (what === 'job') expect(store.jobs.get(`j${one}`)).not.toBeNull();
  const recommended = Number(store.recommendations.get('t')?.provider.slice(1) ?? 0);
  expect(recommended).toBeGreaterThanOrEqual(lastOf(said, 'recommendation'));
  const noted = store.history.bars('t', NOW).size;
  expect(noted).toBeGreaterThanOrEqual(new Set(said.filter(([what]) => what === 'note').map(([, n]) => n % 7)).size);
  store.close();
  return Math.max(recommended, ...there, ...said.map(([, one]) => one));
}

describe('a panel killed a hundred times in the middle of its scans', () => {
  it('has every job, attempt, day and recommendation that it reported, and a sound file', async () => {
    const code = await bundled(SCANS);
    const chains = Array.from({ length: FILES }, (_, seed) => chain(code, seeded(seed + 30), ROUNDS / FILES));
    const attempts = await Promise.all(chains);
    for (const count of attempts) expect(count).toBeGreaterThan(400);
  }, 120_000);
});
