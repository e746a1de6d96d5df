/** How the network's own routing daemon sees the ways to the providers: read once a minute, never scored. */
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import type { Time } from '../lib/clock/index.js';
import { log } from '../lib/log.js';
import { inSlices } from '../lib/slices.js';
import { MINUTE_MS } from '../lib/time.js';
import { type Changed, WayChanges } from './changes.js';
import type { Route, RoutingDaemon } from './contract.js';
import { distance } from './distance.js';
import { type Candidate, candidates, HERE, type Local, placeText, routerOf } from './find.js';
import { firstHop, Table } from './table.js';

export { type Changed, WayChanges } from './changes.js';
export { type Route, type RoutingDaemon, SCALES } from './contract.js';
export { differ, distance, GRADES, type Grade, grade, timeGrade } from './distance.js';
export { loadDaemons } from './registry.js';

/** From the end of one reading to the next, ms: olsrd stands still while it answers. */
const PAUSE_MS = MINUTE_MS;
/** The same where it is another machine that is asked, and as much longer as its answers take of the link. */
const FAR_MS = 5 * MINUTE_MS;
/** Bytes a day that a router may be asked for, about. */
const FAR_BYTES_PER_DAY = 10_000_000;
const FAR_MS_PER_BYTE = (24 * 60 * MINUTE_MS) / FAR_BYTES_PER_DAY;
/** Until it is looked again whether a daemon has appeared, ms. */
const LOOK_MS = 10 * MINUTE_MS;
/** A reading, ms. */
const LIMIT_MS = 5_000;
/** After so many failures in a row what was known counts no more. */
const MAX_FAILURES = 3;
/** A metric that moves by less than this share is shown as it was: it moves all the time. */
const SHOWN_CHANGE = 0.1;

export interface RoutingDeps {
  readonly config: Pick<Config, 'routing'>;
  readonly daemons: readonly RoutingDaemon[];
  readonly discovery: Pick<Discovery, 'providers'>;
  readonly time: Pick<Time, 'now' | 'steady'>;
  /** Called where ways have become others. */
  readonly changed: (changed: Changed) => void;
  readonly local?: Local;
}

export interface RoutingStatus {
  /** `off`: turned off, or nothing to ask on this machine. */
  readonly state: 'up' | 'connecting' | 'away' | 'off';
  /** As the option names it; null where there is none. */
  readonly daemon: string | null;
  readonly place: string | null;
  /** Ranges of addresses that it knows a way to. */
  readonly routes: number;
  /** When it last answered, ms since the epoch; null = never. */
  readonly lastUp: number | null;
  /** What is wrong and what to do, in English; absent when all is well. */
  readonly error?: { readonly code: 'routing-away'; readonly message: string; readonly hint: string };
}

/** The way to one address. */
export interface Way {
  readonly route: Route;
  readonly daemon: string;
  /** The router whose view it is; null where it is this machine's. */
  readonly router: string | null;
  /** An address of the first node on it; null where none is known. */
  readonly first: string | null;
}

const OFF: RoutingStatus = { state: 'off', daemon: null, place: null, routes: 0, lastUp: null };

export class Routing {
  readonly #deps: RoutingDeps;
  readonly #stop = new AbortController();
  readonly #changes = new WayChanges();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  /** The one that answers, or did. */
  #asked: Candidate | null = null;
  #failures = 0;
  #status: RoutingStatus;
  /** What pages and orders go by: not each reading changes it. */
  #shown: Table | null = null;
  /** The last reading. */
  #last: Table | null = null;
  #version = 0;

  /** Does nothing until it is started. @throws PanelError bad-config */
  constructor(deps: RoutingDeps) {
    this.#deps = deps;
    const isOff = candidates(deps.config.routing, deps.daemons, deps.local ?? HERE).length === 0;
    this.#status = isOff ? OFF : { ...OFF, state: 'connecting' };
  }

  /** Reads now, and again from time to time. */
  start(): void {
    if (this.#deps.config.routing !== 'off') this.#wait(0);
  }

  /** One reading, for a program that ends after it. */
  async once(): Promise<RoutingStatus> {
    await this.#read();
    return this.#status;
  }

  status(): RoutingStatus {
    return this.#status;
  }

  /** The way to the address as the network sees it; null where it knows none. */
  way(address: string): Way | null {
    const route = this.#shown?.find(address) ?? null;
    if (route === null || this.#asked === null) return null;
    const { daemon } = this.#asked;
    return { route, daemon: daemon.id, router: routerOf(this.#asked), first: this.#shown?.firstNode(route) ?? null };
  }

  /** What orders providers, the nearest first; null where nothing is known of the way. */
  distance(address: string): number | null {
    const route = this.#shown?.find(address) ?? null;
    return route && distance(route);
  }

  /** Grows when ways change so much that it shows. */
  get version(): number {
    return this.#version;
  }

  /** Resolves once nothing is asked any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#reading;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#reading = this.#read()
        .catch((error) => {
          log.error(error);
          return LOOK_MS;
        })
        .then((pause) => {
          if (!this.#stop.signal.aborted) this.#wait(pause);
        });
    }, ms).unref();
  }

  /** @returns how long to wait for the next one, ms */
  async #read(): Promise<number> {
    const { config, daemons, local = HERE } = this.#deps;
    const list = this.#asked ? [this.#asked] : candidates(config.routing, daemons, local);
    let problem: { readonly asked: Candidate; readonly error: Error } | null = null;
    for (const asked of list) {
      try {
        const bytes = await this.#ask(asked);
        return routerOf(asked) === null ? PAUSE_MS : Math.max(FAR_MS, bytes * FAR_MS_PER_BYTE);
      } catch (error) {
        if (this.#stop.signal.aborted) return LOOK_MS;
        problem ??= { asked, error: error as Error };
      }
    }
    if (problem === null) {
      this.#status = OFF;
      return LOOK_MS;
    }
    this.#fail(problem.asked, problem.error);
    if (this.#asked === null && config.routing === 'auto') return LOOK_MS;
    return routerOf(problem.asked) === null ? PAUSE_MS : FAR_MS;
  }

  /** @returns bytes of the answer. @throws Error why it cannot be read */
  async #ask(asked: Candidate): Promise<number> {
    const { daemon, place } = asked;
    const answer = await daemon.ask(place, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMIT_MS)]));
    const table = await Table.read(daemon.routes(answer));
    const routes = await this.#routes(table);
    if (this.#stop.signal.aborted) throw new Error('closed');
    const { time } = this.#deps;
    this.#failures = 0;
    this.#asked = asked;
    this.#status = this.#toStatus(asked, { state: 'up', routes: table.size, lastUp: time.now() });
    this.#show(table, routes);
    const before = this.#last;
    this.#last = table;
    const changed = this.#changes.look(routes, time.steady(), (address) => before?.find(address) ?? null);
    if (changed.moved.length + changed.lost.length > 0) this.#deps.changed(changed);
    return answer.length;
  }

  /** By address of a provider. */
  async #routes(table: Table): Promise<Map<string, Route | null>> {
    const others = this.#deps.discovery.providers().filter(({ self }) => !self);
    const routes = new Map<string, Route | null>();
    await inSlices(others, ({ address }) => routes.set(address, table.find(address)));
    return routes;
  }

  #show(table: Table, routes: ReadonlyMap<string, Route | null>): void {
    const shown = this.#shown;
    const isSame = shown && [...routes].every(([address, route]) => looksAlike(shown.find(address), route));
    if (isSame) return;
    this.#shown = table;
    this.#version += 1;
  }

  #fail(asked: Candidate, { message }: Error): void {
    this.#failures += 1;
    const text = `${placeText(asked)} cannot be read: ${message}.`;
    const error = { code: 'routing-away', message: text, hint: asked.daemon.hint } as const;
    if (this.#status.error?.message !== text) log.warning(`Routing: ${text} ${asked.daemon.hint}`);
    const { lastUp } = this.#status;
    this.#status = this.#toStatus(asked, { state: 'away', routes: 0, lastUp, error });
    if (this.#failures < MAX_FAILURES || this.#shown === null) return;
    this.#shown = null;
    this.#version += 1;
  }

  #toStatus(asked: Candidate, rest: Omit<RoutingStatus, 'daemon' | 'place'>): RoutingStatus {
    return { daemon: asked.daemon.id, place: placeText(asked), ...rest };
  }
}

/** Whether a page would say the same of both. */
function looksAlike(a: Route | null, b: Route | null): boolean {
  if (a === null || b === null) return a === b;
  if (firstHop(a) !== firstHop(b) || a.hops !== b.hops || a.scale !== b.scale) return false;
  const [before, after] = [distance(a), distance(b)];
  if (before === null || after === null) return before === after;
  return Math.abs(after - before) <= SHOWN_CHANGE * before;
}
