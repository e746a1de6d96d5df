/** One attempt at one provider: the probe under its deadline, its result checked and made into what is stored. */
import { inspect } from 'node:util';
import { log } from '../lib/log.js';
import { cleanText } from '../lib/text.js';
import type { Attempt } from '../model/attempt.js';
import { isScarcity } from '../model/errors.js';
import { PATH_METHODS } from '../model/metric.js';
import type { Provider } from '../model/provider.js';
import type { Sample } from '../model/sample.js';
import {
  type Account,
  type Failed,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Proven,
  type Target,
} from '../probe/index.js';
import { gossipAt, measurePath } from '../probe/path.js';
import { PING_COST, type Pinger } from '../probe/ping.js';
import { type Span, Times } from '../probe/times.js';
import type { ServiceType } from '../services/contract.js';
import { Turns } from './attempt/turns.js';
import { asksForPath, packetTrainBytes, probeCost } from './cost.js';
import { invalidates, type LagGuard, Stalls } from './lag.js';

/** Longest that one probe may take, ms; its own steps are shorter. */
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

/**
 * A loop that was blocked this long may have caused the failure itself, ms: nobody is to blame for it, unless the provider's
 * own bytes blocked the loop. Then that is the failure.
 */
const GUILTY_STALL_MS = 500;

type Probed = Provider & { readonly port: number };
type Claimed = Target & Pick<Provider, 'contradictions'>;

export interface AttemptOptions {
  readonly lag: Pick<LagGuard, 'watch'>;
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
  /** Whether times were discarded through no fault of the provider, so that another attempt is worth its bytes. */
  readonly lagged: boolean;
  /** What the attempt cost. */
  readonly bytes: number;
}

/**
 * Probes the provider once. A probe that throws is the provider's failure, and logged: the other side sent what it could not
 * read, and may send it to every probe. Throws when this node runs out of a resource, and the signal's reason when the job is
 * aborted. The provider must have a port: the caller decides who may be probed.
 */
export async function attemptOnce(
  type: ServiceType,
  provider: Provider & { readonly port: number },
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { now, asked = false, account } = options;
  const target = await withOwnConfiguration(type, provider);
  options.signal.throwIfAborted();
  const probed = await probeOnce(type, target, options);
  const { result, stalls, turns, times, traffic } = probed;
  const bytes = bytesSpent(traffic, probeCost(type, target, { asked, account }).bytes - packetTrainBytes(type));
  const common = { provider: provider.id, type: provider.type, at: now(), bytes };
  const others = stalls.without(turns);
  const failed = findFailure(result, turns);
  if (failed) {
    // Our own stall may have caused the failure.
    if (turns.total <= GUILTY_STALL_MS && others.longest() > GUILTY_STALL_MS)
      return { attempt: null, lagged: true, bytes };
    const detail = failed.detail === undefined ? null : cleanText(failed.detail, 100);
    return { attempt: { ...common, level: failed.level, reason: failed.reason, detail }, lagged: false, bytes };
  }
  const proven = result as Proven;
  const samples = validSamples(type, proven, times, stalls);
  const isInvalidated = samples.length < proven.samples.length;
  const path = isInvalidated ? { samples: [], bytes: 0 } : await pingPath(type, target, probed, samples, options);
  const { level } = proven;
  // A stranger's words.
  const facts = Object.fromEntries(Object.entries(proven.facts).map(([name, value]) => [name, cleanText(value)]));
  const cost = bytes + path.bytes;
  return {
    attempt: { ...common, bytes: cost, level, reason: null, samples: [...samples, ...path.samples], facts },
    lagged: validSamples(type, proven, times, others).length < proven.samples.length,
    bytes: cost,
  };
}

/** With what this node's own configuration says of it; an error in reading that is not the provider's. */
async function withOwnConfiguration(type: ServiceType, provider: Probed): Promise<Probed & Target> {
  if (!type.introduce) return provider;
  try {
    return { ...provider, own: await type.introduce(provider) };
  } catch (error) {
    if (isScarcity(error)) throw error;
    logOnce(type, error);
    return provider;
  }
}

interface ProbedOnce {
  readonly result: ProbeResult;
  readonly stalls: Stalls;
  readonly turns: Turns;
  readonly times: Times;
  readonly traffic: ProbeContext['traffic'];
  /** How long it took, ms. */
  readonly ms: number;
}

async function probeOnce(
  type: ServiceType,
  target: Claimed,
  { lag, signal, deadlineMs = DEADLINE_MS, asked = false, account }: AttemptOptions,
): Promise<ProbedOnce> {
  const traffic = { sent: 0, received: 0 };
  const turns = new Turns();
  const times = new Times();
  const deadline = AbortSignal.timeout(deadlineMs);
  const watched = lag.watch();
  const started = performance.now();
  const terms = { traffic, times, reading: turns.begin, asked, ...(account && { account }) };
  let stalls = new Stalls();
  let result: ProbeResult;
  try {
    const context = { ...terms, signal: AbortSignal.any([signal, deadline]) };
    result = await withGrace(withPath(type, target, context), context.signal);
  } catch (error) {
    signal.throwIfAborted();
    // Too little of our own is no silence of theirs, however late it shows.
    if (isScarcity(error)) throw error;
    result = deadline.aborted ? { level: 0, reason: 'timeout' } : toUnreadable(type, error, traffic);
  } finally {
    turns.end();
    stalls = watched();
  }
  return { result, stalls, turns, times, traffic, ms: performance.now() - started };
}

/** The failure that stands for a bug in a probe; the level tells whether the other side sent anything. */
function toUnreadable(type: ServiceType, error: unknown, { received }: ProbeContext['traffic']): Failed {
  logOnce(type, error);
  return { level: received > 0 ? 2 : 0, reason: 'unreadable' };
}

/** The failure, if any; an answer that takes this program too long to read is one, too. */
function findFailure(result: ProbeResult, turns: Turns): Failed | null {
  if (isFailed(result)) return result;
  if (turns.total <= GUILTY_STALL_MS) return null;
  const detail = `reading its answer took ${Math.round(turns.total)} ms`;
  return { level: result.level, reason: 'too-large', detail };
}

/** The bytes counted on the wire; without a count of headers, no less than the type declares, which includes them. */
function bytesSpent({ sent, received, headers }: ProbeContext['traffic'], declared: number): number {
  const payload = sent + received;
  return Math.max(payload, headers === undefined ? declared : Math.min(declared, payload + headers));
}

/** What the system's pings add to a probe that was answered: the path, unless already measured, and its width. */
async function pingPath(
  type: ServiceType,
  target: Probed & Target,
  { ms }: ProbedOnce,
  samples: readonly Sample[],
  { pinger, signal }: AttemptOptions,
): Promise<{ readonly samples: readonly Sample[]; readonly bytes: number }> {
  if (!pinger) return { samples: [], bytes: 0 };
  const limitMs = ms + PING_LATE_MS;
  const known = gossipAt(target) !== null || samples.some(({ method }) => PATH_METHODS.has(method));
  const path = known ? [] : await pinger.path(target.address, { signal, limitMs });
  const train = packetTrainBytes(type);
  const width = train > 0 ? await pinger.width(target.address, { signal, limitMs }) : [];
  return { samples: [...path, ...width], bytes: (known ? 0 : PING_COST.bytes) + train };
}

/** Errors logged already, by type and message, and how many are remembered: strangers may cause the same one for ever. */
const logged = new Set<string>();
const LOGGED = 100;
const LOGGED_TEXT = 2_000;

function logOnce(type: ServiceType, error: unknown): void {
  const key = `${type.id} ${error instanceof Error ? error.message : ''}`;
  if (logged.has(key) || logged.size >= LOGGED) return;
  logged.add(key);
  // What it quotes may be a stranger's words.
  log.error(`A probe of ${type.id} made a mistake: ${cleanText(inspect(error), LOGGED_TEXT)}`);
}

/**
 * The probe, and beside it the path to the node by Serf ping: for every service of a node that gossips, also the mute ones.
 * The path has as long as the probe takes and a little more: a silent node does not delay it.
 */
async function withPath(type: ServiceType, target: Claimed, context: ProbeContext): Promise<ProbeResult> {
  if (!asksForPath(type, target)) return withIdentities(type, target, context);
  const late = new AbortController();
  const signal = AbortSignal.any([context.signal, late.signal]);
  const path = measurePath(target, { ...context, signal }).catch((error) => {
    if (signal.aborted) return [];
    throw error;
  });
  // It is awaited below; an unhandled rejection before that would end the process.
  path.catch(() => {});
  const result = await withIdentities(type, target, context).catch(async (error) => {
    late.abort();
    await path;
    throw error;
  });
  const timer = setTimeout(() => late.abort(), isFailed(result) ? 0 : PATH_LATE_MS);
  const samples = await path;
  clearTimeout(timer);
  return isFailed(result) ? result : { ...result, samples: [...result.samples, ...samples] };
}

/**
 * The probe; when the identity is wrong and others announce the service differently, again with each of their announcements:
 * a stranger who announced a neighbour's service first cannot make it fail.
 */
async function withIdentities(type: ServiceType, target: Claimed, context: ProbeContext): Promise<ProbeResult> {
  const result = await type.probe(target, context);
  for (const { node, txt } of target.contradictions ?? []) {
    if (!isFailed(result) || result.reason !== 'wrong-identity') break;
    const other = await type.probe({ ...target, node, txt }, context);
    if (!isFailed(other)) return { ...other, facts: { ...other.facts, 'announced by': node } };
  }
  return result;
}

/** Drops times that a stall hides the beginning or the end of; of times that are not this room's own, any stall does. */
function validSamples(type: ServiceType, result: Proven, times: Times, stalls: Stalls): readonly Sample[] {
  const isTime = (id: string) =>
    (type.metrics.find((metric) => metric.id === id)?.unit ?? 'ms') === 'ms' && id !== 'loss';
  const stall = (spans: readonly Span[] | null) => (spans === null ? stalls.longest() : stalls.hiding(spans));
  return result.samples.filter(
    ({ metric, value }) => !isTime(metric) || !invalidates(stall(times.spans(value)), value),
  );
}

/** A probe that ignores its signal is abandoned after the grace time, so that it cannot hold up the scan. */
async function withGrace<T>(probe: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const abandoned = new Promise<never>((_, reject) => {
    onAbort = () => {
      timer = setTimeout(() => reject(signal.reason as Error), GRACE_MS);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([probe, abandoned]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
