/** Measures in threads: each serves one scan at a time, is started when it is needed, and ends when nothing needs it. */
import { MEASURING_FILE } from '../../config/paths.js';
import { log } from '../../lib/log.js';
import type { ServiceType } from '../../services/contract.js';
import type { AttemptTerms, Instruments, Measurer } from '../attempt/measurer.js';
import type { AttemptOutcome, Placed } from '../attempt.js';
import { Thread, type ThreadOptions } from './thread.js';

/** How long a thread without work waits for more, ms: the next scan need not start it, and compile its code, again. */
const IDLE_MS = 1_500;

/** Longest silence of a thread that has work, s: much longer than reading any answer takes, on a slow and busy node too. */
const PATIENCE = 15;

type Limits = Pick<ThreadOptions, 'program' | 'patience'>;

export class Threads implements Measurer {
  readonly pings: boolean;
  readonly #instruments: Instruments;
  readonly #limits: Limits;
  /** The threads at work, by scan. Never more than attempts may be made at once. */
  readonly #busy = new Map<object, Thread>();
  /** Those that wait, each with the timer that ends it. */
  readonly #idle = new Map<Thread, NodeJS.Timeout>();

  constructor(instruments: Instruments, { program = MEASURING_FILE, patience = PATIENCE }: Partial<Limits> = {}) {
    this.#instruments = instruments;
    this.pings = instruments.pings !== undefined;
    this.#limits = { program, patience };
  }

  async attempt(
    scan: object,
    type: ServiceType,
    provider: Placed,
    { signal, ...terms }: AttemptTerms,
  ): Promise<AttemptOutcome> {
    signal.throwIfAborted();
    const { now } = this.#instruments;
    const order = { ...terms, typeId: type.id, provider, pings: this.pings };
    const outcome = await this.#threadOf(scan).attempt(order, signal);
    return { ...outcome, attempt: outcome.attempt && { ...outcome.attempt, at: now() } };
  }

  async close(): Promise<void> {
    const threads = [...this.#busy.values(), ...this.#idle.keys()];
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#busy.clear();
    this.#idle.clear();
    await Promise.all(threads.map((thread) => thread.end()));
  }

  /** The one that serves the scan already, or one that has nothing to do. */
  #threadOf(scan: object): Thread {
    const thread = this.#busy.get(scan) ?? this.#takeIdle() ?? this.#start();
    this.#busy.set(scan, thread);
    return thread;
  }

  #takeIdle(): Thread | undefined {
    const [waiting] = this.#idle;
    if (!waiting) return undefined;
    const [thread, timer] = waiting;
    clearTimeout(timer);
    this.#idle.delete(thread);
    return thread;
  }

  #start(): Thread {
    return new Thread({
      pings: this.#instruments.pings,
      ...this.#limits,
      onIdle: (thread) => {
        this.#release(thread);
        this.#idle.set(
          thread,
          setTimeout(() => {
            this.#idle.delete(thread);
            thread.end().catch(log.error);
          }, IDLE_MS),
        );
      },
      onDeath: (thread) => {
        clearTimeout(this.#idle.get(thread));
        this.#idle.delete(thread);
        this.#release(thread);
      },
    });
  }

  #release(thread: Thread): void {
    for (const [scan, busy] of this.#busy) if (busy === thread) this.#busy.delete(scan);
  }
}
