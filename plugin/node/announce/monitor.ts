/**
 * Keeps what is announced true: put back when the Serf agent lost it in a restart, given up at once when another program of
 * this node took it away, and withdrawn, with patience, when the service behind it does not run any more, or runs and
 * listens to no neighbour.
 */
import type { Discovery } from '../../discovery/index.js';
import { log, pairs } from '../../lib/log.js';
import { PanelError } from '../../model/errors.js';
import type { LocalState } from '../../model/unit.js';
import type { ServiceRegistry } from '../../services/contract.js';
import type { Deed, EventStore } from '../../store/tables/events.js';
import { listening } from '../ports.js';
import type { LocalServices } from '../systemd/index.js';
import { type Publication, type Publisher, RACE_MS, type Withdrawal } from './publisher.js';

/** Three looks that find a service down or silent within this time end its announcement, ms: a restart or an upgrade does not. */
const PATIENCE_MS = 30 * 60_000;
const MISSES = 3;
const LOOK_EVERY_MS = PATIENCE_MS / (MISSES - 1);
/** So often the tag is read after an announcement: two changes of another program are seen as two, ms. */
const WATCH_EVERY_MS = 50;

/** How an end is noted. */
const ENDS = { 'not-running': 'withdrawn', silent: 'silent' } as const satisfies Record<Trouble, Deed>;
/** What three looks in a row have to find. */
type Trouble = Exclude<Withdrawal, 'removed'>;

export interface KeeperDeps {
  readonly publisher: Publisher;
  readonly discovery: Pick<Discovery, 'onChange' | 'agent' | 'ownTag'>;
  readonly local: LocalServices;
  readonly services: Pick<ServiceRegistry, 'of'>;
  /** Looks at the kernel's own list where left out. */
  readonly listening?: typeof listening;
  /** What the panel does by itself is told there. */
  readonly events: Pick<EventStore, 'add'>;
  readonly now: () => number;
}

export class Keeper {
  readonly #deps: KeeperDeps;
  readonly #misses = new Map<string, { readonly why: Trouble; readonly since: number; readonly count: number }>();
  readonly #forget: () => void;
  readonly #interval: NodeJS.Timeout;
  #watch: NodeJS.Timeout | undefined;
  /** Our tag as it was when last compared. */
  #tag: string | null = null;
  /**
   * Whether the agent was away since it was told, and has to be told again: as soon as it is there, and where it refused
   * that, at the next look.
   */
  #owed: 'no' | 'now' | 'later' = 'now';
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#forget = deps.discovery.onChange(() => this.#heard());
    this.#interval = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#heard();
  }

  /** Looks whether each announced service runs, listens and is still announced. Done every quarter of an hour. */
  look(): Promise<void> {
    return this.#then(() => this.#look());
  }

  /** After an announcement: for as long as another program may overwrite it unseen, looks whether it is still there. */
  watch(): void {
    const until = performance.now() + RACE_MS;
    const again = () => {
      if (this.#closed || performance.now() >= until) return;
      this.#watch = setTimeout(() => void this.#then(() => this.#settle(false)).then(again), WATCH_EVERY_MS);
    };
    clearTimeout(this.#watch);
    again();
  }

  /** Resolves once what has begun has ended: at once where the connection to the agent is closed already. */
  close(): Promise<void> {
    this.#closed = true;
    this.#forget();
    clearInterval(this.#interval);
    clearTimeout(this.#watch);
    return this.#work;
  }

  #heard(): void {
    if (!this.#isUp()) {
      this.#owed = 'now';
      return;
    }
    const tag = this.#deps.discovery.ownTag();
    if (this.#owed !== 'now' && tag === this.#tag) return;
    this.#tag = tag;
    void this.#then(() => this.#settle(this.#owed === 'now'));
  }

  #isUp(): boolean {
    return this.#deps.discovery.agent()?.state === 'up';
  }

  /** One thing after the other; what the agent refuses is tried again at the next look. */
  #then(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(() => (this.#closed ? undefined : work()))
      .catch((error) => {
        if (!(error instanceof PanelError)) log.error(error);
      });
    return this.#work;
  }

  /**
   * Keeps to what other programs made of the tag, and puts back what they did not see.
   * @param tells whether to put back, too, what the agent does not know since it was restarted
   */
  async #settle(tells: boolean): Promise<void> {
    if (!this.#isUp()) return;
    if (tells) this.#owed = 'later';
    const { lost, raced, removed } = await this.#deps.publisher.reconcile();
    for (const key of removed) this.#note('removed', wordOf(key));
    const missing = tells ? [...lost, ...raced] : raced;
    // What is there is brought up to date where the agent is told, too.
    if (tells || missing.length > 0) await this.#deps.publisher.restore(missing);
    for (const key of missing) this.#note('announced', wordOf(key));
    if (tells) this.#owed = 'no';
  }

  async #withdraw(key: string, why: Trouble): Promise<void> {
    if (await this.#deps.publisher.withdraw(key, why)) this.#note(ENDS[why], wordOf(key));
  }

  /** What is done is done: a full disk must not make it look as if it was not. */
  #note(what: Deed, type: string): void {
    const deed = { by: 'schedule', what, type, result: 'done' } as const;
    log.info(pairs(deed));
    try {
      this.#deps.events.add({ ...deed, name: '', provider: null, job: null });
    } catch (error) {
      log.error(error);
    }
  }

  async #look(): Promise<void> {
    if (this.#deps.publisher.all().size === 0) return;
    await this.#settle(this.#owed !== 'no');
    await this.#withdrawTroubled();
  }

  async #withdrawTroubled(): Promise<void> {
    const { publisher, local } = this.#deps;
    if ((await local.problem()) !== null) return;
    const states = await local.states();
    for (const [key, publication] of publisher.all()) {
      // An agent that was told of it has to be told of its end, too.
      if (!publication.untold && !this.#isUp()) continue;
      const state = states.get(wordOf(key))?.state ?? 'absent';
      const trouble = publication.withdrawn ? null : await this.#troubleOf(publication, state);
      const why = this.#afterPatience(key, trouble);
      if (why === null) continue;
      await this.#withdraw(key, why);
      this.#misses.delete(key);
    }
  }

  /** Why no neighbour finds the service; null where one may, and where that cannot be known. */
  async #troubleOf({ entry, unit }: Publication, state: LocalState): Promise<Trouble | null> {
    // Without a unit, then or now, it is run in a way that cannot be seen from here.
    if (state === 'stopped' || state === 'failed' || (state === 'absent' && unit !== null)) return 'not-running';
    if (state !== 'running') return null;
    const { services, listening: look = listening } = this.#deps;
    const { transports } = services.of(entry.s);
    const heard = await Promise.all(transports.map((transport) => look(Number(entry.p), transport)));
    return heard.every((one) => one === 'closed' || one === 'loopback') ? 'silent' : null;
  }

  /** Counts the looks in a row that found the same. @returns it once they were enough, for long enough; null before */
  #afterPatience(key: string, why: Trouble | null): Trouble | null {
    const missed = this.#misses.get(key);
    const now = this.#deps.now();
    this.#misses.delete(key);
    if (why === null) return null;
    const before = missed?.why === why ? missed : { since: now, count: 0 };
    // Not later than now, should the clock have been set back meanwhile.
    const [since, count] = [Math.min(before.since, now), before.count + 1];
    this.#misses.set(key, { why, since, count });
    return count >= MISSES && now - since >= PATIENCE_MS ? why : null;
  }
}

/** The wire word of a remembered announcement's key. */
const wordOf = (key: string) => key.split(' ', 1)[0] ?? key;
