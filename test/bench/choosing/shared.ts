/** The part `sharing` of `bench:choosing`: what it is worth that panels tell each other, and what liars can do with it. */
import { runChild } from '../child.js';
import { type Mark, overSeeds } from './marks.js';
import { interval, TITLES, table, two } from './report.js';
import type { AskingCost } from './shared-bytes.js';
import { ATTACKS, type Attack } from './shared-community.js';
import type { SharedOutcome, SharedSeed, Variant } from './shared-seed.js';
import { TASKS, type TaskName } from './tasks.js';

const SIZES = [40, 500, 5_000] as const;
const MOST_BYTES = 60_000;

export interface Sharing {
  readonly seeds: readonly SharedSeed[];
  readonly costs: readonly AskingCost[];
}

/** Each community in a process of its own, one after the other. */
export async function simulateSharing(seeds: readonly number[]): Promise<Sharing> {
  const costs: AskingCost[] = [];
  for (const nodes of SIZES) costs.push(await runChild<AskingCost>('choosing-shared-bytes', { nodes }));
  const outcomes: SharedSeed[] = [];
  for (const seed of seeds) {
    outcomes.push(await runChild<SharedSeed>('choosing-shared-seed', { seed }));
    process.stderr.write(`sharing ${outcomes.length} of ${seeds.length}\n`);
  }
  return { seeds: outcomes, costs };
}

type Of = (outcome: SharedOutcome) => number;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const meanOf = (task: TaskName, of: Of) => (sample: readonly SharedSeed[]) =>
  mean(sample.map(({ tasks }) => of(tasks[task])));

/** The clique is around one user: only that one is judged. */
const quality = (variant: Variant, by: Variant): Of =>
  by === 'clique' ? ({ first }) => first[variant] : ({ quality: all }) => all[variant];
const newcomer = (variant: Variant, by: Variant): Of =>
  by === 'clique' ? ({ newcomerFirst }) => newcomerFirst[variant] : ({ newcomer: all }) => all[variant];

export function sharingMarks({ seeds, costs }: Sharing): Mark[] {
  const ratio = (task: TaskName, of: Of, by: Of) => (sample: readonly SharedSeed[]) =>
    meanOf(task, of)(sample) / meanOf(task, by)(sample);
  const marks = TASKS.flatMap((task) => {
    const atLeast = (name: string, mark: number, value: (sample: readonly SharedSeed[]) => number): Mark => {
      const estimate = overSeeds(seeds, value);
      return { name: `S ${name}, ${task}`, ...estimate, mark, holds: estimate.low >= mark };
    };
    const atMost = (name: string, mark: number, value: (sample: readonly SharedSeed[]) => number): Mark => {
      const estimate = overSeeds(seeds, value);
      return { name: `S ${name}, ${task}`, ...estimate, mark, holds: estimate.high <= mark };
    };
    const lost = (attack: Attack) => [
      atLeast(
        `quality with ${ATTACKERS[attack]}, by that without sharing`,
        0.97,
        ratio(task, quality(attack, attack), quality('off', attack)),
      ),
      atLeast(
        `a newcomer’s with ${ATTACKERS[attack]}, by that of coordinates`,
        0.97,
        ratio(task, newcomer(attack, attack), newcomer('off', attack)),
      ),
    ];
    return [
      atMost(
        'hours until a dead one is left, by those without sharing',
        0.5,
        ratio(
          task,
          ({ hours }) => hours.on,
          ({ hours }) => hours.off,
        ),
      ),
      atLeast(
        'quality after it moves',
        0.8,
        meanOf(task, ({ moves }) => moves.on),
      ),
      atLeast('quality, by that without sharing', 0.97, ratio(task, quality('on', 'on'), quality('off', 'on'))),
      atLeast(
        'a newcomer’s first choice, by that of coordinates',
        1,
        ratio(task, newcomer('on', 'on'), newcomer('off', 'on')),
      ),
      ...ATTACKS.flatMap(lost),
    ];
  });
  const bytes = costs.map(({ most }, nth): Mark => {
    const name = `S bytes that a node asks for in a day, at most, among ${SIZES[nth]} nodes`;
    return { name, value: most, low: most, high: most, mark: MOST_BYTES, holds: most <= MOST_BYTES };
  });
  return [...marks, ...bytes];
}

const ATTACKERS: Readonly<Record<Attack, string>> = {
  liars: '30 % liars',
  clique: 'a clique of 49 % around',
  sybils: '60 sybils in one network',
};

export function sharingReport({ seeds, costs }: Sharing): string {
  const row = (name: string, ...of: readonly Of[]) => [
    name,
    ...TASKS.map((task) => of.map((each) => interval(overSeeds(seeds, meanOf(task, each)))).join(' · ')),
  ];
  const rows = [
    row(
      'hours until a dead one is left: alone · sharing',
      ({ hours }) => hours.off,
      ({ hours }) => hours.on,
    ),
    row(
      'quality afterwards',
      ({ dies }) => dies.off,
      ({ dies }) => dies.on,
    ),
    row(
      'quality after it moves',
      ({ moves }) => moves.off,
      ({ moves }) => moves.on,
    ),
    row(
      'quality of the recommendation',
      ({ quality: q }) => q.off,
      ({ quality: q }) => q.on,
    ),
    row(
      'changes of the recommendation in a week',
      ({ changes }) => changes.off,
      ({ changes }) => changes.on,
    ),
    row(
      'a newcomer’s first choice: coordinates · sharing',
      ({ newcomer: n }) => n.off,
      ({ newcomer: n }) => n.on,
    ),
    ...ATTACKS.flatMap((attack) => [
      row(`quality with ${ATTACKERS[attack]}`, quality('off', attack), quality(attack, attack)),
      row(`a newcomer’s`, newcomer('off', attack), newcomer(attack, attack)),
    ]),
  ];
  const kB = (bytes: number) => `${(bytes / 1_000).toFixed(1)} kB`;
  const node = mean(seeds.map(({ bytes }) => bytes.mean));
  const busiest = seeds.reduce((most, { bytes }) => Math.max(most, bytes.most), 0);
  const asked = mean(seeds.map(({ questions }) => questions));
  const looks = mean(seeds.map((seed) => seed.looks));
  return [
    `# Sharing: ${seeds.length} communities, 16 nodes that share, alone · sharing`,
    table(['', ...TASKS.map((task) => TITLES[task])], rows),
    `In a day a node asks ${two(asked)} times, for ${kB(node)}; the one that asks for most, for ${kB(busiest)}. Neighbours make it look ${two(looks)} times.`,
    table(
      ['bytes that a node asks for in a day, full documents', 'usual', 'at most'],
      costs.map(({ usual, most }, nth) => [`${SIZES[nth]} nodes`, kB(usual), kB(most)]),
    ),
  ].join('\n\n');
}
