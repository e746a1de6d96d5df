/** One attempt at one provider: the probe under its deadline, its result checked and made into what is stored. */
import { isFailed, type ProbeResult, type Proven, type Sample } from '../probe/index.js';
import type { Provider } from '../provider.js';
import type { ServiceType } from '../services/index.js';
import type { Attempt } from '../store/attempts.js';
import { type LagGuard, spoils } from './lag.js';

/** Longest that one probe may take, ms (SERVICES.md §0.5); its own steps are shorter. */
const DEADLINE_MS = 8_000;

/** How long a probe may take to tidy up after its signal, ms, before it is left behind. */
const GRACE_MS = 250;

/** A loop that stood still this long may have caused the failure itself, ms: such a failure is nobody's fault. */
const GUILTY_STALL_MS = 500;

export interface AttemptOptions {
  readonly lag: LagGuard;
  readonly now: () => number;
  /** Aborts with the job. */
  readonly signal: AbortSignal;
  readonly deadlineMs?: number;
}

export interface AttemptOutcome {
  /** null where our own delay, not the provider, decided. */
  readonly attempt: Attempt | null;
  /** Whether measured times were thrown away, so that another attempt is worth its bytes. */
  readonly lagged: boolean;
}

/**
 * Probes the provider once. Throws what the probe throws (our own mistake), and the signal's reason when the job is aborted.
 * The provider must have a port: who may be probed is the caller's decision.
 */
export async function attemptOnce(
  type: ServiceType,
  provider: Provider & { readonly port: number },
  { lag, now, signal, deadlineMs = DEADLINE_MS }: AttemptOptions,
): Promise<AttemptOutcome> {
  const traffic = { sent: 0, received: 0 };
  const deadline = AbortSignal.timeout(deadlineMs);
  const longestStall = lag.watch();
  let stall = 0;
  let result: ProbeResult;
  try {
    const context = { signal: AbortSignal.any([signal, deadline]), traffic };
    result = await withGrace(type.probe(provider, context), context.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    result = { level: 0, reason: 'timeout' };
  } finally {
    stall = longestStall();
  }
  const tried = {
    provider: provider.id,
    type: provider.type,
    at: now(),
    // The declared cost includes headers and handshakes, which the probe cannot count.
    bytes: Math.max(type.cost.bytes, traffic.sent + traffic.received),
  };
  if (isFailed(result)) {
    const attempt = {
      ...tried,
      level: result.level,
      reason: result.reason,
      detail: result.detail?.slice(0, 100) ?? null,
    };
    return stall > GUILTY_STALL_MS ? { attempt: null, lagged: true } : { attempt, lagged: false };
  }
  const samples = unspoiled(type, result, stall);
  return {
    attempt: { ...tried, level: result.level, reason: null, samples, facts: result.facts },
    lagged: samples.length < result.samples.length,
  };
}

/** Times measured while the loop stood still are dropped; counts and shares stay. */
function unspoiled(type: ServiceType, result: Proven, stall: number): readonly Sample[] {
  const isShare = (id: string) => type.metrics.some((metric) => metric.id === id && metric.unit === 'share');
  return result.samples.filter(({ metric, value }) => isShare(metric) || !spoils(stall, value));
}

/** A probe that does not heed its signal is left behind after the grace time, so that it cannot hold up the scan. */
async function withGrace<T>(probe: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const abandoned = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(signal.reason as Error), GRACE_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([probe, abandoned]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
