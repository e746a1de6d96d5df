/** What neighbours' panels have said, weighed: again with each new document, and as time goes by. */
import type { Discovery } from '../discovery/index.js';
import type { Time } from '../lib/clock/index.js';
import { log } from '../lib/log.js';
import { DAY_MS, MINUTE_MS } from '../lib/time.js';
import type { Ranked } from '../model/ranked.js';
import type { Said, Store } from '../store/index.js';
import { type Infrastructure, type OpinionDocument, type OpinionRow, readStored, rowsIn } from './document.js';
import { aged, type Experience, NO_HEARSAY, reports, type Voice, weigh } from './evidence.js';

/** It ages, and this node's own measurements go on, ms. */
const EVERY_MS = 10 * MINUTE_MS;

export interface HearingDeps {
  readonly discovery: Pick<Discovery, 'find'>;
  readonly store: Pick<Store, 'peers'>;
  readonly time: Pick<Time, 'now'>;
  readonly ranking: (typeId: string) => readonly Ranked[];
  /** Called where a neighbour has lost a provider that is recommended here, or finds it much worse. */
  readonly report: (typeId: string, provider: string) => void;
  /** What was measured here. */
  readonly own: () => Promise<readonly OpinionRow[]>;
}

interface Alarm {
  readonly type: string;
  readonly provider: string;
  /** ms since the epoch. */
  readonly at: number;
}

export class Hearing {
  readonly #deps: HearingDeps;
  #timer: NodeJS.Timeout | undefined;
  #hearsay = NO_HEARSAY;
  #version = 0;
  /** What a voice has made this node look at, and until when it is not believed, by public key; ms since the epoch. */
  readonly #alarms = new Map<string, readonly Alarm[]>();
  readonly #unbelieved = new Map<string, number>();
  #isClosed = false;
  #work: Promise<void> = Promise.resolve();

  /** Weighs only what is new until it is started. */
  constructor(deps: HearingDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setInterval(() => this.#later(() => this.#weigh()), EVERY_MS).unref();
    this.#later(() => this.#weigh());
  }

  /** What may be expected of what was never tried here, by provider (see `Hearsay`). */
  get expected(): ReadonlyMap<string, number> {
    return this.#hearsay.expected;
  }

  /** Grows with each change. */
  get version(): number {
    return this.#version;
  }

  about(provider: string): readonly Experience[] {
    return this.#hearsay.experiences.get(provider) ?? [];
  }

  /** What the member of Serf says of itself, if it has said so within a day; null where it has not. */
  declared(node: string): Infrastructure | null {
    const said = this.#deps.store.peers.get(`serf ${node}`)?.said ?? null;
    if (said === null || this.#deps.time.now() - said.receivedAt > DAY_MS) return null;
    return readStored(said.document)?.infrastructure ?? null;
  }

  /**
   * A neighbour has said something new. Resolves once it is weighed, and reported.
   * @param before what it said last
   */
  heard(document: OpinionDocument, before: Said | null): Promise<void> {
    return this.#later(async () => {
      await this.#weigh();
      // Nobody is sent to look by a voice that was found to be worth nothing, or has cried wolf today.
      if (this.#isClosed || this.#hearsay.trust.get(document.key) === 0 || this.#hasCried(document.key)) return;
      const earlier = before === null ? [] : rowsIn(before);
      const { time, report } = this.#deps;
      const now = time.now();
      const rows = reports(document.rows, earlier, this.#recommended(document.rows), now);
      this.#alarms.set(
        document.key,
        rows.map(({ type, provider }) => ({ type, provider, at: now })),
      );
      for (const { provider, type } of rows) report(type, provider);
    });
  }

  /** Whether what it last reported was found to be well within the day. */
  #hasCried(key: string): boolean {
    const now = this.#deps.time.now();
    const isFalse = ({ type, provider, at }: Alarm) =>
      this.#deps
        .ranking(type)
        .some((row) => row.provider.id === provider && Number(row.measuredAt) >= at && row.failures === 0);
    if (this.#alarms.get(key)?.some(isFalse)) this.#unbelieved.set(key, now + DAY_MS);
    this.#alarms.delete(key);
    for (const [other, until] of this.#unbelieved)
      if (until <= now || until > now + DAY_MS) this.#unbelieved.delete(other);
    return this.#unbelieved.has(key);
  }

  /** Resolves once nothing is read or reported any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#work;
  }

  #later(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch(log.error);
    return this.#work;
  }

  async #weigh(): Promise<void> {
    if (this.#isClosed) return;
    const own = await this.#deps.own();
    const voices = this.#isClosed ? [] : this.#voices();
    if (voices.length === 0 && this.#hearsay === NO_HEARSAY) return;
    const owner = (provider: string) => this.#deps.discovery.find(provider);
    this.#hearsay = voices.length === 0 ? NO_HEARSAY : weigh(voices, { own, owner });
    this.#version += 1;
  }

  #voices(): readonly Voice[] {
    const now = this.#deps.time.now();
    return this.#deps.store.peers.all().flatMap(({ node, address, said }) => {
      if (said === null) return [];
      const { key, since, at, rtt, receivedAt } = said;
      const rows = aged(rowsIn(said), now - receivedAt);
      return rows.length === 0 ? [] : [{ node, address, key, since, at, rtt, rows }];
    });
  }

  /** What is recommended here of the types that are told of. */
  #recommended(rows: readonly OpinionRow[]): Map<string, { readonly measuredAt: number | null }> {
    const types = [...new Set(rows.map(({ type }) => type))];
    const best = types.flatMap((type) => this.#deps.ranking(type).find(({ recommended }) => recommended) ?? []);
    return new Map(best.map(({ provider, measuredAt }) => [provider.id, { measuredAt }]));
  }
}
