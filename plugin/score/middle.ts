/** The mean of the middle half: what is left of weighed marks without the best and the worst quarter of their weight. */

export interface Weighed {
  /** 0..1 */
  readonly mark: number;
  /** Above 0. */
  readonly weight: number;
}

/** Share of the weight that is left out at either end. */
const OUTER = 0.25;

/**
 * The mean mark of the middle half of the weight, and the mean square of all marks' distances from it, where the outer ones
 * count as far as the ends of that half. 0 and 0 of nothing. A greater mark never makes the mean smaller.
 */
export function toMiddle(marks: readonly Weighed[]): { readonly mean: number; readonly spread: number } {
  const sorted = marks.toSorted((a, b) => a.mark - b.mark);
  const total = marks.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return { mean: 0, spread: 0 };
  const [from, to] = [OUTER * total, (1 - OUTER) * total];
  let [below, sum, low, high] = [0, 0, 0, 0];
  for (const { mark, weight } of sorted) {
    const above = below + weight;
    if (below <= from) low = mark;
    if (below < to) high = mark;
    sum += mark * Math.max(0, Math.min(above, to) - Math.max(below, from));
    below = above;
  }
  const mean = sum / (to - from);
  const squares = sorted.reduce((all, { mark, weight }) => all + weight * (clamp(mark, low, high) - mean) ** 2, 0);
  return { mean, spread: squares / total };
}

const clamp = (mark: number, low: number, high: number) => Math.min(Math.max(mark, low), high);

/** The same of all marks: their plain mean, and their mean square about it. */
export function toPlain(marks: readonly Weighed[]): { readonly mean: number; readonly spread: number } {
  const total = marks.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return { mean: 0, spread: 0 };
  const mean = marks.reduce((sum, { mark, weight }) => sum + mark * weight, 0) / total;
  return { mean, spread: marks.reduce((sum, { mark, weight }) => sum + weight * (mark - mean) ** 2, 0) / total };
}
