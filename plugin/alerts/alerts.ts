/**
 * Tells the owner when something fails that this node relies on: the recommended provider of a type, a pinned provider, or
 * an announced own service. Only after some failures, once, and once more when it is back: frequent alarms are ignored.
 */
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import { log } from '../lib/log.js';
import type { Provider } from '../model/provider.js';
import type { Worse } from '../model/score.js';
import type { LocalServices } from '../node/systemd/index.js';
import { loadLocales } from '../present/i18n.js';
import { providerName } from '../present/row.js';
import { typeTitle } from '../present/service.js';
import { toDigest } from '../score/index.js';
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

/** A provider or unit that failed the last check. The store has these fields as JSON. */
interface Failing {
  /** Failed checks in a row. */
  readonly misses: number;
  /** Whether the owner was told. */
  readonly told: boolean;
}

/** By the id of a provider, or by `own:` and the type of a unit. */
type Failures = Map<string, Failing>;
const OWN = 'own:';
/** The same for what is worse than usual. */
const WORSE = 'worse:';

/** More failures at once are not news about single providers. */
const MAX_FAILURES = 100;
/** Own services are not probed in the background; their units are checked this often, ms. */
const OWN_INTERVAL_MS = 5 * 60_000;

export class Alerts {
  readonly #deps: AlertDeps;
  readonly #post: Post;
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  constructor(deps: AlertDeps, post: Post) {
    this.#deps = deps;
    this.#post = post;
    this.#timer = setInterval(() => this.checkOwn().catch(log.error), OWN_INTERVAL_MS);
  }

  /**
   * Checks the providers that a scan or a background probe has stored something of, before the recommendation changes. The
   * alerts are sent afterwards, and nothing waits for them.
   */
  check(typeId: string, providers: readonly string[]): void {
    const { discovery, store } = this.#deps;
    const recommended = store.recommendations.get(typeId)?.provider;
    this.#change((failures) => {
      for (const id of providers) {
        const provider = discovery.find(id);
        const [newest] = store.attempts.of(typeId, id, 1);
        if (!provider || !newest) continue;
        // An open port whose protocol was not checked is not a failure.
        const reason = newest.reason === 'not-checked' ? null : newest.reason;
        const { pinned, hidden } = store.opinions.get(typeId, id);
        const matters = provider.self || (!hidden && (recommended === id || pinned));
        const change = this.#count(failures, id, reason !== null, matters);
        if (change) this.#send(change.event, provider, reason, change.misses);
        if (!provider.self) this.#checkHabit(failures, provider, matters);
      }
      for (const id of failures.keys())
        if (failures.size > MAX_FAILURES || !(id.startsWith(OWN) || discovery.find(id.replace(WORSE, ''))))
          failures.delete(id);
    });
  }

  /** Told once, as long as it lasts. */
  #checkHabit(failures: Failures, provider: Provider, matters: boolean): void {
    const { services, store, now } = this.#deps;
    const { type, id } = provider;
    const { worse } = toDigest(services.of(type), store.attempts.of(type, id), now());
    const isTold = failures.has(WORSE + id);
    if (worse === null) failures.delete(WORSE + id);
    else if (matters && !isTold) {
      failures.set(WORSE + id, { misses: 0, told: true });
      this.#send('worse', provider, null, 0, worse);
    }
  }

  /** Checks that the units of the announced own services run. Called every five minutes. */
  async checkOwn(): Promise<void> {
    const { discovery, local } = this.#deps;
    if ((await local.problem()) !== null) return;
    const own = new Map(
      discovery.providers().flatMap((provider) => (provider.self ? [[provider.type, provider]] : [])),
    );
    const states = await local.states();
    // The store may be closed by now.
    if (this.#closed) return;
    this.#change((failures) => {
      for (const [typeId, { state }] of states) {
        const isDown = state === 'failed' || state === 'stopped';
        if (!isDown && state !== 'running') continue;
        const provider = own.get(typeId) ?? null;
        const change = this.#count(failures, OWN + typeId, isDown, provider !== null);
        if (change) this.#send(change.event, provider ?? { type: typeId }, isDown ? state : null, change.misses);
      }
    });
  }

  /** Aborts what is being sent. */
  close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    return this.#post.close();
  }

  /** @returns the alert that is due now; null for none */
  #count(failures: Failures, key: string, fails: boolean, matters: boolean): Pick<Alert, 'event' | 'misses'> | null {
    const earlier = failures.get(key);
    if (!fails) {
      failures.delete(key);
      return earlier?.told ? { event: 'back', misses: earlier.misses } : null;
    }
    if (!earlier && !matters) return null;
    const misses = (earlier?.misses ?? 0) + 1;
    const told = earlier?.told ?? false;
    const due = misses >= this.#deps.config.notifyAfter;
    failures.set(key, { misses, told: told || due });
    return due && !told ? { event: 'failing', misses } : null;
  }

  #send(
    event: Alert['event'],
    subject: Partial<Provider> & { type: string },
    reason: Alert['reason'],
    misses: number,
    worse: Worse | null = null,
  ) {
    const { services, config, now } = this.#deps;
    const { id = null, node = '', host = '', address = '', port = null, type, self: own = true } = subject;
    const words = loadLocales()(config.language);
    const service = typeTitle(services.of(type), type, words);
    const why = reason === null ? '' : words.t(words.has(`reason.${reason}`) ? `reason.${reason}` : `state.${reason}`);
    const times = worse && { today: words.measure(worse.today, 'ms'), usual: words.measure(worse.usual, 'ms') };
    const params = { name: providerName({ node, host, address }), service, reason: why, ...times };
    const text = words.t(`alert.${event}${own && event !== 'worse' ? '.own' : ''}`, params);
    const at = new Date(now()).toISOString();
    const provider = id === null ? null : { id, node, address, port };
    this.#post.send({ event, text, service, type, own, reason, misses, at, provider });
  }

  #change(work: (failures: Failures) => void): void {
    // Stored, so that after a restart too a failing provider is told as back.
    const { settings } = this.#deps.store;
    const before = settings.get(FAILING);
    const failures: Failures = new Map(before === null ? [] : (JSON.parse(before) as [string, Failing][]));
    work(failures);
    const after = failures.size === 0 ? null : JSON.stringify([...failures]);
    if (after !== before) settings.set(FAILING, after);
  }
}
