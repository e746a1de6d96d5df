/** One attempt at one provider: the probe under its deadline, its result checked and made into what is stored. */
import { cleanText } from '../discovery/entry.js';
import { isScarcity } from '../errors.js';
import {
  type Account,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Proven,
  type Sample,
  type Target,
} from '../probe/index.js';
import { PATH_METHODS } from '../probe/metrics.js';
import { gossipAt, measurePath } from '../probe/path.js';
import { PING_COST, type Pinger } from '../probe/ping.js';
import type { Provider } from '../provider.js';
import type { ServiceType } from '../services/index.js';
import type { Attempt } from '../store/attempts.js';
import { asksForPath, probeCost, trainCost } from './cost.js';
import { type LagGuard, Stalls, spoils } from './lag.js';

/** Longest that one probe may take, ms (SERVICES.md §0.5); its own steps are shorter. */
const DEADLINE_MS = 8_000;

/** How long a probe may take to tidy up after its signal, ms, before it is left behind. */
const GRACE_MS = 250;

/** How long the path may still be measured when the probe has ended, ms. */
const PATH_LATE_MS = 250;

/**
 * The system's pings come after the probe, whose own times would suffer from the start of a program. They have as long as
 * it took, which was a round trip at least, and this, ms: most of it is the start.
 */
const PING_LATE_MS = 250;

/** A loop that stood still this long may have caused the failure itself, ms: such a failure is nobody's fault. */
const GUILTY_STALL_MS = 500;

export interface AttemptOptions {
  readonly lag: LagGuard;
  readonly now: () => number;
  /** Aborts with the job. */
  readonly signal: AbortSignal;
  readonly deadlineMs?: number;
  /** Whether a person asked for this one provider. */
  readonly asked?: boolean | undefined;
  /** Offered by that person for this attempt. */
  readonly account?: Account | undefined;
  /** Measures the path where the node does not gossip, and its width where the type weighs it; else they stay unknown. */
  readonly pinger?: Pick<Pinger, 'path' | 'width'> | undefined;
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
  { lag, now, signal, deadlineMs = DEADLINE_MS, asked = false, account, pinger }: AttemptOptions,
): Promise<AttemptOutcome> {
  const target = type.introduce ? { ...provider, own: await type.introduce(provider) } : provider;
  const traffic = { sent: 0, received: 0 };
  const deadline = AbortSignal.timeout(deadlineMs);
  const watched = lag.watch();
  const started = performance.now();
  let stalls = new Stalls();
  let result: ProbeResult;
  try {
    const context = { signal: AbortSignal.any([signal, deadline]), traffic, asked, ...(account && { account }) };
    result = await withGrace(withPath(type, target, context), context.signal);
  } catch (error) {
    signal.throwIfAborted();
    // Too little of our own is no silence of theirs, however late it shows.
    if (!deadline.aborted || isScarcity(error)) throw error;
    result = { level: 0, reason: 'timeout' };
  } finally {
    stalls = watched();
  }
  const tried = {
    provider: provider.id,
    type: provider.type,
    at: now(),
    // The declared cost includes headers and handshakes, which the probe cannot count.
    bytes: Math.max(
      probeCost(type, target, { asked, account }).bytes - trainCost(type),
      traffic.sent + traffic.received,
    ),
  };
  if (isFailed(result)) {
    const attempt = {
      ...tried,
      level: result.level,
      reason: result.reason,
      detail: result.detail === undefined ? null : cleanText(result.detail, 100),
    };
    return stalls.longest() > GUILTY_STALL_MS ? { attempt: null, lagged: true } : { attempt, lagged: false };
  }
  const samples = unspoiled(type, result, stalls);
  const lagged = samples.length < result.samples.length;
  const limitMs = performance.now() - started + PING_LATE_MS;
  const known = gossipAt(target) !== null || samples.some(({ method }) => PATH_METHODS.has(method));
  const pings = pinger && !lagged && !known;
  const path = pings ? await pinger.path(provider.address, { signal, limitMs }) : [];
  const train = pinger && !lagged ? trainCost(type) : 0;
  const width = pinger && train > 0 ? await pinger.width(provider.address, { signal, limitMs }) : [];
  const bytes = tried.bytes + (pings ? PING_COST.bytes : 0) + train;
  const { level } = result;
  // A stranger's words.
  const facts = Object.fromEntries(Object.entries(result.facts).map(([name, value]) => [name, cleanText(value)]));
  return { attempt: { ...tried, bytes, level, reason: null, samples: [...samples, ...path, ...width], facts }, lagged };
}

/**
 * The probe, and beside it the path to the node by Serf ping: for every service of a node that gossips, also the mute ones.
 * The path has as long as the probe takes and a little more: a node that does not answer holds up nothing.
 */
async function withPath(type: ServiceType, target: Target, context: ProbeContext): Promise<ProbeResult> {
  if (!asksForPath(type, target)) return type.probe(target, context);
  const late = new AbortController();
  const signal = AbortSignal.any([context.signal, late.signal]);
  const path = measurePath(target, { ...context, signal }).catch((error) => {
    if (signal.aborted) return [];
    throw error;
  });
  // It is awaited below; until then nobody would hear it fail, and that ends the process.
  path.catch(() => {});
  const result = await type.probe(target, context).catch(async (error) => {
    late.abort();
    await path;
    throw error;
  });
  const timer = setTimeout(() => late.abort(), isFailed(result) ? 0 : PATH_LATE_MS);
  const samples = await path;
  clearTimeout(timer);
  return isFailed(result) ? result : { ...result, samples: [...result.samples, ...samples] };
}

/** Times measured while the loop stood still are dropped; what no clock of ours measured stays. */
function unspoiled(type: ServiceType, result: Proven, stalls: Stalls): readonly Sample[] {
  const isTime = (id: string) =>
    (type.metrics.find((metric) => metric.id === id)?.unit ?? 'ms') === 'ms' && id !== 'loss';
  return result.samples
    .filter(({ metric, value, until }) => {
      const stall = until === undefined ? stalls.longest() : stalls.longest(until - value, until);
      return !isTime(metric) || !spoils(stall, value);
    })
    .map(({ until, ...sample }) => sample);
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
