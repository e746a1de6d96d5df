/** One thread that measures, seen from the panel: its orders, what it asks for, and how its end is noticed. */
import { Worker } from 'node:worker_threads';
import { orAbort } from '../../lib/abort.js';
import { log } from '../../lib/log.js';
import { asPanelError, isScarcity, PanelError } from '../../model/errors.js';
import type { Pinged, PingOrder } from '../attempt/host-pings.js';
import { logOnce } from '../attempt/mistakes.js';
import type { AttemptOptions, AttemptOutcome } from '../attempt.js';
import { type AttemptOrder, type FromThread, fromPlainError, type ToThread } from './messages.js';

/** Its heap, MB: a scan needs 4. Beyond the limits the thread ends, and the panel goes on. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, codeRangeSizeMb: 8, stackSizeMb: 1 };

/** How often this side looks whether it has said anything, ms. */
const LOOK_MS = 1_000;

/** How many times as long it may be silent before its program has begun: a slow disk may be the reason. */
const START = 8;

/** Looks in a row at an attempt that was cancelled and has not ended: it takes a quarter of a second to. */
const MAX_OVERDUE = 5;

export interface ThreadOptions {
  /** The file that it runs. */
  readonly program: string;
  readonly pings: AttemptOptions['pings'];
  /** Looks in a row, a second apart, that find it silent while it has work, before it is ended: it loops for ever. */
  readonly patience: number;
  /** Called when it has nothing to do. */
  readonly onIdle: (thread: Thread) => void;
  /** Called when it has ended by itself. */
  readonly onDeath: (thread: Thread) => void;
}

/** An attempt under way. */
interface Open {
  /** Looks since its signal has aborted. */
  overdue: number;
  readonly signal: AbortSignal;
  readonly resolve: (outcome: AttemptOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export class Thread {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #open = new Map<number, Open>();
  #count = 0;
  #silence = 0;
  #look: NodeJS.Timeout | undefined;
  #hasBegun = false;
  #ended = false;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#worker = new Worker(options.program, { name: 'measuring', resourceLimits: LIMITS });
    this.#worker.on('message', (message: FromThread) => this.#hear(message));
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.on('exit', (code) => this.#die(new Error(`it ended with exit code ${code}`)));
  }

  /** @throws PanelError measuring-failed, no-resources; the signal's reason */
  attempt(order: AttemptOrder, scan: AbortSignal): Promise<AttemptOutcome> {
    const id = this.#count++;
    // One that follows it, for any number may wait for the same scan: Node warns of many listeners.
    const signal = AbortSignal.any([scan]);
    this.#tell({ kind: 'attempt', id, order });
    const work = new Promise<AttemptOutcome>((resolve, reject) =>
      this.#open.set(id, { signal, overdue: 0, resolve, reject }),
    );
    const onAbort = () => this.#tell({ kind: 'abort', id });
    signal.addEventListener('abort', onAbort, { once: true });
    this.#look ??= setInterval(() => this.#lookAfter(), LOOK_MS);
    return orAbort(
      work.finally(() => signal.removeEventListener('abort', onAbort)),
      signal,
    );
  }

  /** Whatever it still does ends unfinished. */
  async end(): Promise<void> {
    this.#stop(new PanelError('interrupted', 'The panel ended before this did.', 'Start it again.'));
    await this.#worker.terminate();
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    this.#silence = 0;
    this.#hasBegun = true;
    if (message.kind === 'outcome') this.#settle(message.id, ({ resolve }) => resolve(message.outcome));
    else if (message.kind === 'failed') this.#settle(message.id, ({ reject }) => reject(fromPlainError(message.error)));
    else if (message.kind === 'mistake') logOnce(message.typeId, fromPlainError(message.error));
    else if (message.kind === 'ping') void this.#ping(message.id, message.attempt, message.order);
  }

  #settle(id: number, settle: (open: Open) => void): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open) settle(open);
    if (this.#open.size > 0 || this.#ended) return;
    this.#stopLooking();
    this.#options.onIdle(this);
  }

  /** Nothing where the attempt has ended meanwhile: then nobody waits. */
  async #ping(id: number, attempt: number, order: PingOrder): Promise<void> {
    const signal = this.#open.get(attempt)?.signal;
    const failed = (error: unknown) => {
      if (!signal?.aborted) log.error(error);
      return NOTHING;
    };
    const pinged = signal && (await this.#options.pings?.measure(order, signal).catch(failed));
    this.#tell({ kind: 'pinged', id, pinged: pinged ?? NOTHING });
  }

  /** By looks, not by time: while this side stood still or the machine slept, no look was missed. */
  #lookAfter(): void {
    this.#silence += 1;
    for (const open of this.#open.values()) if (open.signal.aborted) open.overdue += 1;
    const patience = this.#options.patience * (this.#hasBegun ? 1 : START);
    if (this.#silence > patience) this.#die(new Error(`it said nothing for ${patience} s`));
    else if ([...this.#open.values()].some(({ overdue }) => overdue > MAX_OVERDUE))
      this.#die(new Error('it goes on with what was cancelled'));
  }

  #die(cause: Error): void {
    if (this.#ended) return;
    // What this node is short of, the job says.
    if (!isScarcity(cause)) log.error(cause);
    this.#stop(isScarcity(cause) ? asPanelError(cause) : brokenDown(cause));
    this.#worker.terminate().catch(log.error);
    this.#options.onDeath(this);
  }

  #stop(error: unknown): void {
    this.#ended = true;
    this.#stopLooking();
    for (const { reject } of this.#open.values()) reject(error);
    this.#open.clear();
  }

  #stopLooking(): void {
    clearInterval(this.#look);
    this.#look = undefined;
    this.#silence = 0;
  }
}

const NOTHING: Pinged = { samples: [], bytes: 0 };

function brokenDown(cause: Error): PanelError {
  const hint = 'Scan again; if it happens again, report it with the line in the log of cloudy-services.';
  return new PanelError('measuring-failed', `The thread that measures broke down: ${cause.message}.`, hint, { cause });
}
