/**
 * The scanner: decides whether a scan may start, of whom, and owns what all scans share: budget, concurrency, politeness.
 * A scan itself is a run.
 */
import type { Config } from '../config/index.js';
import type { Jobs } from '../jobs/index.js';
import { orAbort } from '../lib/abort.js';
import { fixedTime, type Time } from '../lib/clock/index.js';
import { PanelError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { Account } from '../probe/index.js';
import type { Store } from '../store/index.js';
import { type Measurer, OwnThread } from './attempt/measurer.js';
import { BACKGROUND_SHARE, Budget } from './budget.js';
import { probeCount } from './cost.js';
import { Outage } from './outage.js';
import { Pool } from './pool.js';
import { type Pauses, Recent } from './recent.js';
import { attemptBytes, Run, type RunTools } from './run.js';
import type { Terms } from './scheduler/terms.js';
import { inOrder, type Prospect, type Quote, quote, Shares, select } from './selection.js';
import { isProbeable, type Probeable } from './target.js';

export interface ScannerDeps extends Pick<RunTools, 'services' | 'discovery' | 'ranking'> {
  readonly config: Pick<Config, 'scanConcurrency' | 'scanBytesPerDay'>;
  readonly jobs: Jobs;
  /** This thread measures, and pings nobody, when left out. */
  readonly measurer?: Measurer;
  readonly store: Pick<Store, 'attempts' | 'flush' | 'prune'>;
  /** Called when a scan or a background probe is over, with the providers of which it stored something. */
  readonly ended?: (typeId: string, providers: readonly string[]) => void;
  /** What background probes may cost; the usual share when left out. */
  readonly terms?: Pick<Terms, 'share'>;
  /** How long the result of a scan serves repeated requests; not at all when left out. */
  readonly pauses?: Pauses | undefined;
  /** ms since the epoch. */
  readonly now?: () => number;
  /** The same, where it may be set meanwhile. */
  readonly time?: Time;
  /** 0 ≤ x < 1; spreads the samples in time. */
  readonly random?: () => number;
}

export class Scanner {
  readonly #deps: ScannerDeps;
  readonly #tools: RunTools;
  readonly #recent: Recent;

  constructor(deps: ScannerDeps) {
    const { config, services, discovery, store, ranking, random = Math.random } = deps;
    const { now = Date.now, time = fixedTime(now) } = deps;
    const steady = () => time.steady();
    const budget = new Budget({ attempts: store.attempts, bytesPerDay: config.scanBytesPerDay, now, steady });
    const measurer = deps.measurer ?? new OwnThread({ now });
    const own = {
      budget,
      outage: new Outage(),
      measurer,
      pool: new Pool(config.scanConcurrency),
      concurrency: config.scanConcurrency,
    };
    this.#deps = deps;
    this.#tools = { ...{ services, discovery, store, ranking, now, time, random }, ...own };
    this.#recent = new Recent(deps.pauses ?? { type: 0, provider: 0 });
  }

  /**
   * Starts a scan of all providers of the type, or of one. A running scan that covers the request is returned instead, and
   * so is one that ended a moment ago with everything measured. A type is never scanned twice at once: a request that the
   * running scan does not cover waits for it inside its own job.
   * @param account what a person offers for this scan of one provider: no other scan covers that
   * @throws PanelError nothing-to-scan, budget-spent
   */
  start(typeId: string, providerId?: string, { account }: { readonly account?: Account | undefined } = {}): Job {
    const { jobs } = this.#deps;
    const running = jobs.running().filter((job) => job.kind === 'scan' && job.type === typeId);
    const covering = running.find((job) => job.provider === null || job.provider === providerId);
    if (covering && !account) return covering;
    const targets = this.#targets(typeId, providerId);
    const provider = providerId ?? null;
    const recent = account ? null : this.#recent.covering(typeId, provider, targets);
    if (recent !== null) return jobs.get(recent);
    const { budget } = this.#tools;
    budget.check(this.#cheapest(targets));
    const prospects = provider === null ? this.#select(typeId, targets) : this.#inOrder(typeId, targets);
    const shares = provider === null ? new Shares(budget.limit()) : null;
    const total = probeCount(prospects.length);
    const before = this.#deps.ranking(typeId).find(({ recommended }) => recommended)?.provider.id ?? null;
    return jobs.start(
      { kind: 'scan', type: typeId, provider, total, before },
      async ({ id, signal, progress, tell }) => {
        const ahead = running.map((job) => jobs.ended(job.id));
        await orAbort(Promise.allSettled(ahead), signal);
        const terms = { signal, asked: provider !== null, account, shares, report: progress, tell };
        const run = new Run(this.#tools, terms);
        try {
          await run.scan(typeId, prospects, targets.length - prospects.length);
          this.#recent.add({ typeId, provider, job: id, measured: run.measured.get(typeId) ?? new Set() });
        } finally {
          this.#after(run);
        }
      },
    );
  }

  /** What a scan of all providers of the type would measure now, and cost at most. */
  quote(typeId: string): Quote {
    const { config, discovery, services } = this.#deps;
    const targets = discovery.providers(typeId).filter(isProbeable);
    return quote(
      services.of(typeId),
      this.#inOrder(typeId, targets),
      this.#tools.budget.limit(),
      config.scanConcurrency,
    );
  }

  /**
   * One attempt at the provider, without a job and without a person's request.
   * @throws PanelError nothing-to-scan, budget-spent; the signal's reason
   */
  async background(typeId: string, providerId: string, signal: AbortSignal): Promise<void> {
    const targets = this.#targets(typeId, providerId);
    const run = new Run(this.#tools, { signal, share: this.#share });
    try {
      for (const target of targets) await run.probe(target);
    } finally {
      this.#after(run);
    }
  }

  /**
   * Whether the provider's door is open, by the probe for types that nobody knows, which says nothing to it. Nothing is
   * stored. What cannot be asked, or may not be spent, counts as open.
   */
  async knock(typeId: string, providerId: string, signal: AbortSignal): Promise<boolean> {
    const target = this.#deps.discovery.providers(typeId).find(({ id }) => id === providerId);
    if (!target || !isProbeable(target)) return true;
    return new Run(this.#tools, { signal, share: this.#share }).knock(target);
  }

  /** Whether this node is cut off, as far as its last scans and probes tell. */
  get cut(): boolean {
    return this.#tools.outage.believed;
  }

  /** Bytes that all probes have cost in 24 hours, and how many leave nothing for background probes. */
  spending(): { readonly spent: number; readonly limit: number } {
    const { budget } = this.#tools;
    return { spent: budget.spent(), limit: budget.limit(this.#share) };
  }

  /** Of the day's bytes, for background probes. */
  get #share(): number {
    return this.#deps.terms?.share ?? BACKGROUND_SHARE;
  }

  /**
   * Takes bytes that no attempt stores out of the day's budget.
   * @returns false, and takes nothing, where so many would leave a person's scans too few
   */
  spend(bytes: number): boolean {
    const { budget } = this.#tools;
    if (budget.spent() + bytes > budget.limit(BACKGROUND_SHARE)) return false;
    budget.lose(bytes);
    return true;
  }

  /** Ends what measures, also in the middle of it. */
  close(): Promise<void> {
    return this.#tools.measurer.close();
  }

  #targets(typeId: string, providerId: string | undefined): Probeable[] {
    const targets = this.#deps.discovery
      .providers(typeId)
      .filter(({ id }) => providerId === undefined || id === providerId)
      .filter(isProbeable);
    if (targets.length > 0) return targets;
    const hint = 'Its announcement needs a port and an address inside COMMUNITY_RANGES, and must not say probe=none.';
    throw new PanelError('nothing-to-scan', 'There is nothing here that may be measured.', hint);
  }

  /** Reports what was measured, and flushes to disk, once the timing is over. */
  #after({ measured }: Run): void {
    for (const [typeId, providers] of measured) this.#deps.ended?.(typeId, [...providers]);
    // In this order: the commit right after a flush costs a flush of its own.
    this.#deps.store.prune();
    this.#deps.store.flush();
  }

  #select(typeId: string, targets: readonly Probeable[]): Prospect[] {
    return select(this.#deps.services.of(typeId), this.#inOrder(typeId, targets), this.#tools.budget.limit());
  }

  #inOrder(typeId: string, targets: readonly Probeable[]): Prospect[] {
    const pasts = this.#deps
      .ranking(typeId)
      .map(({ provider, measuredAt, samples }) => [provider.id, { measuredAt, answered: samples > 0 }] as const);
    return inOrder(targets, new Map(pasts));
  }

  /** Bytes of the cheapest attempt. */
  #cheapest(targets: readonly Probeable[]): number {
    return targets.reduce(
      (least, target) => Math.min(least, attemptBytes(this.#tools, target)),
      Number.POSITIVE_INFINITY,
    );
  }
}
