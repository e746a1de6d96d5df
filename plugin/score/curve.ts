/** Step 1 of the score: one measured value becomes a mark between 0 (useless) and 1 (excellent). */
import type { Metric } from '../model/metric.js';

/**
 * The curve of a metric: from a value in its own unit to its mark. The same line serves "lower is better" and "higher is
 * better": only the order of the two anchors differs. What is not a number, or below 0 on a log scale, marks 0.
 */
export function toCurve({ useless, excellent, scale }: Metric): (value: number) => number {
  if (scale === 'linear') {
    const span = excellent - useless;
    return (value) => clamp((value - useless) / span);
  }
  const span = Math.log(excellent / useless);
  return (value) => clamp(Math.log(value / useless) / span);
}

/** Into 0..1; NaN becomes 0. */
const clamp = (mark: number) => (mark > 0 ? Math.min(mark, 1) : 0);
