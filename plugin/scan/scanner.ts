/**
 * The scanner: owns deadline, concurrency, politeness, budget and storage; a probe only talks its protocol.
 * First every provider gives one answer, so that there is a ranking soon; then the best get more samples.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JobHandle, Jobs } from '../jobs/index.js';
import { PanelError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { Account } from '../probe/index.js';
import type { Store } from '../store/index.js';
import type { AttemptOptions } from './attempt.js';
import { BACKGROUND_SHARE } from './budget.js';
import { BEST, MORE, probesOf, REPEATS, repeatsOf } from './cost.js';
import { Measurer, type MeasurerDeps } from './measure.js';
import { type Round, SILENT_HOSTS } from './outage.js';
import { type Pauses, Recent } from './recent.js';
import { inOrder, type Prospect, type Quote, quote, Shares, select } from './selection.js';
import type { Standing } from './target.js';
import { allowsHeavy, isProbeable, type Probeable } from './target.js';

/** How far apart the further samples of the best are, mean, ms. */
const SPACING_MS = 200;

/** For so long providers that never answered are tried, ms: their silence takes seconds, and a person waits for the end. */
const NEWCOMERS_MS = 120_000;

/** Before a whole round is taken for silent, so many hosts outside of it are listened for. */
const WITNESSES = 2;

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
  /** What it may spend on whom; null for a single provider, and once only the best are measured again. */
  shares: Shares | null;
  /** How many providers are left for later scans. */
  left: number;
  /** How many spoiled attempts may still be repeated. */
  repeats: number;
  /** Until then those that never answered are tried; by `performance.now()`. */
  newcomersUntil: number;
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
    this.#measurer.budget.check(this.#cheapest(targets));
    const selected = provider === null ? this.#select(word, targets) : this.#inOrder(word, targets);
    const { length } = selected;
    const terms = { asked: provider !== null, account, repeats: repeatsOf(length), left: targets.length - length };
    const shares = provider === null ? new Shares(this.#measurer.budget.limit()) : null;
    return jobs.start({ kind: 'scan', type: word, provider, total: probesOf(length) }, async (job) => {
      const ahead = running.map(({ id }) => jobs.ended(id));
      await overOrAborted(Promise.all(ahead), job.signal);
      const kept = new Set<string>();
      try {
        await this.#scan(word, selected, { ...job, ...terms, shares, kept, newcomersUntil: 0 });
        this.#recent.add({ word, provider, job: job.id, measured: kept });
      } finally {
        this.#after([[word, kept]]);
      }
    });
  }

  /** What a scan of all providers of the wire word would measure now, and cost at most. */
  quote(word: string): Quote {
    const targets = this.#deps.discovery.providers(word).filter(isProbeable);
    return quote(this.#deps.services.of(word), this.#inOrder(word, targets), this.#measurer.budget.limit());
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

  async #scan(word: string, selected: readonly Prospect[], job: ScanJob): Promise<void> {
    const progress = { done: 0 };
    job.newcomersUntil = performance.now() + NEWCOMERS_MS;
    const answered = await this.#pass(selected, job, progress);
    job.shares = null;
    let again = this.#best(word, answered);
    for (let rounds = MORE; rounds > 0 && again.length > 0; rounds--) {
      job.progress(progress.done, progress.done + rounds * again.length);
      await delay(SPACING_MS * (0.5 + this.#random()), undefined, { signal: job.signal });
      again = await this.#pass(again, job, progress);
    }
    job.progress(progress.done, progress.done + job.left);
  }

  /**
   * One attempt at each. Returns those that did not fail, in the order given: one that failed is left alone for the rest of
   * the scan.
   * @throws PanelError own-outage, budget-spent
   */
  async #pass(prospects: readonly Prospect[], job: ScanJob, progress: { done: number }): Promise<Prospect[]> {
    const out = new Set<Probeable>();
    const round = this.#measurer.round(({ provider }) => job.kept.add(provider));
    const all = new Map(prospects.map((prospect) => [prospect.target, prospect]));
    let cut = false;
    try {
      await this.#measurer.each([...all.keys()], job.signal, async (target) => {
        const outcome = await this.#measure(all.get(target) as Prospect, round, job);
        if (outcome !== 'answered') out.add(target);
        if (outcome === 'left') job.left++;
        else job.progress(++progress.done);
      });
      job.signal.throwIfAborted();
      if (!round.heard && round.silent >= SILENT_HOSTS)
        await this.#measurer.hear(this.#measurer.witnesses(round).slice(0, WITNESSES), round, { signal: job.signal });
    } finally {
      cut = this.#measurer.outage.end(round);
    }
    job.signal.throwIfAborted();
    if (cut) throw ownOutage(round);
    return prospects.filter(({ target }) => !out.has(target));
  }

  /** Where only our own delay decided, it did not fail; where others before have spent its share, it is left alone. */
  async #measure(prospect: Prospect, round: Round, job: ScanJob): Promise<'answered' | 'failed' | 'left'> {
    const { signal, account, shares } = job;
    const { target } = prospect;
    const asked = job.asked && allowsHeavy(target);
    const cost = this.#measurer.costOf(target, { asked, account });
    if (shares !== null && !prospect.answered && performance.now() > job.newcomersUntil) return 'left';
    for (let repeat = 0; ; repeat++) {
      const taken = shares === null ? 0 : shares.take(prospect, cost);
      if (taken === null) return repeat === 0 ? 'left' : 'answered';
      const { attempt, lagged, bytes } = await this.#measurer.once(target, round, { signal, asked, account });
      shares?.settle(prospect, taken, bytes);
      if (!lagged) return attempt === null || attempt.reason === null ? 'answered' : 'failed';
      if (repeat === REPEATS || job.repeats === 0) return 'answered';
      job.repeats--;
    }
  }

  #select(word: string, targets: readonly Probeable[]): Prospect[] {
    return select(this.#deps.services.of(word), this.#inOrder(word, targets), this.#measurer.budget.limit());
  }

  #inOrder(word: string, targets: readonly Probeable[]): Prospect[] {
    const pasts = this.#deps
      .ranking(word)
      .map(({ provider, measuredAt, samples }) => [provider.id, { measuredAt, answered: samples > 0 }] as const);
    return inOrder(targets, new Map(pasts));
  }

  /** Bytes of the cheapest attempt. */
  #cheapest(targets: readonly Probeable[]): number {
    return targets.reduce((least, target) => Math.min(least, this.#measurer.costOf(target)), Number.POSITIVE_INFINITY);
  }

  /** The best of the targets that earned a score; a scan of one provider counts it as the best. */
  #best(word: string, prospects: readonly Prospect[]): Prospect[] {
    const wanted = new Map(prospects.map((prospect) => [prospect.target.id, prospect]));
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
