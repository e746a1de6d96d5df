/**
 * `npm run bench:choosing`: proves on simulated communities that the choice is good, with the program's own code, and
 * beside it the original's scan on real Serf agents.
 *
 *   [folder]       where report and drawings go; `cloudy-choosing` in the system's temporary folder when left out
 *   --json         prints the marks only
 *   --seeds=N      the first N communities only
 *   --stress=N     the first N communities in worse worlds, too; 5 when left out
 *   --no-real      without real agents
 *   sharing        only what it is worth that panels tell each other
 *   --sharing=N    of that, the first N communities; 5 when left out
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runChild } from '../child.js';
import { type Mark, marksOf } from './marks.js';
import type { Original } from './original.js';
import { type Findings, markTable, reportOf, writeReport } from './report.js';
import type { SeedOutcome, StressOutcome } from './seed.js';
import { sharingMarks, sharingReport, simulateSharing } from './shared.js';
import { REPORTED_SEEDS, STRESSES, type Stress } from './table.js';

const words = process.argv.slice(2);
const option = (name: string) => words.find((word) => word.startsWith(`--${name}`));
const folder = words.find((word) => !word.startsWith('--') && word !== 'sharing') ?? join(tmpdir(), 'cloudy-choosing');
const number = (name: string, usual: number) => Number(option(`${name}=`)?.split('=')[1] ?? usual);
const count = number('seeds', REPORTED_SEEDS.length);
const stressed = Math.min(number('stress', 5), count);

/** More would need more than 500 MB together. */
const MOST_AT_ONCE = 2;

/** Each in a process of its own. */
async function simulated<T>(seeds: readonly number[], stress: Stress | null = null): Promise<T[]> {
  const left = [...seeds.entries()];
  const outcomes: T[] = [];
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [index, seed] = next;
      outcomes[index] = await runChild<T>('choosing-seed', { seed, stress });
      process.stderr.write(`${stress ?? 'community'} ${outcomes.filter(Boolean).length} of ${seeds.length}\n`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), MOST_AT_ONCE) }, work));
  return outcomes;
}

function hasSerf(): boolean {
  try {
    execFileSync('serf', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function shared(): Promise<{ readonly text: string; readonly marks: readonly Mark[] }> {
  const sharing = await simulateSharing(REPORTED_SEEDS.slice(0, number('sharing', 5)));
  const marks = sharingMarks(sharing);
  return { text: `${sharingReport(sharing)}\n\n${markTable(marks)}`, marks };
}

if (words.includes('sharing')) {
  const { text, marks } = await shared();
  console.log(option('json') ? JSON.stringify({ marks }, null, 2) : text);
  process.exit();
}

// First, while nothing else runs here: it is the one part that measures real time.
const originals: Original[] = [];
if (!option('no-real') && hasSerf()) {
  for (const agents of [10, 25]) originals.push(await runChild<Original>('choosing-original', { agents }));
}
const seeds = await simulated<SeedOutcome>(REPORTED_SEEDS.slice(0, count));
const worse: Findings['worse'] = [];
for (const stress of STRESSES)
  worse.push({ stress, seeds: await simulated<StressOutcome>(REPORTED_SEEDS.slice(0, stressed), stress) });
writeReport(folder, { seeds, originals, worse });
const told = await shared();
console.log(
  option('json')
    ? JSON.stringify({ marks: [...marksOf(seeds), ...told.marks] }, null, 2)
    : `${reportOf({ seeds, originals, worse })}\n\n${told.text}`,
);
process.stderr.write(`report and drawings: ${folder}\n`);
