/** What the simulation must show, each figure with its 95 % interval over the seeds. */
import type { Aftermath, Event } from './blows.js';
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
export function overSeeds<T>(seeds: readonly T[], of: (sample: readonly T[]) => number): Estimate {
  const random = new Random('bootstrap');
  const draws = Array.from({ length: RESAMPLES }, () =>
    of(seeds.map(() => seeds[random.below(seeds.length)] as T)),
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

type Value = (sample: readonly SeedOutcome[]) => number;

/** Rules that read one figure of the present. */
const SINGLE = ['hops', 'coordinates', 'rtt', 'width', 'ttfb'] as const satisfies readonly (typeof RULES)[number][];

export function marksOf(seeds: readonly SeedOutcome[]): Mark[] {
  return TASKS.flatMap((task) => {
    const quality = (rule: Rule) => qualityOf(task, rule);
    const ratio = (one: Rule, other: Rule) => (sample: readonly SeedOutcome[]) =>
      quality(one)(sample) / quality(other)(sample);
    const lead = (sample: readonly SeedOutcome[]) =>
      quality('coldBadge')(sample) - Math.max(...SINGLE.map((rule) => quality(rule)(sample)));
    const event = (name: Event, key: keyof Aftermath) => meanOver(task, ({ events }) => events[name][key]);
    const of = (name: string, mark: number, value: Value, isMet: (estimate: Estimate) => boolean): Mark => {
      const estimate = overSeeds(seeds, value);
      return { name: `${name}, ${task}`, ...estimate, mark, holds: isMet(estimate) };
    };
    // Only where the whole interval lies on the right side.
    const atLeast = (name: string, mark: number, value: Value) => of(name, mark, value, ({ low }) => low >= mark);
    const atMost = (name: string, mark: number, value: Value) => of(name, mark, value, ({ high }) => high <= mark);
    const coverage = meanOver(task, (outcome) => outcome.coverage);
    return [
      atLeast('T1 quality of a first recommendation by that of the original', 1.6, ratio('coldBadge', 'original')),
      atLeast('T1 quality of a first recommendation, less that of the best single figure', -0.01, lead),
      atLeast(
        'T1 quality of a first recommendation, by that of knowing the present',
        0.95,
        ratio('coldBadge', 'oracle'),
      ),
      atLeast(
        'T2 quality of the recommendation at a tenth of the probes, by the list of all',
        0.95,
        ratio('badge', 'full'),
      ),
      atLeast(
        'T2 quality of the recommendation, by that of plain medians of the same probes',
        1,
        ratio('badge', 'medians'),
      ),
      atLeast('T2 quality of the recommendation, by that of their arithmetic mean', 1, ratio('badge', 'mean')),
      atLeast('T2 quality of the recommendation, by that of TOPSIS over them', 1, ratio('badge', 'topsis')),
      atLeast('T3 quality of the recommendation, by that of knowing the present', 0.9, ratio('badge', 'oracle')),
      atLeast('T4 quality of the recommendation, by that of the first of its list', 0.99, ratio('badge', 'budget')),
      atMost(
        'T5 changes of the recommendation in a week',
        0.5,
        meanOver(task, ({ changes }) => changes),
      ),
      atMost(
        'T5 task time beyond that of the first of the list, share',
        0.03,
        meanOver(task, ({ stickiness }) => stickiness - 1),
      ),
      atMost(
        'T5 task time beyond that of the choice made afresh: for holding still, share',
        0.03,
        meanOver(task, ({ holding }) => holding - 1),
      ),
      atMost('T6 hours until a dead one is left that Serf tells of', 2, event('gone', 'hours')),
      atMost('T6 hours until a dead one is left that nobody tells of', 4, event('dies', 'hours')),
      atLeast('T6 quality after it dies', 0.88, event('dies', 'badge')),
      atLeast('T6 quality after it moves', 0.65, event('moves', 'badge')),
      atLeast('T6 quality after it is overloaded', 0.85, event('overloaded', 'badge')),
      atLeast(
        'T6 quality among liars, after one honest star',
        0.86,
        meanOver(task, ({ liarsRated }) => liarsRated),
      ),
      atLeast('T7 share of next day’s scores within the interval of 80 %, at least', 0.76, coverage),
      atMost('T7 the same, at most', 0.9, coverage),
      atMost(
        'T7 width of the intervals, by that of Wilson’s interval of each mark alone',
        0.6,
        (sample) =>
          meanOver(task, ({ width }) => width)(sample) / meanOver(task, ({ plainWidth }) => plainWidth)(sample),
      ),
    ];
  });
}
