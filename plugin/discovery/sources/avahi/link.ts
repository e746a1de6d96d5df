/** One network interface over multicast DNS: a socket per address family, and what they received. */
import type { NetworkInterfaceInfo } from 'node:os';
import type { SkippedRow } from '../../../announcement/skipped.js';
import { rangeList } from '../../../lib/address.js';
import { MdnsCache } from './cache.js';
import { GroupSocket } from './datagrams.js';
import { writeQueryFor } from './record.js';

/** Ticks between two attempts to open a socket. */
const RETRY_EVERY = 5;

/** What else the node has. */
interface Node {
  /** All of its addresses. */
  readonly own: ReadonlySet<string>;
  /** IPv4 addresses of its other interfaces. */
  readonly elsewhere: readonly string[];
}

export class Link {
  readonly name: string;
  readonly cache: MdnsCache;
  readonly #onChange: (changed: boolean) => void;
  #sockets: readonly GroupSocket[] = [];
  /** Addresses for which the sockets were opened. */
  #opened = '';
  #ticks = 0;

  /**
   * @param now ms since the epoch, for what is shown
   * @param onChange called after each packet or change of the sockets, with whether it brought anything new
   */
  constructor(name: string, types: readonly string[], now: () => number, onChange: (changed: boolean) => void) {
    this.name = name;
    this.cache = new MdnsCache(types, now);
    this.#onChange = onChange;
  }

  get isOpen(): boolean {
    return this.#sockets.length > 0;
  }

  /** Whether it receives from its neighbours. */
  get joined(): boolean {
    return this.#sockets.some(({ joined }) => joined);
  }

  /** Why not; null when nothing is wrong. */
  get problem(): string | null {
    return this.#sockets.find(({ problem }) => problem !== null)?.problem ?? null;
  }

  skipped(): Readonly<Record<string, number>> {
    return this.cache.skipped();
  }

  /** The rows behind these counts, as far as they are stored. */
  skippedRows(): readonly SkippedRow[] {
    return this.cache.skippedRows();
  }

  /** Opens sockets for these addresses of the interface; sockets already open for them stay. */
  open(list: readonly NetworkInterfaceInfo[], { own, elsewhere }: Node = { own: new Set(), elsewhere: [] }): void {
    this.cache.settle({ own, networks: rangeList(list.flatMap(({ cidr }) => cidr ?? [])) });
    const wanted = JSON.stringify(list);
    if (wanted !== this.#opened) {
      void this.close();
      this.#opened = wanted;
      const v4 = list.find(({ family }) => family === 'IPv4');
      const v6 = list.some(({ family }) => family === 'IPv6');
      this.#sockets = [
        ...(v4 ? [this.#listen('IPv4', v4.address)] : []),
        ...(v6 ? [this.#listen('IPv6', `::%${this.name}`)] : []),
      ];
    }
    for (const socket of this.#sockets) socket.shutOut(elsewhere);
  }

  async close(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = [];
    this.#opened = '';
    await Promise.all(sockets.map((socket) => socket.close()));
  }

  /** Sends due questions. @returns whether anything has expired */
  tick(): boolean {
    const now = performance.now();
    const changed = this.cache.expire(now);
    if (++this.#ticks % RETRY_EVERY === 0) for (const socket of this.#sockets) socket.retry();
    const questions = this.isOpen ? this.cache.questions(now) : [];
    if (questions.length > 0) {
      const query = writeQueryFor(questions);
      for (const socket of this.#sockets) socket.send(query);
    }
    return changed;
  }

  #listen(family: 'IPv4' | 'IPv6', via: string): GroupSocket {
    return new GroupSocket(family, via, {
      onMessage: (message, sender) => {
        if (this.cache.take(message, sender, performance.now())) this.#onChange(true);
      },
      onDropped: (sender) => this.cache.countMalformed(sender),
      onState: () => this.#onChange(false),
    });
  }
}
