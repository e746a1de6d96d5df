/** Which samples of an attempt count. */
import type { Sample } from '../../model/sample.js';
import type { Proven } from '../../probe/index.js';
import type { Span, Times } from '../../probe/times.js';
import type { ServiceType } from '../../services/contract.js';
import { invalidates, type Stalls } from '../lag.js';

/** Drops times that a stall hides the beginning or the end of; of times that are not this room's own, any stall does. */
export function validSamples(type: ServiceType, result: Proven, times: Times, stalls: Stalls): readonly Sample[] {
  const isTime = (id: string) =>
    (type.metrics.find((metric) => metric.id === id)?.unit ?? 'ms') === 'ms' && id !== 'loss';
  const stall = (spans: readonly Span[] | null) => (spans === null ? stalls.longest() : stalls.added(spans));
  return result.samples.filter(
    ({ metric, value }) => !isTime(metric) || !invalidates(stall(times.spans(value)), value),
  );
}
