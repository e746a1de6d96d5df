/** How long the rest of a scan takes: from what its own attempts took so far, and from a guess before there are any. */
import { largest } from '../../lib/extremes.js';
import type { Prospect } from '../selection.js';

/** Of one that answered before, and of any other, ms: until the run has seen some. */
const GUESS_MS = { known: 400, newcomer: 2_000 } as const;
/** One that is late by its like is likely to stay silent until its probe gives up, ms. */
const SILENCE_MS = 5_000;

type Kind = keyof typeof GUESS_MS;

export class Forecast {
  readonly #concurrency: number;
  readonly #now: () => number;
  readonly #waiting = new Set<Prospect>();
  /** Those that answered in this run. */
  readonly #answered = new Set<Prospect>();
  readonly #begun = new Map<Prospect, number>();
  readonly #spent: Record<Kind, { ms: number; count: number }> = {
    known: { ms: 0, count: 0 },
    newcomer: { ms: 0, count: 0 },
  };
  #longest = SILENCE_MS;

  /** @param now ms, by a clock that nobody sets */
  constructor(concurrency: number, now: () => number = () => performance.now()) {
    this.#concurrency = concurrency;
    this.#now = now;
  }

  /** One attempt at each is to come. */
  expect(prospects: readonly Prospect[]): void {
    for (const prospect of prospects) this.#waiting.add(prospect);
  }

  begin(prospect: Prospect): void {
    this.#waiting.delete(prospect);
    this.#begun.set(prospect, this.#now());
  }

  end(prospect: Prospect, hasAnswered: boolean): void {
    const ms = this.#now() - (this.#begun.get(prospect) ?? this.#now());
    this.#begun.delete(prospect);
    this.#add(this.#kind(prospect), ms);
    this.#longest = Math.max(this.#longest, ms);
    if (!hasAnswered || this.#kind(prospect) === 'known') return;
    this.#answered.add(prospect);
    this.#add('known', ms);
  }

  /** Ids of those that are being tried. */
  get trying(): readonly string[] {
    return [...this.#begun.keys()].map(({ target }) => target.id);
  }

  /** What one that answers usually takes, ms. */
  get answerMs(): number {
    const { ms, count } = this.#spent.known;
    return count === 0 ? GUESS_MS.known : ms / count;
  }

  /** Until all that is expected has ended, ms: its work shared out, yet no host tried twice at once. */
  leftMs(): number {
    const hosts = new Map<string, number>();
    const add = ({ target }: Prospect, ms: number) => hosts.set(target.address, (hosts.get(target.address) ?? 0) + ms);
    for (const prospect of this.#waiting) add(prospect, this.#usual(prospect));
    for (const [prospect, since] of this.#begun) add(prospect, this.#rest(prospect, since));
    const queues = [...hosts.values()];
    const work = queues.reduce((sum, ms) => sum + ms, 0);
    return Math.round(largest(queues, Math.max(0, work / this.#concurrency)));
  }

  #kind(prospect: Prospect): Kind {
    return prospect.answered || this.#answered.has(prospect) ? 'known' : 'newcomer';
  }

  #add(to: Kind, ms: number): void {
    this.#spent[to].ms += ms;
    this.#spent[to].count += 1;
  }

  #usual(prospect: Prospect): number {
    const { ms, count } = this.#spent[this.#kind(prospect)];
    return count === 0 ? GUESS_MS[this.#kind(prospect)] : ms / count;
  }

  #rest(prospect: Prospect, since: number): number {
    const elapsed = this.#now() - since;
    const usual = this.#usual(prospect);
    return elapsed < usual ? usual - elapsed : Math.max(this.#longest - elapsed, 0);
  }
}
