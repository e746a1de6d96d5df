/**
 * Tells one person when what this node relies on fails: the recommended provider of a type, one that its owner pinned, or an
 * own service that is announced. With patience, once, and once more when it is back: alarms that come too often are soon ignored.
 */
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import { log } from '../lib/log.js';
import type { Provider } from '../model/provider.js';
import type { LocalServices } from '../node/systemd/index.js';
import { loadLocales } from '../present/i18n.js';
import { nameOf } from '../present/row.js';
import { titleOf } from '../present/service.js';
import type { ServiceRegistry } from '../services/contract.js';
import type { Store } from '../store/index.js';
import { FAILING } from '../store/tables/settings.js';
import type { Alert, Post } from './post.js';

export interface AlertDeps {
  readonly config: Pick<Config, 'notifyKind' | 'notifyAfter' | 'language'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'find' | 'providers'>;
  readonly local: Pick<LocalServices, 'states' | 'problem'>;
  readonly store: Pick<Store, 'attempts' | 'opinions' | 'recommendations' | 'settings'>;
  /** ms since the epoch. */
  readonly now: () => number;
}

/** One that failed when it was last looked at. */
interface Failing {
  /** Looks in a row at which it failed. */
  readonly misses: number;
  readonly told: boolean;
}

/** By the id of a provider, or by `own:` and the type whose unit it is. */
type Watched = Map<string, Failing>;
const OWN = 'own:';

/** More than these at once are no news about single providers. */
const MOST = 100;
/** Own services are not probed unasked; their units are looked at this often, ms. */
const LOOK_EVERY_MS = 5 * 60_000;

export class Alerts {
  readonly #deps: AlertDeps;
  readonly #post: Post;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  /** @param post sends what there is to tell */
  constructor(deps: AlertDeps, post: Post) {
    this.#deps = deps;
    this.#post = post;
    this.#timer = setInterval(() => this.lookAtOwn().catch(log.error), LOOK_EVERY_MS);
  }

  /**
   * After a scan or an unasked probe, and before the recommendation moves on: looks at those of which something was
   * stored. What it tells is sent afterwards, and nobody waits for it.
   */
  look(word: string, providers: readonly string[]): void {
    const { discovery, store } = this.#deps;
    const recommended = store.recommendations.get(word)?.provider;
    this.#change((watched) => {
      for (const id of providers) {
        const provider = discovery.find(id);
        const [newest] = store.attempts.of(word, id, 1);
        if (!provider || !newest) continue;
        // An open port of which no more can be said is no failure.
        const reason = newest.reason === 'not-checked' ? null : newest.reason;
        const { pinned, hidden } = store.opinions.get(word, id);
        const matters = provider.self || (!hidden && (recommended === id || pinned));
        const change = this.#count(watched, id, reason !== null, matters);
        if (change) this.#tell(change.event, provider, reason, change.misses);
      }
      for (const id of watched.keys())
        if (watched.size > MOST || !(id.startsWith(OWN) || discovery.find(id))) watched.delete(id);
    });
  }

  /** Looks whether the units behind what this node announces run. Done every five minutes. */
  async lookAtOwn(): Promise<void> {
    const { discovery, local } = this.#deps;
    if ((await local.problem()) !== null) return;
    const own = new Map(discovery.providers().flatMap((one) => (one.self ? [[one.type, one]] : [])));
    const states = await local.states();
    // The store may be gone by now.
    if (this.#closed) return;
    this.#change((watched) => {
      for (const [word, { state }] of states) {
        const isDown = state === 'failed' || state === 'stopped';
        if (!isDown && state !== 'running') continue;
        const provider = own.get(word) ?? null;
        const change = this.#count(watched, OWN + word, isDown, provider !== null);
        if (change) this.#tell(change.event, provider ?? { type: word }, isDown ? state : null, change.misses);
      }
    });
  }

  /** Gives up what is being sent. */
  close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    return this.#post.close();
  }

  /** @returns what there is to tell now; null for nothing */
  #count(watched: Watched, key: string, fails: boolean, matters: boolean): Pick<Alert, 'event' | 'misses'> | null {
    const known = watched.get(key);
    if (!fails) {
      watched.delete(key);
      return known?.told ? { event: 'back', misses: known.misses } : null;
    }
    if (!known && !matters) return null;
    const misses = (known?.misses ?? 0) + 1;
    const told = known?.told ?? false;
    const due = misses >= this.#deps.config.notifyAfter;
    watched.set(key, { misses, told: told || due });
    return due && !told ? { event: 'failing', misses } : null;
  }

  #tell(event: Alert['event'], of: Partial<Provider> & { type: string }, reason: Alert['reason'], misses: number) {
    const { services, config, now } = this.#deps;
    const { id = null, node = '', host = '', address = '', port = null, type, self: own = true } = of;
    const words = loadLocales()(config.language);
    const service = titleOf(services.of(type), type, words);
    const why = reason === null ? '' : words.t(words.has(`reason.${reason}`) ? `reason.${reason}` : `state.${reason}`);
    const params = { name: nameOf({ node, host, address }), service, reason: why };
    const text = words.t(`alert.${event}${own ? '.own' : ''}`, params);
    const at = new Date(now()).toISOString();
    const provider = id === null ? null : { id, node, address, port };
    this.#post.send({ event, text, service, type, own, reason, misses, at, provider });
  }

  #change(work: (watched: Watched) => void): void {
    // Kept over a restart: what was told as failing is told as back.
    const { settings } = this.#deps.store;
    const before = settings.get(FAILING);
    const watched: Watched = new Map(before === null ? [] : (JSON.parse(before) as [string, Failing][]));
    work(watched);
    const after = watched.size === 0 ? null : JSON.stringify([...watched]);
    if (after !== before) settings.set(FAILING, after);
  }
}
