/**
 * The scanner: owns deadline, concurrency, politeness, budget and storage; a probe only talks its protocol.
 * First every provider gives one answer, so that there is a ranking soon; then the best get more samples.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config.js';
import type { Discovery } from '../discovery/index.js';
import { PanelError } from '../errors.js';
import type { Job, JobHandle, Jobs } from '../jobs.js';
import type { Provider } from '../provider.js';
import type { ServiceRegistry } from '../services/index.js';
import type { Store } from '../store/index.js';
import { attemptOnce } from './attempt.js';
import { LagGuard } from './lag.js';
import { Pool } from './pool.js';

/** How many of the best get more samples, how many each, and how far apart (mean, ms): a light probe of SCORING.md §5. */
const BEST = 3;
const MORE = 4;
const SPACING_MS = 200;

/** How often an attempt is repeated when our own event loop spoiled it. */
const REPEATS = 2;

const DAY_MS = 86_400_000;

type Probeable = Provider & { readonly port: number };

/** What the scanner asks of the ranking, which lies to its right and is handed in. */
export interface Standing {
  readonly provider: Provider;
  readonly score: number | null;
  readonly measuredAt: number | null;
}

export interface ScannerDeps {
  readonly config: Pick<Config, 'scanConcurrency' | 'scanBytesPerDay'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'providers'>;
  readonly jobs: Jobs;
  readonly store: Pick<Store, 'attempts' | 'flush' | 'prune'>;
  /** The type's providers as ranked at this moment, best first. */
  readonly ranking: (word: string) => readonly Standing[];
  readonly now?: () => number;
  /** 0 ≤ x < 1; spreads the samples in time. */
  readonly random?: () => number;
}

export class Scanner {
  readonly #deps: ScannerDeps;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #lag = new LagGuard();
  readonly #pool: Pool;

  constructor(deps: ScannerDeps) {
    this.#deps = deps;
    this.#pool = new Pool(deps.config.scanConcurrency);
    this.#now = deps.now ?? Date.now;
    this.#random = deps.random ?? Math.random;
  }

  /**
   * Starts a scan of all providers of the wire word, or of one; a running scan that covers the request is returned instead.
   * A type is never scanned twice at once: a request that the running scan does not cover waits for it inside its own job.
   * @throws PanelError nothing-to-scan, budget-spent
   */
  start(word: string, providerId?: string): Job {
    const running = this.#deps.jobs.running().filter((job) => job.kind === 'scan' && job.type === word);
    const covering = running.find((job) => job.provider === null || job.provider === providerId);
    if (covering) return covering;
    const targets = this.#targets(word, providerId);
    const ahead = running.at(-1);
    const total = providerId === undefined ? targets.length + MORE * Math.min(BEST, targets.length) : 1 + MORE;
    return this.#deps.jobs.start({ kind: 'scan', type: word, provider: providerId ?? null, total }, async (job) => {
      if (ahead) await this.#deps.jobs.ended(ahead.id);
      try {
        await this.#scan(word, targets, job);
      } finally {
        // What was measured is worth a disk flush once the timing is over.
        this.#deps.store.flush();
        this.#deps.store.prune();
      }
    });
  }

  close(): void {
    this.#lag.close();
  }

  #targets(word: string, providerId: string | undefined): Probeable[] {
    const targets = this.#deps.discovery
      .providers(word)
      .filter((one) => providerId === undefined || one.id === providerId)
      .filter((one): one is Probeable => one.barred === null && one.port !== null);
    if (targets.length === 0) {
      const hint = 'Its announcement needs a port and an address inside COMMUNITY_RANGES, and must not say probe=none.';
      throw new PanelError('nothing-to-scan', 'There is nothing here that may be measured.', hint);
    }
    this.#affordable(word);
    return targets;
  }

  /** @throws PanelError budget-spent when one more probe would pass the daily limit */
  #affordable(word: string): void {
    const spent = this.#deps.store.attempts.bytesSince(this.#now() - DAY_MS);
    if (spent + this.#deps.services.of(word).cost.bytes <= this.#deps.config.scanBytesPerDay) return;
    throw new PanelError(
      'budget-spent',
      `Measuring has used its ${this.#deps.config.scanBytesPerDay} bytes of the last 24 hours.`,
      'Wait some hours, or raise SCAN_BYTES_PER_DAY if your link can bear it.',
    );
  }

  async #scan(word: string, targets: readonly Probeable[], job: JobHandle): Promise<void> {
    const progress = { done: 0 };
    const answered = await this.#pass(word, this.#stalestFirst(word, targets), job, progress);
    let again = this.#best(word, answered);
    for (let rounds = MORE; rounds > 0 && again.length > 0; rounds--) {
      job.progress(progress.done, progress.done + rounds * again.length);
      await delay(SPACING_MS * (0.5 + this.#random()), undefined, { signal: job.signal });
      again = await this.#pass(word, again, job, progress);
    }
    job.progress(progress.done, progress.done);
  }

  /**
   * One attempt at each target, stored as it comes. Returns the targets that did not fail, in the order given: one that
   * failed is left alone for the rest of the scan.
   */
  async #pass(
    word: string,
    targets: readonly Probeable[],
    job: JobHandle,
    progress: { done: number },
  ): Promise<Probeable[]> {
    const failed = new Set<Probeable>();
    await this.#pool.each(targets, { host: hostOf, signal: job.signal }, async (target) => {
      this.#affordable(word);
      if (!(await this.#measure(word, target, job.signal))) failed.add(target);
      progress.done++;
      job.progress(progress.done);
    });
    job.signal.throwIfAborted();
    return targets.filter((target) => !failed.has(target));
  }

  /** Whether the provider did not fail; where only our own delay decided, it did not. */
  async #measure(word: string, target: Probeable, signal: AbortSignal): Promise<boolean> {
    for (let repeat = 0; repeat <= REPEATS; repeat++) {
      const type = this.#deps.services.of(word);
      const { attempt, lagged } = await attemptOnce(type, target, { lag: this.#lag, now: this.#now, signal });
      if (attempt) this.#deps.store.attempts.add(attempt);
      if (!lagged) return attempt === null || attempt.reason === null;
    }
    return true;
  }

  /** Never measured first, then the oldest: a scan that is cancelled half way has looked where it knew least. */
  #stalestFirst(word: string, targets: readonly Probeable[]): Probeable[] {
    const measured = new Map(this.#deps.ranking(word).map((one) => [one.provider.id, one.measuredAt ?? 0]));
    return [...targets].sort((a, b) => (measured.get(a.id) ?? 0) - (measured.get(b.id) ?? 0) || (a.id < b.id ? -1 : 1));
  }

  /** The best of the targets that earned a score; a scan of one provider counts it as the best. */
  #best(word: string, targets: readonly Probeable[]): Probeable[] {
    const wanted = new Map(targets.map((one) => [one.id, one]));
    return this.#deps
      .ranking(word)
      .filter((one) => (one.score ?? 0) > 0)
      .flatMap((one) => wanted.get(one.provider.id) ?? [])
      .slice(0, BEST);
  }
}

const hostOf = (target: Probeable) => target.address;
