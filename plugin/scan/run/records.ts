/** What a run stores of its attempts, and when: silence is held back until a neighbour answers, and may be this node's own. */
import type { Time } from '../../lib/clock/index.js';
import type { Attempt } from '../../model/attempt.js';
import type { Store } from '../../store/index.js';
import type { Budget } from '../budget.js';
import { type Outage, Round } from '../outage.js';
import type { Probeable } from '../target.js';
import { hasKey, PIN_ATTEMPTS, withPin } from './pins.js';

export interface RecordTools {
  readonly store: Pick<Store, 'attempts'>;
  readonly budget: Budget;
  readonly outage: Outage;
  readonly time: Pick<Time, 'date' | 'moment'>;
}

export class Records {
  readonly #tools: RecordTools;
  /** Ids of the providers of which something was stored, by type. */
  readonly #measured = new Map<string, Set<string>>();
  #round = new Round();
  /** Attempts of this round that wait until a neighbour answers; their bytes count meanwhile. */
  #held: { readonly attempt: Attempt; readonly moment: number; readonly release: () => void }[] = [];

  constructor(tools: RecordTools) {
    this.#tools = tools;
  }

  /** Ids of the providers of which something was stored, by type: witnesses may be of another one. */
  get measured(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#measured;
  }

  get round(): Round {
    return this.#round;
  }

  beginRound(): Round {
    this.#round = new Round();
    return this.#round;
  }

  /** Stores the attempt; before it those that were held, where a neighbour has answered by now. */
  add(target: Probeable, attempt: Attempt): void {
    if (!this.#maySettle(target, attempt)) {
      const { budget, time } = this.#tools;
      this.#held.push({ attempt, moment: time.moment(attempt.at), release: budget.hold(attempt.bytes) });
      return;
    }
    if (this.#round.isAnswered) this.#storeHeld();
    this.#store(attempt);
  }

  /** Nothing more comes: where the silence was our own, nothing of it is stored. */
  endRound(): void {
    if (this.#round.isSilent) for (const { bytes } of this.#releaseHeld()) this.#tools.budget.lose(bytes);
    else this.#storeHeld();
    this.#tools.outage.learn(this.#round);
  }

  /** Silence waits until a neighbour answers, or the round is over. */
  #maySettle(target: Probeable, attempt: Attempt): boolean {
    this.#round.note(target, attempt);
    if (this.#round.isAnswered || target.self) return true;
    if (this.#answeredBefore(target)) this.#round.noteSilence(target, attempt);
    return false;
  }

  #answeredBefore({ type, id }: Probeable): boolean {
    return this.#tools.store.attempts.of(type, id, 1)[0]?.reason === null;
  }

  #storeHeld(): void {
    for (const attempt of this.#releaseHeld()) this.#store(attempt);
  }

  #store(attempt: Attempt): void {
    try {
      this.#tools.store.attempts.add(this.#pinned(attempt));
    } catch (error) {
      // Its bytes were spent all the same.
      this.#tools.budget.lose(attempt.bytes);
      throw error;
    }
    const { type, provider } = attempt;
    this.#measured.set(type, (this.#measured.get(type) ?? new Set()).add(provider));
  }

  #pinned(attempt: Attempt): Attempt {
    if (!hasKey(attempt)) return attempt;
    return withPin(attempt, this.#tools.store.attempts.of(attempt.type, attempt.provider, PIN_ATTEMPTS));
  }

  #releaseHeld(): Attempt[] {
    return this.#held.splice(0).map(({ attempt, moment, release }) => {
      release();
      return { ...attempt, at: this.#tools.time.date(moment) };
    });
  }
}
