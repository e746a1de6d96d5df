/**
 * Runs a bench part by part: all of them, or those that the command line names. `--json` for programs. What goes on is said
 * on standard error; a part that breaks fails the run, and the others are measured all the same. A part is measured once
 * more where the machine was busy with something else.
 */
import { type Busy, watchMachine } from './machine.js';
import { type Mark, table } from './marks.js';

type Part = () => Promise<readonly Mark[]>;

/** Longest that a part may take, ms: several times what any of them needs. */
const LIMIT_MS = 20 * 60_000;

/** Shares of this machine's processor time above which a figure says more about the machine than about the panel. */
const TOO_BUSY: Busy = { all: 0.5, others: 0.2 };

interface Run {
  readonly marks: readonly Mark[];
  readonly busy: Busy;
}

/** The part's figures, from the quieter of two runs where the first met a busy machine. */
async function measured(name: string, part: Part): Promise<Run> {
  const first = await run(name, part);
  if (first.busy.all <= TOO_BUSY.all || first.busy.others <= TOO_BUSY.others) return first;
  const second = await run(name, part);
  return second.busy.others < first.busy.others ? second : first;
}

async function run(name: string, part: Part): Promise<Run> {
  console.error(`${name} …`);
  const busyShare = watchMachine();
  const began = performance.now();
  let stop: NodeJS.Timeout | undefined;
  let fail = (_: Error) => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
    stop = setTimeout(() => reject(new Error(`not over after ${LIMIT_MS / 60_000} minutes`)), LIMIT_MS);
  });
  // What it leaves unhandled is its failure, not the end of all.
  process.on('uncaughtException', fail);
  try {
    const marks = await Promise.race([part(), failed]);
    const missed = marks.filter(({ holds }) => !holds).length;
    const seconds = Math.round((performance.now() - began) / 1_000);
    const busy = busyShare();
    console.error(
      `${name}: ${seconds} s, ${marks.length - missed} of ${marks.length} marks hold, machine ${words(busy)}`,
    );
    return { marks, busy };
  } finally {
    clearTimeout(stop);
    process.off('uncaughtException', fail);
  }
}

const words = ({ all, others }: Busy) => `busy ${all.toFixed(2)}, of it ${others.toFixed(2)} by others`;

/** Says the figures, and ends with 1 where a mark does not hold or a part broke, with 2 where there is no such part. */
export async function runParts(parts: Readonly<Record<string, Part>>): Promise<void> {
  const options = process.argv.slice(2);
  const json = options.includes('--json');
  const names = options.filter((option) => option !== '--json');
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) {
    console.error(`There is no ${unknown.join(', ')}: choose from ${Object.keys(parts).join(', ')}.`);
    process.exit(2);
  }

  const all: Mark[] = [];
  const machine: Record<string, Busy> = {};
  const broken: { readonly part: string; readonly error: string }[] = [];
  for (const [name, part] of Object.entries(parts)) {
    if (names.length > 0 && !names.includes(name)) continue;
    try {
      const { marks, busy } = await measured(name, part);
      all.push(...marks);
      machine[name] = busy;
      if (!json) console.log(table(marks));
    } catch (error) {
      console.error(`${name} broke:`, error);
      broken.push({ part: name, error: String(error) });
    }
  }
  if (json) console.log(JSON.stringify({ marks: all, machine, broken }, null, 2));
  // What a broken part has left running ends with this process.
  process.exit(broken.length === 0 && all.every(({ holds }) => holds) ? 0 : 1);
}
