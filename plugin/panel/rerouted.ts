/**
 * What comes of a way that has become another one: what was measured on it counts less, and a few providers at its end are
 * looked at, the recommended ones first. A network that is never still gets no more looks than these.
 */
import type { Discovery } from '../discovery/index.js';
import { HOUR_MS } from '../lib/time.js';
import type { Ranked } from '../model/ranked.js';
import type { Changed } from '../routing/index.js';

/** Looks in an hour, at most: half of what may be looked at for all reasons. */
const MAX_LOOKS = 6;
/** Beyond the first look at a recommended one: one alone may mislead, and the old ones count no more. */
const MORE_LOOKS = 1;
/** Providers whose measurements count less after one reading, at most. */
const MAX_AGED = 256;

export interface ReroutedDeps {
  readonly discovery: Pick<Discovery, 'providers'>;
  readonly ranking: (typeId: string) => readonly Ranked[];
  /** What was measured of it until now counts less. */
  readonly age: (typeId: string, provider: string) => void;
  /** @returns whether it will be looked at, and `more` times after that */
  readonly look: (typeId: string, provider: string, more: number) => boolean;
  /** ms, by a clock that nobody sets */
  readonly steady: () => number;
}

export class Rerouted {
  readonly #deps: ReroutedDeps;
  /** When looks were asked for, within the last hour. */
  #looks: number[] = [];

  constructor(deps: ReroutedDeps) {
    this.#deps = deps;
  }

  changed({ moved, lost }: Changed): void {
    const { age } = this.#deps;
    const [aged, gone] = [this.#measured(moved), this.#measured(lost)];
    for (const { provider } of aged.slice(0, MAX_AGED)) age(provider.type, provider.id);
    for (const row of [...aged, ...gone].sort(byUse)) if (!this.#look(row)) break;
  }

  /** The providers at these addresses that have answered, the most used first. */
  #measured(addresses: readonly string[]): Ranked[] {
    if (addresses.length === 0) return [];
    const { discovery, ranking } = this.#deps;
    const changed = new Set(addresses);
    const there = discovery.providers().filter(({ address, self }) => !self && changed.has(address));
    const rows = [...new Set(there.map(({ type }) => type))].flatMap(ranking);
    return rows
      .filter(({ provider, samples }) => samples > 0 && !provider.self && changed.has(provider.address))
      .sort(byUse);
  }

  /** @returns whether another look may follow in this hour */
  #look({ provider, recommended, hidden }: Ranked): boolean {
    const { look, steady } = this.#deps;
    const now = steady();
    this.#looks = this.#looks.filter((at) => now - at < HOUR_MS);
    const more = recommended ? MORE_LOOKS : 0;
    if (this.#looks.length + more >= MAX_LOOKS) return false;
    if (!hidden && look(provider.type, provider.id, more)) for (let n = 0; n <= more; n++) this.#looks.push(now);
    return true;
  }
}

const byUse = (a: Ranked, b: Ranked) =>
  Number(b.recommended) - Number(a.recommended) || Number(b.score ?? 0) - Number(a.score ?? 0);
