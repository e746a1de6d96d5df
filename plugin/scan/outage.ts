/**
 * Tells "they failed" from "this node is cut off". Silence is held back until a neighbour answers, and thrown away where
 * none does: a dead link of our own must not mark a whole community dead.
 */
import type { Attempt } from '../model/attempt.js';
import type { Probeable } from './target.js';

/** This many hosts that answered before must be silent together, while no neighbour answers, to count as our own outage. */
export const SILENT_HOSTS = 3;

/** How long an outage is believed unless it is seen again, ms: twice the scheduler's pause while it lasts. */
const BELIEVED_MS = 10 * 60_000;

/** What attempts made at about the same time tell together. */
export class Round {
  readonly #silent = new Set<string>();
  readonly #hosts = new Set<string>();
  #isAnswered = false;

  /** Hosts tried. */
  get hosts(): ReadonlySet<string> {
    return this.#hosts;
  }

  /** Whether any neighbour gave a sign of life, even a refusal. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** How many hosts answered before and are silent now. */
  get silent(): number {
    return this.#silent.size;
  }

  /** Whether the silence is our own: this node is cut off. */
  get isSilent(): boolean {
    return !this.#isAnswered && this.silent >= SILENT_HOSTS;
  }

  note(target: Probeable, attempt: Attempt): void {
    this.#hosts.add(target.address);
    // This node always hears itself.
    if (!target.self && (attempt.reason === null || attempt.level > 0)) this.#isAnswered = true;
  }

  /** The attempt failed at a host that answered before. */
  noteSilence(target: Probeable, attempt: Attempt): void {
    // A probe that could not read the answer was answered.
    if (attempt.reason !== 'unreadable') this.#silent.add(target.address);
  }
}

/** Whether this node is cut off, as far as its last rounds tell. By a clock that no correction of the time moves. */
export class Outage {
  #until = Number.NEGATIVE_INFINITY;

  get believed(): boolean {
    return performance.now() < this.#until;
  }

  learn(round: Round): void {
    if (round.isSilent) this.#until = performance.now() + BELIEVED_MS;
    else if (round.isAnswered) this.#until = Number.NEGATIVE_INFINITY;
  }
}
