/**
 * How every scan makes an attempt: within the budget, never two towards one host, its outcome handed to the round that
 * decides whether it is kept.
 */
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import type { Attempt } from '../model/attempt.js';
import type { Pinger } from '../probe/ping.js';
import type { ServiceRegistry } from '../services/contract.js';
import type { Store } from '../store/index.js';
import { type AttemptOptions, type AttemptOutcome, attemptOnce } from './attempt.js';
import { Budget } from './budget.js';
import { attemptCost, type Extent, probeCost } from './cost.js';
import { LagGuard } from './lag.js';
import { Outage, Round } from './outage.js';
import { Pool } from './pool.js';
import { gapOf, hostOf, isOfferedHere, type Probeable } from './target.js';

export interface MeasurerDeps {
  readonly config: Pick<Config, 'scanConcurrency' | 'scanBytesPerDay'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'providers'>;
  readonly store: Pick<Store, 'attempts'>;
  /** Measures the path to nodes that do not gossip; without it, those paths stay unknown. */
  readonly pinger?: Pick<Pinger, 'path' | 'width'> | undefined;
  /** ms since the epoch. */
  readonly now?: () => number;
}

/** What an attempt may do, and which share of the day's bytes it may come out of (all, unless said otherwise). */
interface Terms extends Pick<AttemptOptions, 'signal' | 'asked' | 'account'> {
  readonly share?: number;
}

export class Measurer {
  readonly budget: Budget;
  readonly outage = new Outage();
  readonly #deps: MeasurerDeps;
  readonly #now: () => number;
  readonly #lag = new LagGuard();
  readonly #pool: Pool;

  constructor(deps: MeasurerDeps) {
    this.#deps = deps;
    this.#now = deps.now ?? Date.now;
    this.#pool = new Pool(deps.config.scanConcurrency);
    const { attempts } = deps.store;
    this.budget = new Budget({ attempts, bytesPerDay: deps.config.scanBytesPerDay, now: this.#now });
  }

  /** @param kept hears of each attempt that was stored */
  round(kept: (attempt: Attempt) => void): Round {
    const { attempts } = this.#deps.store;
    return new Round({
      budget: this.budget,
      keep: (attempt) => {
        try {
          attempts.add(attempt);
        } catch (error) {
          // It was made all the same.
          this.budget.lose(attempt.bytes);
          throw error;
        }
        kept(attempt);
      },
      answeredBefore: ({ type, id }) => attempts.of(type, id, 1)[0]?.reason === null,
    });
  }

  /** Bytes of one attempt at most. */
  costOf(target: Probeable, extent: Extent = {}): number {
    const type = this.#deps.services.of(target.type);
    return (this.#deps.pinger ? attemptCost : probeCost)(type, target, extent).bytes;
  }

  /** Calls `work` for the targets, as many at once and as few towards one host as the limits allow. */
  each(targets: readonly Probeable[], signal: AbortSignal, work: (target: Probeable) => Promise<void>): Promise<void> {
    return this.#pool.each(targets, { host: hostOf, signal }, work);
  }

  /** One attempt, handed to the round. @throws PanelError budget-spent */
  async once(target: Probeable, round: Round, { share, ...options }: Terms): Promise<AttemptOutcome> {
    const type = this.#deps.services.of(target.type);
    const cost = this.costOf(target, options);
    this.budget.check(cost, share);
    const release = this.budget.hold(cost);
    try {
      const tools = { lag: this.#lag, now: this.#now, pinger: this.#deps.pinger };
      const outcome = await attemptOnce(type, target, { ...tools, ...options });
      if (outcome.attempt) round.take(target, outcome.attempt);
      else this.budget.lose(outcome.bytes);
      return outcome;
    } finally {
      release();
    }
  }

  /** Tries the witnesses, one after the other, until a neighbour is heard. @throws PanelError budget-spent */
  async hear(witnesses: readonly Probeable[], round: Round, terms: Terms): Promise<void> {
    for (const witness of witnesses) {
      if (round.heard) return;
      await this.each([witness], terms.signal, async () => void (await this.once(witness, round, terms)));
    }
  }

  /** Neighbours of any type whose newest attempt answered, the newest first; one for each host that the round has not tried. */
  witnesses(round: Round): Probeable[] {
    const { discovery, services, store } = this.#deps;
    const targets = discovery.providers().filter(isOfferedHere);
    const newest = new Map(
      [...new Set(targets.map(({ type }) => type))].map((type) => [type, store.attempts.recent(type, 1)]),
    );
    const willing = targets.flatMap((target) => {
      const [last] = newest.get(target.type)?.get(target.id) ?? [];
      const type = services.of(target.type);
      // An identity is not asked for again before its time, not even to hear whether anybody is there.
      const isTooSoon = type.identifies && last && this.#now() - last.at < gapOf(type);
      return last?.reason === null && !isTooSoon ? [{ target, at: last.at }] : [];
    });
    const seen = new Set(round.hosts);
    return willing
      .sort((a, b) => b.at - a.at)
      .map(({ target }) => target)
      .filter(({ address }) => !seen.has(address) && seen.add(address));
  }

  close(): void {
    this.#lag.close();
  }
}
