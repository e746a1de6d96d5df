/** One probe under its deadline, watched: what it found, when the event loop stood still meanwhile, and by whose fault. */
import { isScarcity } from '../../model/errors.js';
import type { Account, Failed, ProbeContext, ProbeResult } from '../../probe/index.js';
import { Times } from '../../probe/times.js';
import type { ServiceType } from '../../services/contract.js';
import { type LagGuard, Stalls } from '../lag.js';
import { noteMistake } from './mistakes.js';
import { type Claimed, withPath } from './together.js';
import { Turns } from './turns.js';

/** Longest that one probe may take, ms; its own steps are shorter. */
const DEADLINE_MS = 8_000;

/** How long a probe may take to tidy up after its signal, ms, before it is left behind. */
const GRACE_MS = 250;

export interface ProbeTerms {
  readonly lag: Pick<LagGuard, 'watch'>;
  /** Aborts with the job. */
  readonly signal: AbortSignal;
  readonly deadlineMs?: number;
  /** Whether a person asked for this one provider. */
  readonly asked?: boolean | undefined;
  /** Offered by that person for this attempt. */
  readonly account?: Account | undefined;
  /** Called with a mistake of our own; the log has it once when left out. */
  readonly onMistake?: ((error: unknown) => void) | undefined;
}

export interface Probed {
  readonly result: ProbeResult;
  readonly stalls: Stalls;
  readonly turns: Turns;
  readonly times: Times;
  readonly traffic: ProbeContext['traffic'];
  /** How long it took, ms. */
  readonly ms: number;
}

/** @throws the signal's reason; where this node runs out of a resource, the system's error */
export async function probeOnce(type: ServiceType, target: Claimed, options: ProbeTerms): Promise<Probed> {
  const { lag, signal, deadlineMs = DEADLINE_MS, asked = false, account } = options;
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
    result = deadline.aborted ? { level: 0, reason: 'timeout' } : toUnreadable(type, error, traffic, options);
  } finally {
    turns.close();
    stalls = watched();
  }
  return { result, stalls, turns, times, traffic, ms: performance.now() - started };
}

/** The failure that stands for a bug in a probe; the level tells whether the other side sent anything. */
function toUnreadable(
  type: ServiceType,
  error: unknown,
  { received }: ProbeContext['traffic'],
  options: Pick<ProbeTerms, 'onMistake'>,
): Failed {
  noteMistake(type, error, options);
  return { level: received > 0 ? 2 : 0, reason: 'unreadable' };
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
