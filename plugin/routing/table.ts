/** The ways of one answer, and which of them an address takes. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Route } from './contract.js';
import { distance } from './distance.js';
import { PrefixMap } from './prefix.js';

/** Ways of an answer; those beyond are left out. */
const MAX_ROUTES = 50_000;
/** Addresses that were asked for, with what was found: as many as providers are listed, and a few. */
const MAX_FOUND = 8_192;
/** Longest time that reading blocks the event loop, ms. */
const SLICE_MS = 8;

export class Table {
  readonly #routes = new PrefixMap<Route>();
  /** Addresses of the nodes around, by how a way begins. */
  readonly #neighbours = new Map<string, string>();
  readonly #found = new Map<string, Route | null>();

  /** Of several ways to one range the shortest. @throws Error where the answer turns out to be none */
  static async read(routes: Iterable<Route>): Promise<Table> {
    const table = new Table();
    let until = performance.now() + SLICE_MS;
    for (const route of routes) {
      if (table.size >= MAX_ROUTES) break;
      table.#add(route);
      if (performance.now() < until) continue;
      await nextTurn();
      until = performance.now() + SLICE_MS;
    }
    return table;
  }

  /** Ranges with a way. */
  get size(): number {
    return this.#routes.size;
  }

  /** The way to the address, which is in canonical form: that of the smallest range that it is in. */
  find(address: string): Route | null {
    const known = this.#found.get(address);
    if (known !== undefined) return known;
    const route = this.#routes.find(address);
    if (this.#found.size < MAX_FOUND) this.#found.set(address, route);
    return route;
  }

  /** An address by which the first node on the way may be known; null where none is. */
  firstNode(route: Route): string | null {
    if (route.isNext) return route.prefix.split('/')[0] ?? null;
    const { gateway } = route;
    return gateway === null || isLinkLocal(gateway) ? (this.#neighbours.get(firstHop(route)) ?? null) : gateway;
  }

  #add(route: Route): void {
    const standing = this.#routes.get(route.prefix);
    if (standing && (distance(standing) ?? Number.POSITIVE_INFINITY) <= (distance(route) ?? Number.POSITIVE_INFINITY))
      return;
    this.#routes.set(route.prefix, route);
    const [address = '', length] = route.prefix.split('/');
    // Of a neighbour's addresses one that is its own, and not of a network behind it.
    if (route.isNext && (length === '32' || length === '128')) this.#neighbours.set(firstHop(route), address);
  }
}

const isLinkLocal = (address: string) => /^fe[89ab]/.test(address);

/** How a way begins, as one word: a link-local address means something only with its device. */
export function firstHop({ gateway, device }: Pick<Route, 'gateway' | 'device'>): string {
  return gateway !== null && !isLinkLocal(gateway) ? gateway : `${gateway ?? ''}%${device ?? ''}`;
}
