/** What a routing daemon is: a file of `daemons/`, and what it answers. */

/** Where a daemon answers: an address, or a path on this machine. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * What a metric counts:
 * - `babel`: the sum of the links' costs: 96 a cable, 256 a radio link without loss;
 * - `etx`: how often a packet has to be sent for one to arrive, 1 a hop without loss;
 * - `tq`: how much of what is sent arrives, 255 = all;
 * - `rate`: what the way carries, bit/s;
 * - `ospf`, `other`: costs as somebody has set them, of which only the order means something.
 */
export const SCALES = ['babel', 'etx', 'tq', 'rate', 'ospf', 'other'] as const;
export type Scale = (typeof SCALES)[number];

/** The best way to a range of addresses, as a daemon sees it. */
export interface Route {
  /** In canonical form: `10.1.2.0/24`, `fd00:1::/64`. */
  readonly prefix: string;
  /** null where the daemon counts nothing that tells a distance, as with BGP. */
  readonly metric: number | null;
  readonly scale: Scale;
  /** null where the daemon does not count them. */
  readonly hops: number | null;
  /** Address of the first node on the way; a link-local one together with the device. */
  readonly gateway: string | null;
  readonly device: string | null;
  /** Whether the first node is the last one, too: its addresses tell who it is. */
  readonly isNext?: true;
}

export interface RoutingDaemon {
  /** File name, and its name in `ROUTING`. */
  readonly id: string;
  /** Where it answers on a machine of its own. In `auto`, one of them must be there. */
  readonly usual: readonly [Place, ...Place[]];
  /** Files of which one must be there, too, where its usual port may be another program's. */
  readonly signs?: readonly string[];
  /** What to do where it cannot be read, in English. */
  readonly hint: string;
  /**
   * What it answers, at most `ANSWER_CAP` bytes. Sends one small request, which changes nothing.
   * @throws Error why there is no answer
   */
  ask(place: Place, signal: AbortSignal): Promise<string>;
  /**
   * The ways that it uses, without those to everywhere.
   * @throws Error where it is not an answer of such a daemon
   */
  routes(answer: string): Iterable<Route>;
}
