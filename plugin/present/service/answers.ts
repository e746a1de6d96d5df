/** How often a provider answered, and how sure its score is: counts while there are few, shares and words only from there on. */
import type { Score } from '../../model/score.js';
import type { Words } from '../i18n.js';

interface Answers {
  readonly answered: number;
  readonly tries: number;
}

/** From so many tries on a share says more than a count. */
export const SHARE_FROM = 30;
/** From so many tries on a solid score is called well tested: one scan makes five, within seconds. */
const TESTED_FROM = 20;

/** "answered every time: 5 of 5", "answered 4 of 5", "answers 98% of the time". */
export function answersText({ answered, tries }: Answers, words: Words): string {
  if (tries >= SHARE_FROM) return words.t('best.share', { share: words.measure(answered / tries, 'share') });
  return words.t(answered === tries ? 'best.every' : 'best.some', { answered, count: tries });
}

/** "98%", "4 of 5". */
export function shareText({ answered, tries }: Answers, words: Words): string {
  if (tries >= SHARE_FROM) return words.measure(answered / tries, 'share');
  return words.t('best.of', { answered, tries });
}

/** "well tested", "5 tries"; null where there is no score to be sure of. */
export function confidenceText({ confidence, attempts }: Score, words: Words): string | null {
  if (confidence === null) return null;
  const isTested = confidence === 'solid' && attempts >= TESTED_FROM;
  return words.t(isTested ? 'confidence.solid' : 'confidence.tries', { count: attempts });
}

/** Whether "tried only so often" would still be true. */
export const isSeldom = (tries: number) => tries < TESTED_FROM;
