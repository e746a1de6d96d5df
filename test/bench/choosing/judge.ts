/** How good an order of providers is, given the truth. */

export interface Verdict {
  /** Best time by chosen time: 1 is perfect. */
  readonly quality: number;
  /** Chosen within 20 % of the best. */
  readonly near: number;
  /** Normalised discounted cumulative gain of the first three; gain = best by time (Järvelin and Kekäläinen, 2002). */
  readonly ndcg: number;
  /** Kendall's τ-b over the pairs whose truth differs by a fifth or more. */
  readonly tau: number;
}

const NEAR = 1.2;

/** @param order best first. @param times what the task really takes at each provider, s */
export function judge(chosen: number, order: readonly number[], times: readonly number[]): Verdict {
  const best = Math.min(...times);
  const time = times[chosen] as number;
  return {
    quality: best / time,
    near: time <= best * NEAR ? 1 : 0,
    ndcg: gain(order, times) / gain(sortedBy(times), times),
    tau: kendall(order, times),
  };
}

/** Indexes by value, least first. */
export function sortedBy(values: readonly number[]): number[] {
  return [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
}

function gain(order: readonly number[], times: readonly number[]): number {
  const best = Math.min(...times);
  return order.slice(0, 3).reduce((sum, one, place) => sum + best / (times[one] as number) / Math.log2(place + 2), 0);
}

/** No two share a place, and no counted pair is tied in truth: τ-b is what is left of it. */
function kendall(order: readonly number[], times: readonly number[]): number {
  let agree = 0;
  let pairs = 0;
  for (const [place, one] of order.entries()) {
    for (const other of order.slice(place + 1)) {
      const [a, b] = [times[one] as number, times[other] as number];
      if (Math.max(a, b) < NEAR * Math.min(a, b)) continue;
      pairs += 1;
      agree += a < b ? 1 : -1;
    }
  }
  return pairs === 0 ? 1 : agree / pairs;
}

/** Spearman's rank correlation; equal values share their mean rank. */
export function spearman(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [ranks(one), ranks(other)];
  const middle = (one.length - 1) / 2;
  const product = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, rank, index) => sum + (rank - middle) * ((y[index] as number) - middle), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b) || 1);
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal - 1) / 2;
  });
}
