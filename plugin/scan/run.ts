/**
 * A scan in progress. For each target, in a straight line: attempt, judge, keep, report. First every provider gives one
 * answer, so that there is a ranking soon; then the best give more samples.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JobHandle } from '../jobs/index.js';
import { PanelError } from '../model/errors.js';
import type { Level } from '../model/level.js';
import type { Measurer } from './attempt/measurer.js';
import type { AttemptOptions, AttemptOutcome } from './attempt.js';
import {
  attemptCost,
  BEST,
  type Extent,
  MORE,
  probeCost,
  probeCount,
  REPEATS,
  repeatCount,
  SPACING_MS,
} from './cost.js';
import { type Round, SILENT_HOSTS } from './outage.js';
import type { Pool } from './pool.js';
import { Forecast } from './run/forecast.js';
import { Records, type RecordTools } from './run/records.js';
import { findWitnesses, type WitnessTools } from './run/witnesses.js';
import type { Prospect, Shares } from './selection.js';
import { allowsHeavy, type Probeable, type Standing } from './target.js';

/** Providers that never answered are tried for this long, ms: their silence takes seconds, and a person waits for the end. */
const NEWCOMERS_MS = 120_000;

/** Before a whole round counts as silent, this many hosts outside of it are tried. */
const WITNESSES = 2;

/** What all runs of this node share. */
export interface RunTools extends RecordTools, WitnessTools {
  /** The type's providers as ranked at this moment, best first. */
  readonly ranking: (typeId: string) => readonly Standing[];
  readonly measurer: Measurer;
  readonly pool: Pool;
  /** How much the pool runs at once. */
  readonly concurrency: number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

/** What one run may do, and where it reports its progress. */
export interface RunTerms extends Pick<AttemptOptions, 'signal' | 'asked' | 'account'> {
  /** Share of the day's bytes that it may spend; all of them when left out. */
  readonly share?: number;
  /** What the first answers may cost by group; no limit by group when left out. */
  readonly shares?: Shares | null;
  readonly report?: JobHandle['progress'];
  readonly tell?: JobHandle['tell'];
}

const PORT_OPEN: Level = 2;

type Verdict = 'answered' | 'failed' | 'skipped';

/** Bytes of one attempt at most. */
export function attemptBytes(
  { services, measurer }: Pick<RunTools, 'services' | 'measurer'>,
  target: Probeable,
  extent: Extent = {},
): number {
  return (measurer.pings ? attemptCost : probeCost)(services.of(target.type), target, extent).bytes;
}

export class Run {
  readonly #tools: RunTools;
  readonly #terms: RunTerms;
  readonly #records: Records;
  /** Aborts where this program itself breaks down as it measures. */
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;
  #shares: Shares | null;
  /** How many invalidated attempts may still be repeated. */
  #repeats = 0;
  /** By `performance.now()`. */
  #newcomersUntil = 0;
  readonly #forecast: Forecast;
  #done = 0;
  #total = 0;
  /** Providers of this run that are left for later scans. */
  #skipped = 0;
  /** Passes of the best that are still to come, and attempts in each. */
  #ahead = { passes: 0, attempts: 0 };

  constructor(tools: RunTools, terms: RunTerms) {
    this.#tools = tools;
    this.#terms = terms;
    this.#records = new Records(tools);
    this.#signal = AbortSignal.any([terms.signal, this.#broken.signal]);
    this.#shares = terms.shares ?? null;
    this.#forecast = new Forecast(tools.concurrency);
  }

  /** Ids of the providers of which something was stored, by type: witnesses may be of another one. */
  get measured(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#records.measured;
  }

  /**
   * One answer of each prospect, then more samples of the best.
   * @param skipped how many providers the selection has left for later scans
   * @throws PanelError own-outage, budget-spent; the signal's reason
   */
  async scan(typeId: string, prospects: readonly Prospect[], skipped: number): Promise<void> {
    this.#total = probeCount(prospects.length);
    this.#repeats = repeatCount(prospects.length);
    this.#newcomersUntil = performance.now() + NEWCOMERS_MS;
    this.#ahead = { passes: MORE, attempts: Math.min(BEST, prospects.length) };
    const answered = await this.#pass(prospects);
    this.#shares = null;
    let best = this.#best(typeId, answered);
    for (let passes = MORE; passes > 0 && best.length > 0; passes--) {
      this.#reach({ passes, attempts: best.length });
      await delay(SPACING_MS * (0.5 + this.#tools.random()), undefined, { signal: this.#signal });
      this.#ahead = { passes: passes - 1, attempts: best.length };
      best = await this.#pass(best);
    }
    this.#reach({ passes: 0, attempts: 0 });
    if (skipped > 0) this.#report(this.#total + skipped);
  }

  /**
   * One attempt at the target. Where it answered before and is silent now, hosts that answered lately are tried; silence of
   * them all is this node's own outage, and not stored.
   * @throws PanelError budget-spent; the signal's reason
   */
  async probe(target: Probeable): Promise<void> {
    const signal = this.#signal;
    await this.#inRound(async (round) => {
      await this.#listen([target]);
      signal.throwIfAborted();
      const missing = SILENT_HOSTS - round.silent;
      const isDoubtful = round.silent > 0 || this.#tools.outage.believed;
      const witnesses = isDoubtful ? findWitnesses(this.#tools, round.hosts).slice(0, missing) : [];
      if (witnesses.length === missing) await this.#listen(witnesses);
    });
  }

  /** Whether the target's door is open; true where that cannot be told. */
  async knock(target: Probeable): Promise<boolean> {
    const { services, budget, measurer } = this.#tools;
    const cost = probeCost(services.of(''), target, {}).bytes;
    if (budget.limit(this.#terms.share) - budget.spent() < cost) return true;
    const { attempt, bytes } = await measurer.attempt(this, services.of(''), target, { signal: this.#signal });
    budget.lose(bytes);
    return attempt === null || (attempt.reason === null && attempt.level >= PORT_OPEN);
  }

  /**
   * One attempt at each. Returns those that did not fail, in the order given; one that failed is left alone for the rest of
   * the scan.
   */
  async #pass(prospects: readonly Prospect[]): Promise<Prospect[]> {
    const signal = this.#signal;
    const answered = new Set<Prospect>();
    const round = await this.#inRound(async (round) => {
      const host = ({ target }: Prospect) => target.address;
      this.#forecast.expect(prospects);
      await this.#tools.pool.each(prospects, { host, signal }, async (prospect) => {
        this.#forecast.begin(prospect);
        this.#tell();
        let verdict: Verdict = 'failed';
        try {
          verdict = await this.#measure(prospect);
        } finally {
          this.#forecast.end(prospect, verdict === 'answered');
        }
        if (verdict === 'answered') answered.add(prospect);
        this.#count(verdict);
        this.#tell();
      });
      signal.throwIfAborted();
      if (round.isSilent) await this.#listen(findWitnesses(this.#tools, round.hosts).slice(0, WITNESSES));
    });
    if (round.isSilent) throw ownOutage(round);
    return prospects.filter((prospect) => answered.has(prospect));
  }

  /** Attempts made at about the same time are judged together. @throws the signal's reason */
  async #inRound(work: (round: Round) => Promise<void>): Promise<Round> {
    const round = this.#records.beginRound();
    try {
      await work(round);
    } finally {
      this.#records.endRound();
    }
    this.#signal.throwIfAborted();
    return round;
  }

  /** What only our own delay decided is repeated while repeats are left, and is no failure. */
  async #measure(prospect: Prospect): Promise<Verdict> {
    const { asked = false, account } = this.#terms;
    const { target } = prospect;
    const extent = { asked: asked && allowsHeavy(target), account };
    const cost = attemptBytes(this.#tools, target, extent);
    const shares = this.#shares;
    if (shares !== null && !prospect.answered && performance.now() > this.#newcomersUntil) return 'skipped';
    for (let repeat = 0; ; repeat++) {
      const taken = shares === null ? 0 : shares.take(prospect, cost);
      if (taken === null) return repeat === 0 ? 'skipped' : 'answered';
      const { attempt, lagged, bytes } = await this.#attempt(target, extent);
      shares?.settle(prospect, taken, bytes);
      if (!lagged) return attempt === null || attempt.reason === null ? 'answered' : 'failed';
      if (repeat === REPEATS || this.#repeats === 0) return 'answered';
      this.#repeats--;
    }
  }

  /** Attempt, judge, keep. @throws PanelError budget-spent */
  async #attempt(target: Probeable, extent: Pick<AttemptOptions, 'asked' | 'account'> = {}): Promise<AttemptOutcome> {
    const { services, budget, measurer } = this.#tools;
    const { share } = this.#terms;
    const cost = attemptBytes(this.#tools, target, extent);
    budget.check(cost, share);
    const release = budget.hold(cost);
    try {
      const outcome = await measurer.attempt(this, services.of(target.type), target, {
        signal: this.#signal,
        ...extent,
      });
      const { attempt } = outcome;
      if (attempt === null) budget.lose(outcome.bytes);
      else this.#records.add(target, attempt);
      return outcome;
    } catch (error) {
      // A thread that broke down, or could not start. Anything else that an attempt throws leaves the others alone.
      if (error instanceof PanelError) {
        this.#broken.abort(error);
        // Nobody knows how much of it was spent.
        budget.lose(cost);
      }
      throw error;
    } finally {
      release();
    }
  }

  #count(verdict: Verdict): void {
    if (verdict === 'skipped') this.#skipped++;
    else {
      this.#done++;
      this.#report();
    }
  }

  /** So much is still to come: whatever else was expected turned out not to be needed, and counts as done. */
  #reach(ahead: { readonly passes: number; readonly attempts: number }): void {
    this.#ahead = ahead;
    this.#done = Math.max(this.#done, this.#total - this.#skipped - ahead.passes * ahead.attempts);
    this.#report();
  }

  /** @param total more than before, or left out */
  #report(total?: number): void {
    this.#terms.report?.(this.#done, total);
  }

  /** What it is trying now, and how long the rest may take. */
  #tell(): void {
    const { passes, attempts } = this.#ahead;
    const laterMs = attempts > 0 ? passes * (SPACING_MS + this.#forecast.answerMs) : 0;
    const { trying } = this.#forecast;
    this.#terms.tell?.({ trying, leftMs: this.#forecast.leftMs() + Math.round(laterMs) });
  }

  /** Tries the targets one after the other until a neighbour answers. @throws PanelError budget-spent */
  async #listen(targets: readonly Probeable[]): Promise<void> {
    const signal = this.#signal;
    const host = ({ address }: Probeable) => address;
    for (const target of targets) {
      if (this.#records.round.isAnswered) return;
      await this.#tools.pool.each([target], { host, signal }, async () => void (await this.#attempt(target)));
    }
  }

  /** The best of the prospects that earned a score; a scan of one provider counts it as the best. */
  #best(typeId: string, prospects: readonly Prospect[]): Prospect[] {
    const wanted = new Map(prospects.map((prospect) => [prospect.target.id, prospect]));
    return this.#tools
      .ranking(typeId)
      .filter(({ score }) => (score ?? 0) > 0)
      .flatMap(({ provider }) => wanted.get(provider.id) ?? [])
      .slice(0, BEST);
  }
}

function ownOutage(round: Round): PanelError {
  return new PanelError(
    'own-outage',
    `This node seems to be cut off: ${round.silent} hosts that answered before are silent, and none of ${round.hosts.size} answers. Nothing was stored.`,
    'Look at the link of this node and scan again. To measure a provider all the same, scan it alone.',
  );
}
