/**
 * The scanner: owns deadline, concurrency, politeness, budget and storage; a probe only talks its protocol.
 * First every provider gives one answer, so that there is a ranking soon; then the best get more samples.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { PanelError } from '../errors.js';
import type { Job, JobHandle, Jobs } from '../jobs.js';
import type { Account } from '../probe/index.js';
import type { Provider } from '../provider.js';
import type { Store } from '../store/index.js';
import type { AttemptOptions } from './attempt.js';
import { BACKGROUND_SHARE } from './budget.js';
import { BEST, MORE, probesOf, REPEATS, repeatsOf } from './cost.js';
import { Measurer, type MeasurerDeps } from './measure.js';
import { type Round, SILENT_HOSTS } from './outage.js';
import { type Pauses, Recent } from './recent.js';
import { allowsHeavy, isProbeable, type Probeable } from './target.js';

export { PAUSES } from './recent.js';
export { Scheduler, type SchedulerStatus } from './scheduler.js';

/** How far apart the further samples of the best are, mean, ms. */
const SPACING_MS = 200;

/** Before a whole round is taken for silent, so many hosts outside of it are listened for. */
const WITNESSES = 2;

/** What the scanner asks of the ranking, which lies to its right and is handed in. */
export interface Standing {
  readonly provider: Provider;
  readonly score: number | null;
  readonly measuredAt: number | null;
}

export interface ScannerDeps extends MeasurerDeps {
  readonly jobs: Jobs;
  readonly store: Pick<Store, 'attempts' | 'flush' | 'prune'>;
  /** The type's providers as ranked at this moment, best first. */
  readonly ranking: (word: string) => readonly Standing[];
  /** Called when a scan or an unasked probe is over, with the providers of which it stored something. */
  readonly ended?: (word: string, providers: readonly string[]) => void;
  /** How long a scan's result serves those who ask again; not at all when left out. */
  readonly pauses?: Pauses | undefined;
  /** 0 ≤ x < 1; spreads the samples in time. */
  readonly random?: () => number;
}

/** A scan's job, what a person allows it, and the providers of which it has stored something. */
interface ScanJob extends JobHandle, Pick<AttemptOptions, 'asked' | 'account'> {
  readonly kept: Set<string>;
  /** How many spoiled attempts may still be repeated. */
  repeats: number;
}

export class Scanner {
  readonly #deps: ScannerDeps;
  readonly #random: () => number;
  readonly #measurer: Measurer;
  readonly #recent: Recent;

  constructor(deps: ScannerDeps) {
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
    this.#measurer = new Measurer(deps);
    this.#recent = new Recent(deps.pauses ?? { type: 0, provider: 0 });
  }

  /**
   * Starts a scan of all providers of the wire word, or of one. A running scan that covers the request is returned
   * instead, and so is one that ended a moment ago with everything measured. A type is never scanned twice at once: a
   * request that the running scan does not cover waits for it inside its own job.
   * @param account what a person offers for this scan of one provider: no other scan covers that
   * @throws PanelError nothing-to-scan, budget-spent
   */
  start(word: string, providerId?: string, { account }: { readonly account?: Account | undefined } = {}): Job {
    const { jobs } = this.#deps;
    const running = jobs.running().filter((job) => job.kind === 'scan' && job.type === word);
    const covering = running.find((job) => job.provider === null || job.provider === providerId);
    if (covering && !account) return covering;
    const targets = this.#targets(word, providerId);
    const provider = providerId ?? null;
    const recent = account ? null : this.#recent.covering(word, provider, targets);
    if (recent !== null) return jobs.get(recent);
    this.#measurer.budget.check(Math.min(...targets.map((target) => this.#measurer.costOf(target))));
    const repeats = repeatsOf(targets.length);
    return jobs.start({ kind: 'scan', type: word, provider, total: probesOf(targets.length) }, async (job) => {
      const ahead = running.map(({ id }) => jobs.ended(id));
      await overOrAborted(Promise.all(ahead), job.signal);
      const kept = new Set<string>();
      try {
        await this.#scan(word, targets, { ...job, asked: provider !== null, account, kept, repeats });
        this.#recent.add({ word, provider, job: job.id, measured: kept });
      } finally {
        this.#after([[word, kept]]);
      }
    });
  }

  /**
   * One attempt at the provider that nobody asked for, and no job. Where one that answered before is silent, hosts that
   * answered lately are listened for; silence of them all is our own, and not stored.
   * @throws PanelError nothing-to-scan, budget-spent; the signal's reason
   */
  async background(word: string, providerId: string, signal: AbortSignal): Promise<void> {
    const [target] = this.#targets(word, providerId);
    const terms = { signal, share: BACKGROUND_SHARE };
    const kept = new Map<string, Set<string>>();
    const round = this.#measurer.round(({ type, provider }) =>
      kept.set(type, (kept.get(type) ?? new Set()).add(provider)),
    );
    try {
      await this.#measurer.hear(target ? [target] : [], round, terms);
      signal.throwIfAborted();
      const missing = SILENT_HOSTS - round.silent;
      const witnesses = round.silent > 0 || this.cut ? this.#measurer.witnesses(round).slice(0, missing) : [];
      if (witnesses.length === missing) await this.#measurer.hear(witnesses, round, terms);
      signal.throwIfAborted();
    } finally {
      this.#measurer.outage.end(round);
      this.#after(kept);
    }
  }

  /** Whether this node is cut off, as far as its last scans and probes tell. */
  get cut(): boolean {
    return this.#measurer.outage.believed;
  }

  /** Bytes that all probes have cost in 24 hours, and how many of them leave nothing for unasked ones. */
  spending(): { readonly spent: number; readonly limit: number } {
    const { budget } = this.#measurer;
    return { spent: budget.spent(), limit: budget.limit(BACKGROUND_SHARE) };
  }

  close(): void {
    this.#measurer.close();
  }

  #targets(word: string, providerId: string | undefined): Probeable[] {
    const targets = this.#deps.discovery
      .providers(word)
      .filter((one) => providerId === undefined || one.id === providerId)
      .filter(isProbeable);
    if (targets.length > 0) return targets;
    const hint = 'Its announcement needs a port and an address inside COMMUNITY_RANGES, and must not say probe=none.';
    throw new PanelError('nothing-to-scan', 'There is nothing here that may be measured.', hint);
  }

  /** What was measured is told, and worth a disk flush, once the timing is over. */
  #after(kept: Iterable<readonly [word: string, providers: ReadonlySet<string>]>): void {
    for (const [word, providers] of kept) if (providers.size > 0) this.#deps.ended?.(word, [...providers]);
    // In this order: the commit right after a flush costs a flush of its own.
    this.#deps.store.prune();
    this.#deps.store.flush();
  }

  async #scan(word: string, targets: readonly Probeable[], job: ScanJob): Promise<void> {
    const progress = { done: 0 };
    const answered = await this.#pass(this.#stalestFirst(word, targets), job, progress);
    let again = this.#best(word, answered);
    for (let rounds = MORE; rounds > 0 && again.length > 0; rounds--) {
      job.progress(progress.done, progress.done + rounds * again.length);
      await delay(SPACING_MS * (0.5 + this.#random()), undefined, { signal: job.signal });
      again = await this.#pass(again, job, progress);
    }
    job.progress(progress.done, progress.done);
  }

  /**
   * One attempt at each target. Returns the targets that did not fail, in the order given: one that failed is left alone
   * for the rest of the scan.
   * @throws PanelError own-outage, budget-spent
   */
  async #pass(targets: readonly Probeable[], job: ScanJob, progress: { done: number }): Promise<Probeable[]> {
    const failed = new Set<Probeable>();
    const round = this.#measurer.round(({ provider }) => job.kept.add(provider));
    let cut = false;
    try {
      await this.#measurer.each(targets, job.signal, async (target) => {
        if (!(await this.#measure(target, round, job))) failed.add(target);
        progress.done++;
        job.progress(progress.done);
      });
      job.signal.throwIfAborted();
      if (!round.heard && round.silent >= SILENT_HOSTS)
        await this.#measurer.hear(this.#measurer.witnesses(round).slice(0, WITNESSES), round, { signal: job.signal });
    } finally {
      cut = this.#measurer.outage.end(round);
    }
    job.signal.throwIfAborted();
    if (cut) throw ownOutage(round);
    return targets.filter((target) => !failed.has(target));
  }

  /** Whether the provider did not fail; where only our own delay decided, it did not. */
  async #measure(target: Probeable, round: Round, job: ScanJob): Promise<boolean> {
    const { signal, account } = job;
    const asked = job.asked && allowsHeavy(target);
    for (let repeat = 0; ; repeat++) {
      const { attempt, lagged } = await this.#measurer.once(target, round, { signal, asked, account });
      if (!lagged) return attempt === null || attempt.reason === null;
      if (repeat === REPEATS || job.repeats === 0) return true;
      job.repeats--;
    }
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

/** Resolves once the work is over, whatever came of it. @throws the signal's reason */
function overOrAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = () => {
      signal.removeEventListener('abort', end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    signal.addEventListener('abort', end);
    work.then(end, end);
  });
}

function ownOutage(round: Round): PanelError {
  return new PanelError(
    'own-outage',
    `This node seems to be cut off: ${round.silent} hosts that answered before are silent, and none of ${round.hosts.size} is heard. Nothing of it was kept.`,
    'Look at the link of this node and scan again. To measure a provider all the same, scan it alone.',
  );
}
