/** Remembers the key of a certificate, from the first answer on: a facts' chain from attempt to attempt. */
import type { Attempt } from '../../model/attempt.js';
import { CHANGE_FACT, KEY_FACT } from '../../probe/tls.js';

/** Attempts to look back: failures may lie between two answers. */
export const PIN_ATTEMPTS = 40;

/** Whether the attempt has a key to compare. */
export const hasKey = (attempt: Attempt) => attempt.reason === null && attempt.facts[KEY_FACT] !== undefined;

/**
 * The attempt, with the date since when its key is another than before. Renewing a certificate may change the key as well,
 * so that nothing fails; a person is told.
 * @param earlier of the same provider, newest first
 */
export function withPin(attempt: Attempt, earlier: readonly Attempt[]): Attempt {
  const before = earlier.find(hasKey);
  if (attempt.reason !== null || before === undefined || before.reason !== null) return attempt;
  const isSame = before.facts[KEY_FACT] === attempt.facts[KEY_FACT];
  const since = isSame ? before.facts[CHANGE_FACT] : new Date(attempt.at).toISOString();
  return since === undefined ? attempt : { ...attempt, facts: { ...attempt.facts, [CHANGE_FACT]: since } };
}
