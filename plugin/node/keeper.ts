/**
 * Keeps what is announced true: put back when the Serf agent lost it in a restart, and withdrawn, with patience, when the
 * service behind it does not run any more.
 */
import type { Discovery } from '../discovery/index.js';
import { PanelError } from '../errors.js';
import { log } from '../log.js';
import type { LocalServices } from './index.js';
import type { Publisher } from './publish.js';

/** Three looks that find a service down within this time end its announcement, ms: a restart or an upgrade does not. */
const PATIENCE_MS = 30 * 60_000;
const MISSES = 3;
const LOOK_EVERY_MS = PATIENCE_MS / (MISSES - 1);
/** Another program that read the tag just before we wrote it overwrites ours soon after, ms. */
const SOON_MS = 3_000;

export interface KeeperDeps {
  readonly publisher: Publisher;
  readonly discovery: Pick<Discovery, 'onChange' | 'sources'>;
  readonly local: LocalServices;
  readonly now: () => number;
}

export class Keeper {
  readonly #deps: KeeperDeps;
  readonly #misses = new Map<string, { readonly since: number; readonly count: number }>();
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

  /** Looks whether each announced service runs and is still announced. Done every quarter of an hour. */
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
    await this.#deps.publisher.restore();
    this.#owed = 'no';
  }

  async #repair(): Promise<void> {
    const { publisher } = this.#deps;
    if ((await publisher.missing()).length > 0) await publisher.restore();
  }

  async #look(): Promise<void> {
    const { publisher } = this.#deps;
    if (publisher.all().size === 0) return;
    if (this.#owed !== 'no') await this.#settle();
    // Who takes it away while the agent stays up means it.
    else if (this.#isUp()) for (const word of await publisher.missing()) await publisher.withdraw(word, 'removed');
    await this.#withdrawStopped();
  }

  async #withdrawStopped(): Promise<void> {
    const { publisher, local, now } = this.#deps;
    if ((await local.problem()) !== null) return;
    const states = await local.states();
    for (const [word, { unit, withdrawn, untold }] of publisher.all()) {
      // An agent that was told of it has to be told of its end, too.
      if (!untold && !this.#isUp()) continue;
      const state = states.get(word)?.state ?? 'absent';
      // Without a unit, then or now, it is run in a way that cannot be seen from here.
      const isDown = state === 'stopped' || state === 'failed' || (state === 'absent' && unit !== null);
      if (withdrawn || !isDown) {
        this.#misses.delete(word);
        continue;
      }
      const { since, count } = this.#misses.get(word) ?? { since: now(), count: 0 };
      this.#misses.set(word, { since, count: count + 1 });
      if (count + 1 < MISSES || now() - since < PATIENCE_MS) continue;
      await publisher.withdraw(word, 'not-running');
      this.#misses.delete(word);
    }
  }
}
