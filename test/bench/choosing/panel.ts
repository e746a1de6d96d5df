/** One user's panel for one type, behind a virtual clock: the real digest, score, ranking, recommendation and plan. */

import type { Attempt } from '../../../plugin/model/attempt.js';
import type { Provider } from '../../../plugin/model/provider.js';
import type { Ranked } from '../../../plugin/model/ranked.js';
import { type Candidate, chooseKnock, chooseNext } from '../../../plugin/scan/plan.js';
import { type Digest, toDigest } from '../../../plugin/score/digest.js';
import { scoreAt } from '../../../plugin/score/index.js';
import { type Mark, toMark } from '../../../plugin/score/mark.js';
import { rank } from '../../../plugin/score/rank.js';
import type { Stars } from '../../../plugin/score/rating.js';
import { recommend } from '../../../plugin/score/recommend.js';
import type { ServiceType } from '../../../plugin/services/contract.js';
import { probeOnce } from './probe.js';
import { Random } from './random.js';
import { HOUR, TABLE } from './table.js';
import type { TaskName } from './tasks.js';
import type { Struck, World } from './world.js';

/** Attempts that the program looks at. */
const KEPT = 40;
/** A failure that something else told of, or that a knock found, is confirmed after this. */
const AGAIN_MS = 60_000;
/** Looks at a provider that may be in another place, and the rest between them. */
const LOOKS_MOVED = 3;
const REST_MS = 10 * 60_000;
/** A scan that a person starts: so many of the best get so many more samples. */
const BEST = 3;
const MORE = 4;
const SPACING_MS = 200;
/** The epoch of the simulation: a midnight by the local clock, which the program goes by. */
export const EPOCH = new Date(2026, 0, 1).getTime();

export interface Setting {
  readonly world: World;
  readonly task: TaskName;
  readonly type: Pick<ServiceType, 'metrics' | 'scoredFrom' | 'cost'> & { readonly identifies?: boolean };
  readonly seed: number;
  readonly user: number;
  /** Round-trip times guessed from coordinates, ms, by provider. */
  readonly estimates: readonly number[];
  /** What a probe says in place of the simulated one: times of a real network. */
  readonly replay?: (provider: number, at: number) => Attempt;
}

export const PROVIDERS: readonly Provider[] = Array.from({ length: TABLE.providers }, (_, index) => ({
  ...{
    id: `p${String(index).padStart(2, '0')}`,
    type: '',
    node: '',
    host: '',
    address: `10.0.0.${index + 1}`,
    port: 80,
  },
  ...{ description: '', community: '', txt: new Map(), gossip: null, sources: ['serf'] as const },
  ...{ self: false, barred: null, stale: false, heardAt: 0 },
}));
const INDEX: ReadonlyMap<string, number> = new Map(PROVIDERS.map(({ id }, index) => [id, index]));
export const indexOf = (id: string): number => INDEX.get(id) as number;

export class Panel {
  readonly #setting: Setting;
  readonly #random: Random;
  readonly #estimates: ReadonlyMap<string, number>;
  readonly #attempts: Attempt[][] = PROVIDERS.map(() => []);
  readonly #digests: (Digest | null)[] = PROVIDERS.map(() => null);
  #previous: ReturnType<typeof recommend> = null;
  /** When something else than a probe told of a change, by provider. */
  readonly #changes = new Map<number, number>();
  readonly #stars = new Map<number, Stars[]>();
  readonly #knocks = new Map<number, number>();
  /** Whom Serf no longer sees. */
  readonly #gone = new Set<number>();
  /** What has befallen this user's world. */
  struck: Struck | null = null;
  bytes = 0;
  probes = 0;

  constructor(setting: Setting, word: string) {
    this.#setting = setting;
    this.#estimates = new Map(PROVIDERS.map(({ id }, index) => [id, setting.estimates[index] as number]));
    this.#random = new Random(setting.seed, setting.user, setting.task, word);
  }

  /** The same panel in another world, with chance of its own from here on. */
  fork(word: string, world = this.#setting.world): Panel {
    return this.forkTo({ ...this.#setting, world }, word);
  }

  /** The same, of a setting that may differ in more. */
  forkTo(setting: Setting, word: string): Panel {
    const copy = new Panel(setting, word);
    for (const index of PROVIDERS.keys()) copy.#attempts[index] = [...this.attempts(index)];
    copy.#previous = this.#previous;
    for (const [provider, at] of this.#changes) copy.#changes.set(provider, at);
    for (const [provider, stars] of this.#stars) copy.#stars.set(provider, stars);
    for (const [provider, at] of this.#knocks) copy.#knocks.set(provider, at);
    return copy;
  }

  /** The badge's provider; null before there was one. */
  get badge(): number | null {
    return this.#previous ? indexOf(this.#previous.provider) : null;
  }

  attempts(provider: number): readonly Attempt[] {
    return this.#attempts[provider] ?? [];
  }

  /** Serf tells that the node is back: what is known of it counts less, and it is looked at. */
  returned(provider: number, at: number): void {
    this.#changes.set(provider, EPOCH + at);
    this.#digests[provider] = null;
    for (let look = 0; look < LOOKS_MOVED; look++) this.#look(provider, at + look * REST_MS);
  }

  /** Serf tells that the node is gone: it is looked at. */
  lost(provider: number, at: number): void {
    this.#gone.add(provider);
    this.#look(provider, at);
  }

  /** The user has used it, and says how that was. */
  rate(provider: number, at: number, stars: number): void {
    this.#stars.set(provider, [...(this.#stars.get(provider) ?? []), { at: EPOCH + at, stars }]);
  }

  /** One attempt, stored. Whether it was answered. */
  probe(provider: number, at: number): boolean {
    const attempt = this.#setting.replay?.(provider, at) ?? this.#simulate(provider, at);
    const list = this.#attempts[provider] as Attempt[];
    list.unshift(attempt);
    if (list.length > KEPT) list.pop();
    this.#digests[provider] = null;
    this.bytes += attempt.bytes;
    this.probes += 1;
    return attempt.reason === null;
  }

  #simulate(provider: number, at: number): Attempt {
    const { world, user, task, type } = this.#setting;
    const state = world.at(user, provider, at, this.struck);
    const { id } = PROVIDERS[provider] as Provider;
    return probeOnce({ task, type, provider: id, state, at: EPOCH + at, random: this.#random });
  }

  #digest(provider: number, now: number): Digest {
    const changed = this.#changes.get(provider);
    const digest = this.#digests[provider] ?? toDigest(this.#setting.type, this.attempts(provider), now, changed);
    this.#digests[provider] = digest;
    return digest;
  }

  /** Whom Serf has lost is listed as unconfirmed. */
  #listed(): readonly Provider[] {
    if (this.#gone.size === 0) return PROVIDERS;
    return PROVIDERS.map((provider, index) => (this.#gone.has(index) ? { ...provider, stale: true } : provider));
  }

  rows(at: number): Ranked[] {
    const { type } = this.#setting;
    const now = EPOCH + at;
    const scores = PROVIDERS.map(({ id }, index) => {
      return [id, scoreAt(type, this.#digest(index, now), now, this.#stars.get(index))] as const;
    });
    return rank(this.#listed(), new Map(scores), {
      recommended: this.#previous?.provider ?? null,
      seed: this.#nodeSeed,
      estimates: this.#estimates,
    });
  }

  /** What is known of each metric of a provider. */
  marks(provider: number, at: number): Mark[] {
    const { metrics } = this.#setting.type;
    const digest = this.#digest(provider, EPOCH + at);
    return metrics.flatMap((metric, nth) => {
      const tally = digest.tallies[nth];
      return tally ? toMark(metric, tally, EPOCH + at - digest.at) : [];
    });
  }

  /** Whom the badge would go to if nobody had it. */
  afresh(rows: readonly Ranked[]): number {
    const choice = recommend(rows, null, { seed: this.#nodeSeed, now: 0 });
    return choice ? indexOf(choice.provider) : 0;
  }

  /** What the program does at the end of a scan, or of a probe: it thinks about the badge again. */
  conclude(at: number): Ranked[] {
    const rows = this.rows(at);
    const changedAt = this.badge === null ? undefined : this.#changes.get(this.badge);
    this.#previous = recommend(rows, this.#previous, { seed: this.#nodeSeed, now: EPOCH + at, changedAt });
    return rows;
  }

  /** A scan as a person starts it, of all or of a shortlist. */
  scan(at: number, providers: readonly number[] = [...PROVIDERS.keys()]): Ranked[] {
    let answered = providers.filter((provider) => this.probe(provider, at));
    answered = this.rows(at)
      .map(({ provider }) => indexOf(provider.id))
      .filter((one) => answered.includes(one))
      .slice(0, BEST);
    for (let round = 1; round <= MORE; round++) {
      answered = answered.filter((provider) => this.probe(provider, at + round * SPACING_MS));
    }
    return this.conclude(at + (MORE + 1) * SPACING_MS);
  }

  /** One background probe where the plan wants it. The list as it then stands; null where none is due. */
  background(at: number, rows: readonly Ranked[]): Ranked[] | null {
    const candidates = rows.map((row) => this.#candidate(row));
    const chosen = chooseNext(candidates, EPOCH + at, this.#random.next);
    if (chosen === null) return null;
    const provider = indexOf(chosen.id);
    this.#knock(candidates, provider, at);
    this.probe(provider, at);
    return this.conclude(at);
  }

  /** What the program does when told of a change: one probe, and another where it failed. */
  #look(provider: number, at: number): void {
    const answered = this.probe(provider, at);
    this.conclude(at);
    if (answered) return;
    this.probe(provider, at + AGAIN_MS);
    this.conclude(at + AGAIN_MS);
  }

  /** Whether the door of a recommended provider of a costly type is still open; where it is not, it is looked at. */
  #knock(candidates: readonly Candidate[], chosen: number, at: number): void {
    const { world, user } = this.#setting;
    const knock = chooseKnock(candidates, EPOCH + at);
    if (knock === null) return;
    const provider = indexOf(knock.id);
    if (provider === chosen) return;
    this.#knocks.set(provider, EPOCH + at);
    if (!world.at(user, provider, at, this.struck).reachable) this.#look(provider, at);
  }

  #candidate({ provider, score, high, measuredAt }: Ranked): Candidate {
    const index = indexOf(provider.id);
    const { estimates, type } = this.#setting;
    const success = this.attempts(index).findIndex(({ reason }) => reason === null);
    return {
      ...{ id: provider.id, type: '', score, high, measuredAt },
      ...{ recommended: index === this.badge, answered: success !== -1 },
      failures: success === -1 ? this.attempts(index).length : success,
      estimate: estimates[index] ?? null,
      knockedAt: this.#knocks.get(index) ?? null,
      gapMs: (type.identifies ? 6 : 3) * HOUR,
    };
  }

  get #nodeSeed(): string {
    return `node-${this.#setting.seed}-${this.#setting.user}`;
  }
}
