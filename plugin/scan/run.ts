/**
 * A scan in progress. For each target, in a straight line: attempt, judge, keep, report. First every provider gives one
 * answer, so that there is a ranking soon; then the best give more samples.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Discovery } from '../discovery/index.js';
import type { JobHandle } from '../jobs/index.js';
import type { Time } from '../lib/clock/index.js';
import type { Attempt } from '../model/attempt.js';
import { PanelError } from '../model/errors.js';
import type { Pinger } from '../probe/ping.js';
import type { ServiceRegistry } from '../services/contract.js';
import type { Store } from '../store/index.js';
import { type AttemptOptions, type AttemptOutcome, attemptOnce } from './attempt.js';
import type { Budget } from './budget.js';
import { attemptCost, BEST, type Extent, MORE, probeCost, REPEATS, repeatCount } from './cost.js';
import type { LagGuard } from './lag.js';
import { type Outage, Round, SILENT_HOSTS } from './outage.js';
import type { Pool } from './pool.js';
import type { Prospect, Shares } from './selection.js';
import { allowsHeavy, isOfferedHere, minGapMs, type Probeable, type Standing } from './target.js';

/** Mean gap between the further samples of the best, ms. */
const SPACING_MS = 200;

/** Providers that never answered are tried for this long, ms: their silence takes seconds, and a person waits for the end. */
const NEWCOMERS_MS = 120_000;

/** Before a whole round counts as silent, this many hosts outside of it are tried. */
const WITNESSES = 2;

/** What all runs of this node share. */
export interface RunTools {
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'providers'>;
  readonly store: Pick<Store, 'attempts'>;
  /** The type's providers as ranked at this moment, best first. */
  readonly ranking: (typeId: string) => readonly Standing[];
  /** Measures the path to nodes that do not gossip; without it, those paths stay unknown. */
  readonly pinger?: Pick<Pinger, 'path' | 'width'> | undefined;
  readonly budget: Budget;
  readonly outage: Outage;
  readonly lag: LagGuard;
  readonly pool: Pool;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly time: Pick<Time, 'date' | 'moment'>;
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
}

type Verdict = 'answered' | 'failed' | 'skipped';

/** Bytes of one attempt at most. */
export function attemptBytes(
  { services, pinger }: Pick<RunTools, 'services' | 'pinger'>,
  target: Probeable,
  extent: Extent = {},
): number {
  return (pinger ? attemptCost : probeCost)(services.of(target.type), target, extent).bytes;
}

export class Run {
  readonly #tools: RunTools;
  readonly #terms: RunTerms;
  /** Ids of the providers of which something was stored, by type. */
  readonly #measured = new Map<string, Set<string>>();
  #round = new Round();
  /** Attempts of this round that wait until a neighbour answers; their bytes count meanwhile. */
  #held: { readonly attempt: Attempt; readonly moment: number; readonly release: () => void }[] = [];
  #shares: Shares | null;
  /** How many invalidated attempts may still be repeated. */
  #repeats = 0;
  /** By `performance.now()`. */
  #newcomersUntil = 0;
  #done = 0;
  /** Providers left for later scans. */
  #skipped = 0;

  constructor(tools: RunTools, terms: RunTerms) {
    this.#tools = tools;
    this.#terms = terms;
    this.#shares = terms.shares ?? null;
  }

  /** Ids of the providers of which something was stored, by type: witnesses may be of another one. */
  get measured(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#measured;
  }

  /**
   * One answer of each prospect, then more samples of the best.
   * @param skipped how many providers the selection has left for later scans
   * @throws PanelError own-outage, budget-spent; the signal's reason
   */
  async scan(typeId: string, prospects: readonly Prospect[], skipped: number): Promise<void> {
    this.#skipped = skipped;
    this.#repeats = repeatCount(prospects.length);
    this.#newcomersUntil = performance.now() + NEWCOMERS_MS;
    const answered = await this.#pass(prospects);
    this.#shares = null;
    let best = this.#best(typeId, answered);
    for (let rounds = MORE; rounds > 0 && best.length > 0; rounds--) {
      this.#report(rounds * best.length);
      await delay(SPACING_MS * (0.5 + this.#tools.random()), undefined, { signal: this.#terms.signal });
      best = await this.#pass(best);
    }
    this.#report(this.#skipped);
  }

  /**
   * One attempt at the target. Where it answered before and is silent now, hosts that answered lately are tried; silence of
   * them all is this node's own outage, and not stored.
   * @throws PanelError budget-spent; the signal's reason
   */
  async probe(target: Probeable): Promise<void> {
    const { signal } = this.#terms;
    await this.#inRound(async (round) => {
      await this.#listen([target]);
      signal.throwIfAborted();
      const missing = SILENT_HOSTS - round.silent;
      const isDoubtful = round.silent > 0 || this.#tools.outage.believed;
      const witnesses = isDoubtful ? this.#witnesses().slice(0, missing) : [];
      if (witnesses.length === missing) await this.#listen(witnesses);
    });
  }

  /**
   * One attempt at each. Returns those that did not fail, in the order given; one that failed is left alone for the rest of
   * the scan.
   */
  async #pass(prospects: readonly Prospect[]): Promise<Prospect[]> {
    const { signal } = this.#terms;
    const answered = new Set<Prospect>();
    const round = await this.#inRound(async (round) => {
      const host = ({ target }: Prospect) => target.address;
      await this.#tools.pool.each(prospects, { host, signal }, async (prospect) => {
        const verdict = await this.#measure(prospect);
        if (verdict === 'answered') answered.add(prospect);
        this.#count(verdict);
      });
      signal.throwIfAborted();
      if (round.isSilent) await this.#listen(this.#witnesses().slice(0, WITNESSES));
    });
    if (round.isSilent) throw ownOutage(round);
    return prospects.filter((prospect) => answered.has(prospect));
  }

  /** Attempts made at about the same time are judged together. @throws the signal's reason */
  async #inRound(work: (round: Round) => Promise<void>): Promise<Round> {
    const round = new Round();
    this.#round = round;
    try {
      await work(round);
    } finally {
      this.#endRound();
    }
    this.#terms.signal.throwIfAborted();
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
    const { services, budget, lag, now, time, pinger } = this.#tools;
    const { signal, share } = this.#terms;
    const cost = attemptBytes(this.#tools, target, extent);
    budget.check(cost, share);
    const release = budget.hold(cost);
    try {
      const outcome = await attemptOnce(services.of(target.type), target, { lag, now, pinger, signal, ...extent });
      const { attempt } = outcome;
      if (attempt === null) budget.lose(outcome.bytes);
      else if (this.#judge(target, attempt)) this.#keep(attempt);
      else this.#held.push({ attempt, moment: time.moment(attempt.at), release: budget.hold(attempt.bytes) });
      return outcome;
    } finally {
      release();
    }
  }

  /** Whether the attempt may be stored now: silence waits until a neighbour answers, or the round is over. */
  #judge(target: Probeable, attempt: Attempt): boolean {
    const round = this.#round;
    round.note(target, attempt);
    if (round.isAnswered || target.self) return true;
    if (this.#answeredBefore(target)) round.noteSilence(target, attempt);
    return false;
  }

  #answeredBefore({ type, id }: Probeable): boolean {
    return this.#tools.store.attempts.of(type, id, 1)[0]?.reason === null;
  }

  /** Stores the attempt; before it those that were held, where a neighbour has answered by now. */
  #keep(attempt: Attempt): void {
    if (this.#round.isAnswered) this.#storeHeld();
    this.#store(attempt);
  }

  #storeHeld(): void {
    for (const attempt of this.#releaseHeld()) this.#store(attempt);
  }

  #store(attempt: Attempt): void {
    try {
      this.#tools.store.attempts.add(attempt);
    } catch (error) {
      // Its bytes were spent all the same.
      this.#tools.budget.lose(attempt.bytes);
      throw error;
    }
    const { type, provider } = attempt;
    this.#measured.set(type, (this.#measured.get(type) ?? new Set()).add(provider));
  }

  #releaseHeld(): Attempt[] {
    return this.#held.splice(0).map(({ attempt, moment, release }) => {
      release();
      return { ...attempt, at: this.#tools.time.date(moment) };
    });
  }

  /** Nothing more comes: where the silence was our own, nothing of it is stored. */
  #endRound(): void {
    if (this.#round.isSilent) for (const { bytes } of this.#releaseHeld()) this.#tools.budget.lose(bytes);
    else this.#storeHeld();
    this.#tools.outage.learn(this.#round);
  }

  #count(verdict: Verdict): void {
    if (verdict === 'skipped') this.#skipped++;
    else {
      this.#done++;
      this.#report();
    }
  }

  /** @param ahead how many attempts are still to come; as before when left out */
  #report(ahead?: number): void {
    this.#terms.report?.(this.#done, ahead === undefined ? undefined : this.#done + ahead);
  }

  /** Tries the targets one after the other until a neighbour answers. @throws PanelError budget-spent */
  async #listen(targets: readonly Probeable[]): Promise<void> {
    const { signal } = this.#terms;
    const host = ({ address }: Probeable) => address;
    for (const target of targets) {
      if (this.#round.isAnswered) return;
      await this.#tools.pool.each([target], { host, signal }, async () => void (await this.#attempt(target)));
    }
  }

  /** Neighbours of any type whose newest attempt answered, the newest first; one for each host that the round has not tried. */
  #witnesses(): Probeable[] {
    const { discovery, services, store, now } = this.#tools;
    const targets = discovery.providers().filter(isOfferedHere);
    const newest = new Map(
      [...new Set(targets.map(({ type }) => type))].map((type) => [type, store.attempts.recent(type, 1)]),
    );
    const willing = targets.flatMap((target) => {
      const [last] = newest.get(target.type)?.get(target.id) ?? [];
      const type = services.of(target.type);
      // An identity is not checked again before its time, not even to find a witness.
      const isTooSoon = type.identifies && last && now() - last.at < minGapMs(type);
      return last?.reason === null && !isTooSoon ? [{ target, at: last.at }] : [];
    });
    const hosts = new Set(this.#round.hosts);
    return willing
      .sort((a, b) => b.at - a.at)
      .map(({ target }) => target)
      .filter(({ address }) => !hosts.has(address) && hosts.add(address));
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
