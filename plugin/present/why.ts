/** "Why 78?" in words: every loss of points with the value behind it. */

import { DAY_MS } from '../lib/time.js';
import type { Score } from '../model/score.js';
import { explain, type Sentence } from '../score/explain.js';
import type { ServiceType } from '../services/contract.js';
import type { Words } from './i18n.js';
import { answersText, isSeldom } from './service/answers.js';

export interface WhyModel {
  readonly key: Sentence['key'];
  readonly metric: string | null;
  /** Whole points lost; negative where points were gained. They sum to 100 − the rounded score. */
  readonly points: number;
  readonly text: string;
}

/** The greatest loss first; a loss that rounds to 0 gets no line. */
export function whyModel(score: Score, type: ServiceType, words: Words, now: number): WhyModel[] {
  return explain(score)
    .filter(({ whole }) => whole !== 0)
    .map((sentence) => ({
      key: sentence.key,
      metric: sentence.metric,
      points: sentence.whole,
      text: sentenceText(sentence, score, type, words, now),
    }));
}

function sentenceText(
  { key, metric, value, unit }: Sentence,
  { samples: answered, attempts: tries }: Score,
  type: ServiceType,
  words: Words,
  now: number,
): string {
  const label = type.metrics.find(({ id }) => id === metric)?.label[words.language] ?? metric ?? '';
  if (value === null) return words.t(`why.${key}`, { metric: label });
  if (key === 'fails') return answersText({ answered, tries }, words);
  if (key === 'few') return words.t(fewKey(metric, value), { count: value, metric: label });
  // Whatever came before it weighs most: that the newest is fresh would contradict it.
  if (key === 'old' && now - value < DAY_MS) return words.t('why.aged');
  const text = key === 'old' ? words.ago(value, now) : words.measure(value, unit);
  return words.t(`why.${key}`, { metric: label, value: text });
}

/** What doubt is left after many tries is not told as few. */
function fewKey(metric: string | null, count: number): string {
  if (!isSeldom(count)) return 'why.doubt';
  return metric === null ? 'why.few' : 'why.few.of';
}
