/** Step 7 of the score: why it is not 100, as plain data for sentences in any language. */
import { ANSWER_TIMES } from '../model/metric.js';
import type { Part, Score } from '../model/score.js';

/**
 * What a sentence says, and what its value is:
 * - `slow`, `unsteady`, `lossy`, `poor`: what was measured of a metric, in its unit (`poor` where no word fits better);
 * - `fails`: the share of attempts that answered;
 * - `unmeasured`: nothing was measured of a metric; no value;
 * - `untimed`: it answered, but this node was too busy to time it; no value;
 * - `few`: the number of attempts, too few to be sure; with a metric when they tell too little of that one;
 * - `old`: the time of the newest attempt, ms since the epoch: most of what was measured is as good as forgotten;
 * - `rating`: the mean of the owner's own stars;
 * - `gate`: it is out, for the score's own reason; no value.
 */
type Why =
  | 'slow'
  | 'unsteady'
  | 'lossy'
  | 'poor'
  | 'fails'
  | 'unmeasured'
  | 'untimed'
  | 'few'
  | 'old'
  | 'rating'
  | 'gate';

export interface Sentence {
  readonly key: Why;
  /** Where it speaks of one metric. */
  readonly metric: string | null;
  /** Points lost, unrounded; below 0 where the owner's stars added some. They sum to 100 − score. */
  readonly points: number;
  /** The same as a whole number, such that these sum to 100 − the rounded score; may be 0. */
  readonly whole: number;
  readonly value: number | null;
  readonly unit: string | null;
}

type Loss = Omit<Sentence, 'whole'>;

/** Below this it is rounding, not a loss. */
const NEGLIGIBLE = 1e-9;
/** Share of the samples' weight that age has left: below it they are too old rather than too few. */
const OLD_BELOW = 0.5;

const WORDS: ReadonlyMap<string, Why> = new Map([
  ['jitter', 'unsteady'],
  ['loss', 'lossy'],
]);

/** Every loss of points, the greatest first; none of a provider without a score. */
export function explain(score: Score): Sentence[] {
  if (score.score === null) return [];
  const losses = listLosses(score)
    .filter(({ points }) => Math.abs(points) > NEGLIGIBLE)
    .sort((a, b) => b.points - a.points || (sortKey(a) < sortKey(b) ? -1 : 1));
  const whole = toWholePoints(
    losses.map(({ points }) => points),
    100 - Math.round(score.score),
  );
  return losses.map((loss, index) => ({ ...loss, whole: whole[index] ?? 0 }));
}

const sortKey = ({ key, metric }: Loss) => `${key} ${metric ?? ''}`;

function listLosses({ parts, rating, samples, attempts, measuredAt, score }: Score): Loss[] {
  const stars = rating ? [of('rating', -rating.points, rating.mean, 'stars')] : [];
  if (score === 0)
    return [
      of(
        'gate',
        sum(parts, ({ lost }) => lost),
      ),
      ...stars,
    ];
  const doubtful = parts.filter(({ value }) => value !== null);
  const [old, few] = [true, false].map((is) => doubtful.filter(({ fresh }) => fresh < OLD_BELOW === is));
  return [
    ...parts.flatMap(ofMetric),
    of(
      'fails',
      sum(parts, ({ failures }) => failures),
      samples / attempts,
      'share',
    ),
    tooFew(few, attempts),
    of(
      'old',
      sum(old, ({ doubt }) => doubt),
      measuredAt,
      'time',
    ),
    ...stars,
  ];
}

const of = (key: Why, points: number, value: number | null = null, unit: string | null = null): Loss => ({
  key,
  metric: null,
  points,
  value,
  unit,
});

const sum = (parts: readonly Part[] = [], points: (part: Part) => number) =>
  parts.reduce((total, part) => total + points(part), 0);

/** Attempts whose times were thrown away tell nothing of a metric: then it says of which one it counts so few. */
function tooFew(parts: readonly Part[] = [], attempts: number): Loss {
  const least = mostDoubtful(parts);
  const loss = of(
    'few',
    sum(parts, ({ doubt }) => doubt),
    least?.count,
    'attempts',
  );
  return least && least.count < attempts ? { ...loss, metric: least.metric } : loss;
}

const mostDoubtful = (parts: readonly Part[] = []) => [...parts].sort((a, b) => b.doubt - a.doubt)[0];

/** What was measured, or that nothing was. A failure counts in every metric at once, and has one sentence of its own. */
function ofMetric({ metric, value, unit, lost, failures, doubt }: Part): Loss[] {
  if (value === null)
    return [{ key: ANSWER_TIMES.has(metric) ? 'untimed' : 'unmeasured', metric, points: doubt, value, unit }];
  const key = WORDS.get(metric) ?? (unit?.startsWith('ms') ? 'slow' : 'poor');
  return [{ key, metric, points: lost - failures - doubt, value, unit }];
}

/** Rounds so that the sum comes out: the greatest fractions are rounded up, as many as it takes. */
function toWholePoints(points: readonly number[], total: number): number[] {
  const whole = points.map(Math.floor);
  const missing = total - whole.reduce((sum, one) => sum + one, 0);
  const fraction = (index: number) => (points[index] ?? 0) - (whole[index] ?? 0);
  const upwards = [...points.keys()].sort((a, b) => fraction(b) - fraction(a)).slice(0, missing);
  for (const index of upwards) whole[index] = (whole[index] ?? 0) + 1;
  return whole;
}
