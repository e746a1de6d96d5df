/** Killed at a hundred moments of its scans, the panel loses nothing that it reported, and the file stays sound. */
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../plugin/store/index.js';
import { seeded } from '../../discovery/seeded.js';
import { bundled, exit, freshPath, NOW, run } from '../../store/made.js';

/**
 * Scans for ever, as the scanner does: a job, its attempts, the day of each provider, the recommendation, flush, prune.
 * `at` is one running number for all of it, so that each line names exactly what was committed before it was reported.
 */
const SCANS = `
  const start = Number(process.argv[3]);
  let at = start;
  const store = openStore(path, () => ${NOW} + at);
  const samples = [{ metric: 'rtt', value: 1, method: 'udp' }];
  const report = (what, act) => { act(); say(what + ' ' + at); };
  for (;;) {
    const job = { id: 'j' + ++at, kind: 'scan', type: 't', provider: null, state: 'running', done: 0, total: 5,
      startedAt: new Date(${NOW}).toISOString(), finishedAt: null, error: null };
    report('job', () => store.jobs.put(job));
    for (let probe = 0; probe < 5; probe++) {
      at++;
      const attempt = { type: 't', provider: 'p' + (at % 7), at: ${NOW} + at, bytes: 300 };
      const facts = { software: 'x'.repeat(at % 100) };
      report('attempt', () => store.attempts.add(at % 3 === 0
        ? { ...attempt, level: 1, reason: 'timeout', detail: null }
        : { ...attempt, level: 4, reason: null, samples, facts }));
      report('note', () => store.history.note('t', attempt.provider, at % 100));
    }
    report('recommendation', () => store.recommendations.put('t', { provider: 'p' + at, challenger: null }));
    store.flush();
    store.prune();
  }`;

const ROUNDS = 100;
/** Side by side, each with a file of its own: most of a round is waiting for a process. */
const FILES = 4;

type Report = readonly [what: string, at: number];
const lastReported = (reported: readonly Report[], what: string) =>
  reported.findLast(([kind]) => kind === what)?.[1] ?? 0;

/** Lets it scan until it has reported `after` lines, kills it, and returns all that it reported. */
async function scanUntilKilled(path: string, code: string, start: number, after: number): Promise<Report[]> {
  const { child, lines } = run(code, [path, String(start)]);
  const reported: Report[] = [];
  lines.on('line', (line) => {
    const [what = '', at] = line.split(' ');
    if (reported.push([what, Number(at)]) === after) child.kill('SIGKILL');
  });
  await once(lines, 'close');
  expect(await exit(child)).toBeNull();
  expect(reported.length).toBeGreaterThanOrEqual(after);
  return reported;
}

/** Kills it again and again on one file. @returns how many attempts it reported, all of them still stored */
async function killRepeatedly(code: string, random: (below: number) => number, rounds: number): Promise<number> {
  const path = freshPath();
  const attempts: number[] = [];
  let at = 0;
  for (let round = 0; round < rounds; round++) {
    const reported = await scanUntilKilled(path, code, at, 1 + random(150));
    attempts.push(...reported.filter(([what]) => what === 'attempt').map(([, number]) => number));
    at = Math.max(at, check(path, reported, attempts));
  }
  return attempts.length;
}

/** Compares what the killed process left with what it reported. @returns the last number stored */
function check(path: string, reported: readonly Report[], attempts: readonly number[]): number {
  const db = new Database(path);
  expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
  db.close();

  const store = openStore(path, () => NOW);
  expect(store.movedAside).toBeNull();
  const stored = new Set([...store.exportRows('t', null)].map((attempt) => attempt.at - NOW));
  expect(attempts.filter((number) => !stored.has(number))).toEqual([]);
  for (const [what, number] of reported) if (what === 'job') expect(store.jobs.get(`j${number}`)).not.toBeNull();
  const recommended = Number(store.recommendations.get('t')?.provider.slice(1) ?? 0);
  expect(recommended).toBeGreaterThanOrEqual(lastReported(reported, 'recommendation'));
  const noted = store.history.bars('t', NOW).size;
  expect(noted).toBeGreaterThanOrEqual(
    new Set(reported.filter(([what]) => what === 'note').map(([, n]) => n % 7)).size,
  );
  store.close();
  return Math.max(recommended, ...stored, ...reported.map(([, number]) => number));
}

describe('a panel killed a hundred times in the middle of its scans', () => {
  it('has every job, attempt, day and recommendation that it reported, and a sound file', async () => {
    const code = await bundled(SCANS);
    const chains = Array.from({ length: FILES }, (_, seed) => killRepeatedly(code, seeded(seed + 30), ROUNDS / FILES));
    const attempts = await Promise.all(chains);
    for (const count of attempts) expect(count).toBeGreaterThan(400);
  }, 120_000);
});
