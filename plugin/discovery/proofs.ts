/**
 * Whether members are where they say: gossip is not authenticated, but an agent answers a ping by name only to its own name.
 * Pinged only where announcers contradict each other, and slowly: nobody can make us flood a third host.
 */
import { log } from '../lib/log.js';
import type { Announcement } from '../model/provider.js';

/** Whether the agent at the address answers to the name. */
export type Prove = (
  member: { readonly node: string; readonly gossip: { readonly address: string; readonly port: number } },
  signal: AbortSignal,
) => Promise<boolean>;

/** Pause between two pings, and how long an answer and a silence are valid, ms. */
const PAUSE_MS = 500;
const PROVEN_FOR_MS = 60 * 60_000;
const SILENT_FOR_MS = 5 * 60_000;
const QUEUE_CAP = 64;
const KNOWN_CAP = 1_024;

interface Proof {
  readonly isPresent: boolean;
  /** By `performance.now()`. */
  readonly until: number;
}

export class Proofs {
  readonly #prove: Prove | undefined;
  readonly #canAsk: (announcement: Announcement) => boolean;
  readonly #changed: () => void;
  readonly #stop = new AbortController();
  readonly #known = new Map<string, Proof>();
  readonly #queue = new Map<string, Announcement>();
  #timer: NodeJS.Timeout | null = null;

  /**
   * @param canAsk whether the address from which it claims to gossip may be pinged
   * @param changed called when a result changes
   */
  constructor(prove: Prove | undefined, canAsk: (announcement: Announcement) => boolean, changed: () => void) {
    this.#prove = prove;
    this.#canAsk = canAsk;
    this.#changed = changed;
  }

  /** As far as is known; what is unknown or outdated is queued for a ping. */
  isProven(announcement: Announcement): boolean {
    const { node, gossip, address } = announcement;
    if (node === '' || gossip?.address !== address || gossip.encrypted || !this.#prove) return false;
    const key = `${gossip.address} ${gossip.port} ${node}`;
    const proof = this.#known.get(key);
    if (!proof || proof.until < performance.now()) this.#enqueue(key, announcement);
    return proof?.isPresent ?? false;
  }

  close(): void {
    this.#stop.abort();
    if (this.#timer) clearTimeout(this.#timer);
  }

  #enqueue(key: string, announcement: Announcement): void {
    if (this.#queue.size >= QUEUE_CAP || this.#queue.has(key) || !this.#canAsk(announcement)) return;
    this.#queue.set(key, announcement);
    this.#timer ??= setTimeout(() => void this.#askNext(), 0);
  }

  async #askNext(): Promise<void> {
    const [[key, { node, gossip }] = ['', { node: '', gossip: null }]] = this.#queue;
    if (gossip === null || !this.#prove || this.#stop.signal.aborted) return;
    const isPresent = await this.#prove({ node, gossip }, this.#stop.signal).catch((error) => {
      if (!this.#stop.signal.aborted) log.error(error);
      return false;
    });
    if (this.#stop.signal.aborted) return;
    this.#queue.delete(key);
    const isNew = (this.#known.get(key)?.isPresent ?? false) !== isPresent;
    this.#remember(key, { isPresent, until: performance.now() + (isPresent ? PROVEN_FOR_MS : SILENT_FOR_MS) });
    this.#timer = this.#queue.size > 0 ? setTimeout(() => void this.#askNext(), PAUSE_MS) : null;
    if (isNew) this.#changed();
  }

  #remember(key: string, proof: Proof): void {
    this.#known.delete(key);
    this.#known.set(key, proof);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_CAP && oldest !== undefined) this.#known.delete(oldest);
  }
}
