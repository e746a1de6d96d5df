/** One attempt at one provider: the probe under its deadline, its result checked and made into what is stored. */
import { cleanText } from '../lib/text.js';
import type { Attempt } from '../model/attempt.js';
import { isScarcity } from '../model/errors.js';
import { PATH_METHODS } from '../model/metric.js';
import type { Provider } from '../model/provider.js';
import type { Sample } from '../model/sample.js';
import {
  type Failed,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Proven,
  type Target,
} from '../probe/index.js';
import { gossipAt } from '../probe/path.js';
import type { ServiceType } from '../services/contract.js';
import type { HostPings, Pinged } from './attempt/host-pings.js';
import { noteMistake } from './attempt/mistakes.js';
import { type Probed, type ProbeTerms, probeOnce } from './attempt/probing.js';
import { validSamples } from './attempt/samples.js';
import type { Turns } from './attempt/turns.js';
import { packetTrainBytes, probeCost } from './cost.js';

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

/** A provider that may be probed. */
export type Placed = Provider & { readonly port: number };

export interface AttemptOptions extends ProbeTerms {
  readonly now: () => number;
  /** Measures the path where the node does not gossip, and its width where the type weighs it; else they stay unknown. */
  readonly pings?: Pick<HostPings, 'measure'> | undefined;
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
  provider: Placed,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { now, asked = false, account } = options;
  const target = await withOwnConfiguration(type, provider, options);
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
async function withOwnConfiguration(
  type: ServiceType,
  provider: Placed,
  options: AttemptOptions,
): Promise<Placed & Target> {
  if (!type.introduce) return provider;
  try {
    return { ...provider, own: await type.introduce(provider) };
  } catch (error) {
    if (isScarcity(error)) throw error;
    noteMistake(type, error, options);
    return provider;
  }
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
  target: Placed & Target,
  { ms }: Probed,
  samples: readonly Sample[],
  { pings, signal }: AttemptOptions,
): Promise<Pinged> {
  const path = gossipAt(target) === null && !samples.some(({ method }) => PATH_METHODS.has(method));
  const width = packetTrainBytes(type) > 0;
  if (!pings || !(path || width)) return { samples: [], bytes: 0 };
  const { id, address } = target;
  return pings.measure({ provider: id, address, path, width, limitMs: ms + PING_LATE_MS }, signal);
}
