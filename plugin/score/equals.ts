/** Which providers may be recommended, which are as good as the best, and which of these this node picks. */
import { hash } from 'node:crypto';
import type { Ranked } from '../model/ranked.js';

/** Points within which two scores count as equal, and by which a challenger must lead. */
export const DELTA = 4;

/** What decides whether a row may be recommended. */
type Candidate = Pick<Ranked, 'provider' | 'score' | 'high' | 'hidden'>;

/** Works, is a neighbour's, is confirmed, and was not hidden by the owner. */
export const isRecommendable = ({ provider, score, hidden }: Candidate) =>
  Number(score) > 0 && !provider.self && !provider.stale && !hidden;

/**
 * Those of the rows, in ranked order, that may be recommended and are as good as the best of them, which comes first:
 * less than `DELTA` points behind, and what is known of them does not rule out that they are as good. The width of the
 * interval never makes equals by itself, or else nobody would be better than a provider hardly measured.
 */
export function nearEquals<Row extends Candidate>(rows: readonly Row[]): Row[] {
  const fit = rows.filter(isRecommendable);
  const best = Number(fit[0]?.score);
  return fit.filter(({ score, high }) => best - Number(score) < DELTA && Number(high) >= best);
}

/**
 * One of the rows, by rendezvous hashing: every node prefers another, so that the users of equals spread over them, and a
 * provider that comes or goes moves only its own users. D. G. Thaler and C. V. Ravishankar, "Using name-based mappings to
 * increase hit rates" (IEEE/ACM Transactions on Networking, 1998).
 */
export function pickByNode<Row extends Candidate>(rows: readonly Row[], seed: string): Row | undefined {
  let chosen: { readonly row: Row; readonly key: string } | undefined;
  for (const row of rows) {
    const key = hash('sha256', `${seed}|${row.provider.id}`);
    if (chosen === undefined || key > chosen.key) chosen = { row, key };
  }
  return chosen?.row;
}
