/**
 * Keeps the announcements true: restores one that the Serf agent lost in a restart, drops one that another program of this
 * node removed, and withdraws one, after a grace period, whose service has stopped or listens only on this machine.
 */
import type { Discovery } from '../../discovery/index.js';
import { log, pairs } from '../../lib/log.js';
import { MINUTE_MS } from '../../lib/time.js';
import { PanelError } from '../../model/errors.js';
import type { LocalService } from '../../model/unit.js';
import type { ServiceRegistry } from '../../services/contract.js';
import type { Action, EventStore } from '../../store/tables/events.js';
import { listening } from '../ports.js';
import { ABSENT, type LocalServices } from '../systemd/index.js';
import { RACE_MS } from './changes.js';
import type { Publication, Publisher, Withdrawal } from './publisher.js';

/** Three checks that find a service down or silent over this time end its announcement: a restart or an upgrade does not. */
const GRACE_MS = 30 * MINUTE_MS;
const MAX_MISSES = 3;
const CHECK_EVERY_MS = GRACE_MS / (MAX_MISSES - 1);
/** An agent that answers too late, as just after its start on a slow node, is given our entries again after this. */
const RETRY_MS = 10_000;
/** How often the tag is read after an announcement: two changes by another program are seen as two. */
const WATCH_EVERY_MS = 50;

/** The event of each withdrawal. */
const EVENTS = { 'not-running': 'withdrawn', silent: 'silent' } as const satisfies Record<Trouble, Action>;
/** Found by each of the checks that withdraw an announcement. */
type Trouble = Exclude<Withdrawal, 'removed'>;

export interface MonitorDeps {
  readonly publisher: Publisher;
  readonly discovery: Pick<Discovery, 'onChange' | 'agent' | 'ownTag'>;
  readonly local: LocalServices;
  readonly services: Pick<ServiceRegistry, 'of'>;
  /** Reads the kernel's own list by default. */
  readonly listening?: typeof listening;
  /** For what the panel does by itself. */
  readonly events: Pick<EventStore, 'add'>;
  readonly now: () => number;
}

/** Watches this panel's announcements for as long as it serves. */
export class AnnouncementMonitor {
  readonly #deps: MonitorDeps;
  readonly #misses = new Map<string, { readonly why: Trouble; readonly since: number; readonly count: number }>();
  readonly #unsubscribe: () => void;
  readonly #interval: NodeJS.Timeout;
  #watchTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Our tag when it was last compared. */
  #tag: string | null = null;
  /**
   * Whether the agent was away since it was last given our entries, and needs them again: `now`, as soon as it answers;
   * `later`, at the next check, where it refused them.
   */
  #restore: 'no' | 'now' | 'later' = 'now';
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: MonitorDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.discovery.onChange(() => this.#onChange());
    this.#interval = setInterval(() => this.check(), CHECK_EVERY_MS);
    this.#onChange();
  }

  /** Checks that each announced service runs, listens and is still announced. Runs every quarter of an hour. */
  check(): Promise<void> {
    return this.#enqueue(() => this.#check());
  }

  /** After an announcement: checks that it is still there for as long as another program may overwrite it unseen. */
  watch(): void {
    const until = performance.now() + RACE_MS;
    const again = () => {
      if (this.#closed || performance.now() >= until) return;
      this.#watchTimer = setTimeout(() => void this.#enqueue(() => this.#reconcile(false)).then(again), WATCH_EVERY_MS);
    };
    clearTimeout(this.#watchTimer);
    again();
  }

  /** Resolves once the work under way has ended: at once where the connection to the agent is already closed. */
  close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    clearInterval(this.#interval);
    clearTimeout(this.#watchTimer);
    clearTimeout(this.#retryTimer);
    return this.#work;
  }

  #onChange(): void {
    if (!this.#isUp()) {
      this.#restore = 'now';
      return;
    }
    const tag = this.#deps.discovery.ownTag();
    if (this.#restore !== 'now' && tag === this.#tag) return;
    this.#tag = tag;
    void this.#enqueue(() => (this.#restore === 'now' ? this.#restoreLost() : this.#reconcile(false)));
  }

  /** Soon again where the agent does not answer in time. */
  async #restoreLost(): Promise<void> {
    try {
      await this.#reconcile(true);
    } catch (error) {
      if (error instanceof PanelError && error.code === 'serf-away' && !this.#closed) this.#retry();
      throw error;
    }
  }

  #retry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      if (this.#restore === 'no') return;
      this.#restore = 'now';
      this.#onChange();
    }, RETRY_MS);
  }

  #isUp(): boolean {
    return this.#deps.discovery.agent()?.state === 'up';
  }

  /** One after the other; what the agent refuses is retried at the next check. */
  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(() => (this.#closed ? undefined : work()))
      .catch((error) => {
        if (!(error instanceof PanelError)) log.error(error);
      });
    return this.#work;
  }

  /**
   * Accepts what other programs made of the tag, and puts back what they did not see.
   * @param restoresLost whether to put back, too, what the agent lost in a restart
   */
  async #reconcile(restoresLost: boolean): Promise<void> {
    if (!this.#isUp()) return;
    if (restoresLost) this.#restore = 'later';
    const { lost, raced, removed } = await this.#deps.publisher.reconcile();
    for (const key of removed) this.#note('removed', readTypeId(key));
    const missing = restoresLost ? [...lost, ...raced] : raced;
    // This also brings the entries that are there up to date.
    if (restoresLost || missing.length > 0) await this.#deps.publisher.restore(missing);
    for (const key of missing) this.#note('announced', readTypeId(key));
    // Where it went away meanwhile, it needs them again.
    if (restoresLost && this.#restore === 'later') this.#restore = 'no';
  }

  async #withdraw(key: string, why: Trouble): Promise<void> {
    if (await this.#deps.publisher.withdraw(key, why)) this.#note(EVENTS[why], readTypeId(key));
  }

  /** A full disk must not make a completed action look like a failed one. */
  #note(what: Action, type: string): void {
    const event = { by: 'schedule', what, type, result: 'done' } as const;
    log.info(pairs(event));
    try {
      this.#deps.events.add({ ...event, name: '', provider: null, job: null });
    } catch (error) {
      log.error(error);
    }
  }

  async #check(): Promise<void> {
    if (this.#deps.publisher.all().size === 0) return;
    await this.#reconcile(this.#restore !== 'no');
    await this.#withdrawTroubled();
  }

  async #withdrawTroubled(): Promise<void> {
    const { publisher, local } = this.#deps;
    if ((await local.problem()) !== null) return;
    const states = await local.states();
    for (const [key, publication] of publisher.all()) {
      // An agent that was given the entry must also be told of its end.
      if (!publication.untold && !this.#isUp()) continue;
      const service = states.get(readTypeId(key)) ?? ABSENT;
      const trouble = publication.withdrawn ? null : await this.#findTrouble(publication, service);
      const why = this.#afterGrace(key, trouble);
      if (why === null) continue;
      await this.#withdraw(key, why);
      this.#misses.delete(key);
    }
  }

  /** Why no neighbour can use the service; null where one may, and where that cannot be known. */
  async #findTrouble({ entry, unit }: Publication, { state, exited }: LocalService): Promise<Trouble | null> {
    const isDown = state === 'stopped' || state === 'failed';
    // Without a unit, then or now, it runs in a way that cannot be seen from here.
    if ((isDown && !exited) || (state === 'absent' && unit !== null)) return 'not-running';
    if (!isDown && state !== 'running') return null;
    // An exited unit does not tell: the port does.
    const { services, listening: readListening = listening } = this.#deps;
    const { transports } = services.of(entry.s);
    const states = await Promise.all(transports.map((transport) => readListening(Number(entry.p), transport)));
    if (!states.every((state) => state === 'closed' || state === 'loopback')) return null;
    return isDown ? 'not-running' : 'silent';
  }

  /** Counts consecutive checks with the same trouble. @returns the trouble once the grace period is over; null before */
  #afterGrace(key: string, why: Trouble | null): Trouble | null {
    const missed = this.#misses.get(key);
    const now = this.#deps.now();
    this.#misses.delete(key);
    if (why === null) return null;
    const before = missed?.why === why ? missed : { since: now, count: 0 };
    // Not later than now, in case the clock was set back meanwhile.
    const [since, count] = [Math.min(before.since, now), before.count + 1];
    this.#misses.set(key, { why, since, count });
    return count >= MAX_MISSES && now - since >= GRACE_MS ? why : null;
  }
}

/** The type id of a publication's key. */
const readTypeId = (key: string) => key.split(' ', 1)[0] ?? key;
