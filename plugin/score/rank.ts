/** Step 8 of the score: the order of a type's list, and the one provider to recommend. */
import type { Provider } from '../provider.js';
import { type Score, UNTRIED } from './index.js';

/** One row of a type's ranked list. */
export interface Ranked extends Score {
  readonly provider: Provider;
  readonly recommended: boolean;
}

/**
 * The providers in the order of their worth: scored ones by score, then those without a score (never tried, not checked,
 * not to be probed), then those that failed. Equal ones go by id, so that a list never reshuffles by itself.
 * A provider that may not be probed shows that reason instead of what was once measured.
 */
export function rank(providers: readonly Provider[], scores: ReadonlyMap<string, Score>): Ranked[] {
  const rows = providers.map((provider) => ({ provider, score: standing(provider, scores) })).sort(compare);
  const best = rows.find(({ provider, score }) => groupOf(score) === 0 && !provider.self && !provider.stale);
  return rows.map((row) => ({ ...row.score, provider: row.provider, recommended: row === best }));
}

interface Row {
  readonly provider: Provider;
  readonly score: Score;
}

function standing(provider: Provider, scores: ReadonlyMap<string, Score>): Score {
  if (provider.barred !== null) return { ...UNTRIED, reason: provider.barred };
  return scores.get(provider.id) ?? UNTRIED;
}

/** 0 has a score · 1 has none · 2 failed. */
const groupOf = ({ score }: Score) => (score === null ? 1 : score > 0 ? 0 : 2);

function compare(a: Row, b: Row): number {
  const group = groupOf(a.score);
  return (
    group - groupOf(b.score) ||
    (group === 0 ? Number(b.score.score) - Number(a.score.score) : 0) ||
    (group === 1 ? b.score.level - a.score.level : 0) ||
    (a.provider.id < b.provider.id ? -1 : 1)
  );
}
