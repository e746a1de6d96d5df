/**
 * Tells "they failed" from "this node is cut off". Silence is held back until somebody is heard, and thrown away where
 * nobody is: a dead link of our own must not mark a whole community dead.
 */
import type { Attempt } from '../model/attempt.js';
import type { Budget } from './budget.js';
import type { Probeable } from './target.js';

/** So many hosts that answered before must be silent together, while nobody is heard, to be taken for our own outage. */
export const SILENT_HOSTS = 3;

/** For how long it is believed unless it is seen again, ms: twice the scheduler's pause while it lasts. */
const BELIEVED_MS = 10 * 60_000;

interface RoundDeps {
  readonly budget: Budget;
  readonly keep: (attempt: Attempt) => void;
  /** Whether the newest attempt on record answered. */
  readonly answeredBefore: (target: Probeable) => boolean;
}

/** Attempts made at about the same time, which are judged together. */
export class Round {
  readonly #deps: RoundDeps;
  readonly #held: { readonly attempt: Attempt; readonly release: () => void }[] = [];
  readonly #silent = new Set<string>();
  /** Hosts tried. */
  readonly hosts = new Set<string>();
  /** Whether any neighbour gave a sign of life, be it a refusal. */
  heard = false;

  constructor(deps: RoundDeps) {
    this.#deps = deps;
  }

  /** Hosts that answered before and are silent now. */
  get silent(): number {
    return this.#silent.size;
  }

  /** Keeps the attempt, at once or later: silence only once somebody is heard, or the round is over. */
  take(target: Probeable, attempt: Attempt): void {
    const { budget, keep, answeredBefore } = this.#deps;
    this.hosts.add(target.address);
    // This node always hears itself.
    if (!target.self && (attempt.reason === null || attempt.level > 0)) this.#hear();
    if (this.heard || target.self) {
      keep(attempt);
      return;
    }
    // Of a probe that stumbled nobody knows whether anything was said.
    if (attempt.reason !== 'unreadable' && answeredBefore(target)) this.#silent.add(target.address);
    this.#held.push({ attempt, release: budget.hold(attempt.bytes) });
  }

  /** Nothing more comes. Returns whether this node is cut off: the silence was its own, and nothing of it is kept. */
  end(): boolean {
    const cut = !this.heard && this.silent >= SILENT_HOSTS;
    this.#let(cut ? ({ bytes }) => this.#deps.budget.lose(bytes) : this.#deps.keep);
    return cut;
  }

  #hear(): void {
    this.heard = true;
    this.#let(this.#deps.keep);
  }

  #let(go: (attempt: Attempt) => void): void {
    for (const { attempt, release } of this.#held.splice(0)) {
      release();
      go(attempt);
    }
  }
}

/** Whether this node is cut off, as far as its last rounds tell. By a clock that no correction of the time moves. */
export class Outage {
  #until = Number.NEGATIVE_INFINITY;

  get believed(): boolean {
    return performance.now() < this.#until;
  }

  /** Ends the round and learns from it. Returns whether this node is cut off. */
  end(round: Round): boolean {
    const cut = round.end();
    if (cut) this.#until = performance.now() + BELIEVED_MS;
    else if (round.heard) this.#until = Number.NEGATIVE_INFINITY;
    return cut;
  }
}
