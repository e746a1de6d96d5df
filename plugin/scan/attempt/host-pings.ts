/** The system's pings of a scan: a host is pinged once for all its services, and again after some minutes. */
import type { Sample } from '../../model/sample.js';
import { PACKET_TRAIN_COST, PING_COST, type Pinger } from '../../probe/ping.js';

/** How long what a ping has found serves, ms: starting one costs more than a probe. */
const GOOD_FOR_MS = 10 * 60_000;

/** What an attempt wants to know of the path. */
export interface PingOrder {
  /** Id of the provider. */
  readonly provider: string;
  /** A literal one. */
  readonly address: string;
  readonly path: boolean;
  readonly width: boolean;
  /** How long each program may take. */
  readonly limitMs: number;
}

export interface Pinged {
  readonly samples: readonly Sample[];
  /** What was spent on it now. */
  readonly bytes: number;
}

const BYTES = { path: PING_COST.bytes, width: PACKET_TRAIN_COST.bytes } as const;
type Kind = keyof typeof BYTES;

interface Found {
  /** By `performance.now()`. */
  readonly until: number;
  readonly samples: readonly Sample[];
  /** Providers that have it. */
  readonly given: Set<string>;
}

export class HostPings {
  readonly #pinger: Pick<Pinger, Kind>;
  /** By kind and address, the oldest first. */
  readonly #found = new Map<string, Found>();

  constructor(pinger: Pick<Pinger, Kind>) {
    this.#pinger = pinger;
  }

  /** Each provider of a host gets the same samples, and gets them once: to repeat them would count one look as several. */
  async measure(order: PingOrder, signal: AbortSignal): Promise<Pinged> {
    const path = order.path ? await this.#measure('path', order, signal) : NOTHING;
    const width = order.width ? await this.#measure('width', order, signal) : NOTHING;
    return { samples: [...path.samples, ...width.samples], bytes: path.bytes + width.bytes };
  }

  async #measure(kind: Kind, { provider, address, limitMs }: PingOrder, signal: AbortSignal): Promise<Pinged> {
    this.#forget();
    const key = `${kind} ${address}`;
    const known = this.#found.get(key);
    if (known) {
      if (known.given.has(provider)) return NOTHING;
      known.given.add(provider);
      return { samples: known.samples, bytes: 0 };
    }
    const samples = await this.#pinger[kind](address, { signal, limitMs });
    this.#found.set(key, { until: performance.now() + GOOD_FOR_MS, samples, given: new Set([provider]) });
    return { samples, bytes: BYTES[kind] };
  }

  #forget(): void {
    for (const [key, { until }] of this.#found) {
      if (until > performance.now()) return;
      this.#found.delete(key);
    }
  }
}

const NOTHING: Pinged = { samples: [], bytes: 0 };
