/**
 * A thread that measures, and does nothing else: what the panel does meanwhile stalls no clock of a probe. It makes the
 * attempts that it is told to make; who is tried, how often and at what cost is decided elsewhere.
 */
import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { ServiceType } from '../../services/contract.js';
import { loadService } from '../../services/index.js';
import type { Pinged, PingOrder } from '../attempt/host-pings.js';
import { attemptOnce } from '../attempt.js';
import { LagGuard } from '../lag.js';
import { type AttemptOrder, type FromThread, type ToThread, toPlainError } from './messages.js';
import { warmUp } from './warm-up.js';

/** How often it says that its event loop turns, ms. */
const ALIVE_MS = 1_000;

/** It measures for some seconds, and works for some ms of them. */
const PRIORITY = -10;

const panel = parentPort as NonNullable<typeof parentPort>;
const lag = new LagGuard();
/** Types loaded by now: the one that is scanned, and those of witnesses. */
const types = new Map<string, Promise<ServiceType>>();
/** Attempts under way. */
const aborts = new Map<number, AbortController>();
/** Pings that were asked for. */
const waiting = new Map<number, (pinged: Pinged) => void>();
let pingCount = 0;

const tell = (message: FromThread) => panel.postMessage(message);

function typeOf(id: string): Promise<ServiceType> {
  const known = types.get(id);
  if (known) return known;
  // Later ones would hold up what is measured meanwhile.
  const isFirst = types.size === 0;
  const loaded = loadService(id).then(async (type) => {
    if (isFirst) await warmUp(type);
    return type;
  });
  types.set(id, loaded);
  return loaded;
}

/** @throws the signal's reason */
async function ping(attempt: number, order: PingOrder, signal: AbortSignal): Promise<Pinged> {
  const id = pingCount++;
  tell({ kind: 'ping', id, attempt, order });
  const pinged = await new Promise<Pinged>((resolve) => waiting.set(id, resolve));
  signal.throwIfAborted();
  return pinged;
}

async function attempt(id: number, { typeId, provider, pings, ...terms }: AttemptOrder): Promise<void> {
  const abort = new AbortController();
  aborts.set(id, abort);
  const options = {
    ...{ ...terms, lag, signal: abort.signal },
    pings: pings ? { measure: (order: PingOrder, signal: AbortSignal) => ping(id, order, signal) } : undefined,
    // The panel's clock tells when it was.
    now: Date.now,
    onMistake: (error: unknown) => tell({ kind: 'mistake', typeId, error: toPlainError(error) }),
  };
  try {
    const outcome = await attemptOnce(await typeOf(typeId), provider, options);
    tell({ kind: 'outcome', id, outcome });
  } catch (error) {
    tell({ kind: 'failed', id, error: toPlainError(error) });
  } finally {
    aborts.delete(id);
  }
}

panel.on('message', (message: ToThread) => {
  if (message.kind === 'attempt') void attempt(message.id, message.order);
  else if (message.kind === 'abort') aborts.get(message.id)?.abort();
  else {
    waiting.get(message.id)?.(message.pinged);
    waiting.delete(message.id);
  }
});

try {
  // On Linux, of this thread alone.
  setPriority(0, PRIORITY);
} catch {
  // Not permitted without a limit that allows it (LimitNICE= of the unit): measured all the same.
}

tell({ kind: 'alive' });
setInterval(() => aborts.size > 0 && tell({ kind: 'alive' }), ALIVE_MS);
