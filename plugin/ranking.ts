/** What is known of every provider, as one ranked list per type; scores are kept as long as they serve. */
import type { Discovery } from './discovery/index.js';
import { type Score, scoreOf } from './score/index.js';
import { type Ranked, rank } from './score/rank.js';
import type { ServiceRegistry, ServiceType } from './services/index.js';
import type { Attempt } from './store/attempts.js';
import type { Store } from './store/index.js';

/** For how long a score serves, ms: samples are forgotten over hours. */
const SCORE_FOR_MS = 10_000;
const NONE: readonly Attempt[] = [];

export interface RankingDeps {
  readonly services: ServiceRegistry;
  readonly discovery: Discovery;
  readonly store: Store;
  readonly now: () => number;
}

export class Ranking {
  readonly #deps: RankingDeps;
  readonly #scores = new WeakMap<readonly Attempt[], { readonly at: number; readonly score: Score }>();

  constructor(deps: RankingDeps) {
    this.#deps = deps;
  }

  /** The type's providers in ranked order. */
  of(word: string): readonly Ranked[] {
    const { services, discovery, store, now } = this.#deps;
    const type = services.of(word);
    const attempts = store.attempts.recent(word);
    const providers = discovery.providers(word);
    const at = now();
    return rank(providers, new Map(providers.map(({ id }) => [id, this.#scoreOf(type, attempts.get(id) ?? NONE, at)])));
  }

  /** The store hands out the same list until something is added to it, so its score need not be computed for every page. */
  #scoreOf(type: ServiceType, attempts: readonly Attempt[], now: number): Score {
    const kept = this.#scores.get(attempts);
    if (kept && now - kept.at < SCORE_FOR_MS) return kept.score;
    const score = scoreOf(type, attempts, now);
    if (attempts !== NONE) this.#scores.set(attempts, { at: now, score });
    return score;
  }
}
