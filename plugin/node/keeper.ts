/**
 * Keeps what is announced true: put back when the Serf agent lost it in a restart, and withdrawn, with patience, when the
 * service behind it does not run any more, or runs and listens to no neighbour.
 */
import type { Discovery } from '../discovery/index.js';
import { PanelError } from '../errors.js';
import { log, pairs } from '../log.js';
import type { ServiceRegistry } from '../services/index.js';
import type { Deed, EventStore } from '../store/events.js';
import type { LocalServices, LocalState } from './index.js';
import { listening } from './ports.js';
import type { Publication, Publisher, Withdrawal } from './publish.js';

/** Three looks that find a service down or silent within this time end its announcement, ms: a restart or an upgrade does not. */
const PATIENCE_MS = 30 * 60_000;
const MISSES = 3;
const LOOK_EVERY_MS = PATIENCE_MS / (MISSES - 1);
/** Another program that read the tag just before we wrote it overwrites ours soon after, ms. */
const SOON_MS = 3_000;

/** How an end is noted. */
const ENDS = { 'not-running': 'withdrawn', silent: 'silent', removed: 'removed' } as const satisfies Record<
  Withdrawal,
  Deed
>;
/** What three looks in a row have to find. */
type Trouble = Exclude<Withdrawal, 'removed'>;

export interface KeeperDeps {
  readonly publisher: Publisher;
  readonly discovery: Pick<Discovery, 'onChange' | 'sources'>;
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
  #soon: NodeJS.Timeout | undefined;
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

  /** After an announcement: looks once more whether it is still there. */
  lookSoon(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.#then(() => this.#repair()), SOON_MS);
  }

  /** Resolves once what has begun has ended: at once where the connection to the agent is closed already. */
  close(): Promise<void> {
    this.#closed = true;
    this.#forget();
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
    return this.#work;
  }

  #heard(): void {
    if (!this.#isUp()) this.#owed = 'now';
    else if (this.#owed === 'now') void this.#then(() => this.#settle());
  }

  #isUp(): boolean {
    return this.#deps.discovery.sources().some(({ name, state }) => name === 'serf' && state === 'up');
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

  /** Puts back what the agent does not know. */
  async #settle(): Promise<void> {
    if (this.#owed === 'no' || !this.#isUp()) return;
    this.#owed = 'later';
    await this.#restore(await this.#deps.publisher.missing());
    this.#owed = 'no';
  }

  /** @param missing what is not announced, and is to be noted */
  async #restore(missing: readonly string[]): Promise<void> {
    await this.#deps.publisher.restore();
    for (const word of missing) this.#note('announced', word);
  }

  async #withdraw(word: string, why: Withdrawal): Promise<void> {
    if (await this.#deps.publisher.withdraw(word, why)) this.#note(ENDS[why], word);
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

  async #repair(): Promise<void> {
    const missing = await this.#deps.publisher.missing();
    if (missing.length > 0) await this.#restore(missing);
  }

  async #look(): Promise<void> {
    const { publisher } = this.#deps;
    if (publisher.all().size === 0) return;
    if (this.#owed !== 'no') await this.#settle();
    // Who takes it away while the agent stays up means it.
    else if (this.#isUp()) for (const word of await publisher.missing()) await this.#withdraw(word, 'removed');
    await this.#withdrawTroubled();
  }

  async #withdrawTroubled(): Promise<void> {
    const { publisher, local } = this.#deps;
    if ((await local.problem()) !== null) return;
    const states = await local.states();
    for (const [word, publication] of publisher.all()) {
      // An agent that was told of it has to be told of its end, too.
      if (!publication.untold && !this.#isUp()) continue;
      const state = states.get(word)?.state ?? 'absent';
      const trouble = publication.withdrawn ? null : await this.#troubleOf(word, publication, state);
      const why = this.#afterPatience(word, trouble);
      if (why === null) continue;
      await this.#withdraw(word, why);
      this.#misses.delete(word);
    }
  }

  /** Why no neighbour finds the service; null where one may, and where that cannot be known. */
  async #troubleOf(word: string, { entry, unit }: Publication, state: LocalState): Promise<Trouble | null> {
    // Without a unit, then or now, it is run in a way that cannot be seen from here.
    if (state === 'stopped' || state === 'failed' || (state === 'absent' && unit !== null)) return 'not-running';
    if (state !== 'running') return null;
    const { services, listening: look = listening } = this.#deps;
    const { transports } = services.of(word);
    const heard = await Promise.all(transports.map((transport) => look(Number(entry.p), transport)));
    return heard.every((one) => one === 'closed' || one === 'loopback') ? 'silent' : null;
  }

  /** Counts the looks in a row that found the same. @returns it once they were enough, for long enough; null before */
  #afterPatience(word: string, why: Trouble | null): Trouble | null {
    const missed = this.#misses.get(word);
    const now = this.#deps.now();
    this.#misses.delete(word);
    if (why === null) return null;
    const before = missed?.why === why ? missed : { since: now, count: 0 };
    // Not later than now, should the clock have been set back meanwhile.
    const [since, count] = [Math.min(before.since, now), before.count + 1];
    this.#misses.set(word, { why, since, count });
    return count >= MISSES && now - since >= PATIENCE_MS ? why : null;
  }
}
