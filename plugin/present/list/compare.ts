/** A few providers side by side: a row for each measure, the best value of it marked, and the points that each one lost. */
import { largest, smallest } from '../../lib/extremes.js';
import { ANSWERS } from '../../model/metric.js';
import type { Ranked } from '../../model/ranked.js';
import { explain, type Sentence } from '../../score/explain.js';
import type { ServiceType } from '../../services/contract.js';
import { isoOrNull, round } from '../figures.js';
import type { Words } from '../i18n.js';
import { providerName, toVerdict } from '../row.js';
import { measuredRtt } from '../search.js';
import { apartTexts } from './apart.js';

/** So many fit beside each other, and are told apart. */
export const MAX_COMPARED = 4;

export interface Cell {
  readonly value: number | null;
  /** The value in words; null where nothing was measured. */
  readonly text: string | null;
  /** Points that it cost, as "Why?" tells them: a column sums to 100 − its score. Null where it cost none. */
  readonly lost: number | null;
  /** Whether no other has a better value, and some have a worse one. */
  readonly best: boolean;
}

export interface Measure {
  readonly id: string;
  readonly label: string;
  /** Share of the score, 0..1; null for what is not scored. */
  readonly weight: number | null;
  /** In the order of the providers. */
  readonly cells: readonly Cell[];
}

/** @param compared in the order in which they are shown; one alone has all its figures so */
export function compareModel(compared: readonly Ranked[], type: ServiceType, words: Words) {
  const apart = apartTexts(compared);
  return {
    providers: compared.map((row) => ({
      ...{ id: row.provider.id, name: providerName(row.provider), verdict: toVerdict(row) },
      /** What tells it from others of its name; null where no other has it. */
      apart: apart.get(row.provider.id) ?? null,
      ...{ score: row.score === null ? null : round(row.score), recommended: row.recommended },
      measuredAt: isoOrNull(row.measuredAt),
    })),
    measures: [
      ...type.metrics.map(({ id, label, weight, unit, useless, excellent }) =>
        toMeasure(
          { id, label: capital(label[words.language], words), weight: sharedWeight(compared, id) ?? weight },
          compared,
          excellent > useless,
          (row) => {
            const value = row.parts.find(({ metric }) => metric === id)?.value ?? null;
            const text = id === ANSWERS ? answersText(row, words) : value === null ? null : words.measure(value, unit);
            return { value, text, lost: cost(row, id) };
          },
        ),
      ),
      ...unweighed(compared, type, words),
      ...beyondMeasures(compared, words),
    ].filter(({ cells }) => cells.some(({ text, lost }) => text !== null || lost !== null)),
  };
}

/** The weight that the measure has in all their scores; null where they differ. */
function sharedWeight(compared: readonly Ranked[], id: string): number | null {
  const weights = compared.flatMap(({ parts }) => parts.find(({ metric }) => metric === id)?.weight ?? []);
  return weights.every((weight) => weight === weights[0]) ? (weights[0] ?? null) : null;
}

/** What says something all the same, where the type does not weigh it. */
function unweighed(compared: readonly Ranked[], type: ServiceType, words: Words): Measure[] {
  const isWeighed = (id: string) => type.metrics.some((metric) => metric.id === id);
  const rtt = (row: Ranked) => {
    const value = measuredRtt(row);
    return { value, text: value === null ? null : words.measure(value, 'ms'), lost: null };
  };
  const answers = (row: Ranked) => ({
    value: row.attempts === 0 ? null : row.samples / row.attempts,
    ...{ text: answersText(row, words), lost: cost(row, ANSWERS) },
  });
  return [
    ...(isWeighed('rtt')
      ? []
      : [toMeasure({ id: 'rtt', label: words.t('chart.rtt'), weight: null }, compared, false, rtt)]),
    ...(isWeighed(ANSWERS)
      ? []
      : [toMeasure({ id: ANSWERS, label: words.t('column.answers'), weight: null }, compared, true, answers)]),
  ];
}

/** What a provider loses for being little known or long unseen, and by the owner's stars. */
function beyondMeasures(compared: readonly Ranked[], words: Words): Measure[] {
  const doubt = (row: Ranked) => {
    const lost = cost(row, DOUBT);
    return { value: null, text: lost === null ? null : words.t('confidence.tries', { count: row.attempts }), lost };
  };
  const stars = (row: Ranked) => {
    const text = row.rating && words.measure(row.rating.mean, 'stars');
    return { value: null, text, lost: cost(row, STARS) };
  };
  return [
    toMeasure({ id: DOUBT, label: capital(words.t('compare.doubt'), words), weight: null }, compared, true, doubt),
    toMeasure({ id: STARS, label: capital(words.t('compare.stars'), words), weight: null }, compared, true, stars),
  ];
}

/** As a heading; the same names also stand within sentences. */
const capital = (text: string, { language }: Words) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);

const DOUBT = 'doubt';
const STARS = 'stars';

/** Which row tells what a sentence tells; a closed gate costs everything, and none of it by a measure. */
function rowOf({ key, metric }: Sentence): string | null {
  if (key === 'fails') return ANSWERS;
  if (key === 'few' || key === 'old') return DOUBT;
  return key === 'rating' ? STARS : metric;
}

/** Points lost in that row; below 0 where some were gained. */
function cost(row: Ranked, id: string): number | null {
  const own = explain(row).filter((sentence) => rowOf(sentence) === id);
  return own.length === 0 ? null : round(own.reduce((sum, { points }) => sum + points, 0));
}

const answersText = ({ attempts, samples }: Ranked, words: Words) =>
  attempts === 0 ? null : words.t('row.answers', { count: attempts, answered: samples });

function toMeasure(
  about: Omit<Measure, 'cells'>,
  compared: readonly Ranked[],
  greatest: boolean,
  cell: (row: Ranked) => Omit<Cell, 'best'>,
): Measure {
  const cells = compared.map(cell);
  const values = cells.flatMap(({ value }) => value ?? []);
  const best = greatest ? largest(values) : smallest(values);
  // What reads the same is the same.
  const isBest = ({ value, text }: Omit<Cell, 'best'>) =>
    value !== null && (value === best || text === cells.find((one) => one.value === best)?.text);
  const differ = cells.some((one) => one.value !== null && !isBest(one));
  return { ...about, cells: cells.map((one) => ({ ...one, best: differ && isBest(one) })) };
}
