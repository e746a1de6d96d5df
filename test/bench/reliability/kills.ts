/** The whole program killed a hundred times in the middle of its scans: what it had said over HTTP and then lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../../discovery/seeded.js';
import { killAgainAndAgain } from '../../real/killed.js';
import { atLeast, atMost, type Mark } from '../marks.js';

const ROUNDS = 100;
/** Side by side, each with a data folder of its own: most of a round is waiting. */
const PANELS = 4;

export async function kills(): Promise<readonly Mark[]> {
  const runs = await Promise.all(Array.from({ length: PANELS }, (_, index) => killOne(index)));
  const sum = (of: (run: (typeof runs)[number]) => number) => runs.reduce((all, run) => all + of(run), 0);
  const said = sum(({ done, attempts }) => done + attempts);
  for (const wrong of runs.flatMap((run) => run.wrong)) console.error(wrong);
  return [
    atMost(
      `kill -9 at ${ROUNDS} moments of scans: lost or wrong of ${said} told`,
      sum((run) => run.wrong.length),
      '',
      0,
    ),
    atLeast(
      `kill -9 at ${ROUNDS} moments of scans: scans cut off, and ended as such`,
      sum((run) => run.cut),
      '',
      ROUNDS,
    ),
  ];
}

async function killOne(index: number) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    return await killAgainAndAgain(folder, ROUNDS / PANELS, seeded(index));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
