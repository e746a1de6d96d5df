/** Updating a file with ids of 12 digits loses nothing, even where the program is killed during the update. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { bundled, exit, freshPath, NOW, opened, run } from '../../store/made.js';
import { everything, expected, LISTED, TYPES, writeOldFile } from '../../store/old-file.js';

/**
 * Opens the file and lets its rows find their providers, over the whole of which a thread of its own waits for the moment,
 * in ms from the beginning, and then kills the process: in the middle of a statement as well as between two.
 */
const UPDATES = `
  import { Worker } from 'node:worker_threads';
  const [moment, listed] = [Number(process.argv[3]), JSON.parse(process.argv[4])];
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const killer = new Worker(\`
    const { workerData: { flag, moment } } = require('node:worker_threads');
    Atomics.wait(flag, 0, 0);
    Atomics.wait(flag, 0, 1, moment);
    process.kill(process.pid, 'SIGKILL');\`, { eval: true, execArgv: [], workerData: { flag, moment } });
  killer.once('online', () => {
    const began = performance.now();
    Atomics.store(flag, 0, 1);
    Atomics.notify(flag, 0);
    const store = openStore(path, () => ${NOW});
    store.ids.claim(listed);
    store.flush();
    say(performance.now() - began);
    process.exit();
  });`;

const MOMENTS = 20;

/** How long it took in ms where it came to its end; null where it was killed before. */
async function update(code: string, path: string, moment: number): Promise<number | null> {
  const { child, lines } = run(code, [path, String(moment), JSON.stringify(LISTED)]);
  let took: number | null = null;
  for await (const line of lines) took = Number(line);
  // It may still be killed between its last word and its end.
  expect(took === null ? [null] : [0, null]).toContain(await exit(child));
  return took;
}

/** A copy of the file whose update was killed at that moment; sooner, where this machine is faster now. */
async function killedAt(code: string, old: string, moment: number): Promise<string> {
  expect(moment).toBeGreaterThan(0.1);
  const path = freshPath();
  copyFileSync(old, path);
  return (await update(code, path, moment)) === null ? path : killedAt(code, old, moment * 0.8);
}

function isSound(path: string): boolean {
  const db = new Database(path);
  try {
    return db.pragma('integrity_check', { simple: true }) === 'ok';
  } finally {
    db.close();
  }
}

describe('ninety days of a community of 100 under ids of 12 digits', () => {
  const whole = expected();

  it('move to today’s ids whole: attempts, days, opinions, stars, recommendation, jobs, events, alerts', () => {
    const path = freshPath();
    writeOldFile(path);
    const store = opened(path);
    expect(whole.attempts.flat().length).toBeGreaterThan(6_000);
    expect(whole.days.map((days) => days.length)).toEqual(LISTED.map(() => 90));
    for (const type of TYPES) expect(store.attempts.recent(type, 1).size).toBeGreaterThan(30);
    store.ids.claim(LISTED);
    expect(everything(store)).toEqual(whole);
  });

  it('move whole, and nothing twice, when the update is killed at 20 moments', async () => {
    const code = await bundled(UPDATES);
    const wanted = JSON.stringify(whole);
    const old = freshPath();
    writeOldFile(old);
    const path = join(old, '..', 'unkilled.sqlite');
    copyFileSync(old, path);
    const took = await update(code, path, 600_000);
    if (took === null) throw new Error('nobody was to kill it');
    for (let moment = 1; moment <= MOMENTS; moment++) {
      const torn = await killedAt(code, old, (took * moment) / (MOMENTS + 1));
      expect(isSound(torn)).toBe(true);
      for (let start = 0; start < 2; start++) {
        const store = opened(torn);
        expect(store.movedAside).toBeNull();
        store.ids.claim(LISTED);
        // As one text: the comparison of 10,000 objects takes longer than all else here.
        expect(JSON.stringify(everything(store)) === wanted).toBe(true);
        store.close();
      }
    }
  }, 240_000);
});
