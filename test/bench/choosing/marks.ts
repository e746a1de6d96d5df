/** What the simulation must show, each figure with its 95 % interval over the seeds. */
import type { RULES, Rule } from './life.js';
import { Random } from './random.js';
import type { Outcome, SeedOutcome } from './seed.js';
import { TASKS, type TaskName } from './tasks.js';

export interface Estimate {
  readonly value: number;
  /** 95 % of the resampled communities give a figure between these. */
  readonly low: number;
  readonly high: number;
}

export interface Mark extends Estimate {
  readonly name: string;
  readonly mark: number;
  readonly holds: boolean;
}

const RESAMPLES = 2_000;

/** Bootstrap over whole seeds: the decisions within one are not independent. */
export function overSeeds(seeds: readonly SeedOutcome[], of: (sample: readonly SeedOutcome[]) => number): Estimate {
  const random = new Random('bootstrap');
  const draws = Array.from({ length: RESAMPLES }, () =>
    of(seeds.map(() => seeds[random.below(seeds.length)] as SeedOutcome)),
  ).sort((a, b) => a - b);
  return { value: of(seeds), low: draws[RESAMPLES * 0.025] as number, high: draws[RESAMPLES * 0.975] as number };
}

/** Mean over the seeds that have the figure; NaN where none has. */
export const meanOver =
  (task: TaskName, of: (outcome: Outcome) => number | null) =>
  (sample: readonly SeedOutcome[]): number => {
    const values = sample.flatMap((seed) => of(seed[task]) ?? []);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };

export const qualityOf = (task: TaskName, rule: Rule) => meanOver(task, ({ rules }) => rules[rule].quality);

/** Rules that read one figure of the present. */
const SINGLE = ['hops', 'coordinates', 'rtt', 'width', 'ttfb'] as const satisfies readonly (typeof RULES)[number][];

export function marksOf(seeds: readonly SeedOutcome[]): Mark[] {
  return TASKS.flatMap((task) => {
    const quality = (rule: Rule) => qualityOf(task, rule);
    const ratio = (one: Rule, other: Rule) => (sample: readonly SeedOutcome[]) =>
      quality(one)(sample) / quality(other)(sample);
    const lead = (sample: readonly SeedOutcome[]) =>
      quality('cold')(sample) - Math.max(...SINGLE.map((rule) => quality(rule)(sample)));
    const atLeast = (name: string, mark: number, of: (sample: readonly SeedOutcome[]) => number): Mark => {
      const estimate = overSeeds(seeds, of);
      return { name: `${name}, ${task}`, ...estimate, mark, holds: estimate.value >= mark };
    };
    const atMost = (name: string, mark: number, of: (sample: readonly SeedOutcome[]) => number): Mark => {
      const estimate = overSeeds(seeds, of);
      return { name: `${name}, ${task}`, ...estimate, mark, holds: estimate.value <= mark };
    };
    return [
      atLeast('T1 quality of a first scan by that of the original', 1.6, ratio('cold', 'original')),
      atLeast('T1 quality of a first scan, less that of the best single figure', -0.01, lead),
      atLeast('T2 quality at a tenth of the probes, by that of all', 0.95, ratio('budget', 'full')),
      atLeast('T3 quality by plan, by that of knowing the present', 0.9, ratio('budget', 'oracle')),
      atMost(
        'T5 changes of the recommendation in a week',
        1,
        meanOver(task, ({ changes }) => changes),
      ),
      atMost(
        'T5 task time that a steady recommendation costs, share',
        0.05,
        meanOver(task, ({ stickiness }) => stickiness - 1),
      ),
      atLeast(
        'T6 share of dead recommendations left within two scans',
        1,
        meanOver(task, ({ leftInTime }) => leftInTime),
      ),
      atLeast(
        'T7 share of next day’s scores within the interval',
        0.8,
        meanOver(task, ({ coverage }) => coverage),
      ),
    ];
  });
}
