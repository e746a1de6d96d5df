/** One network interface over multicast DNS: a socket per address family, and what they received. */
import type { BlockList } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import mdns, { type MulticastDNS } from 'multicast-dns';
import { keepNewest, type SkippedRow } from '../../../announcement/skipped.js';
import { rangeList } from '../../../lib/address.js';
import { MdnsCache } from './cache.js';
import { guardedSocket } from './datagrams.js';

/** RFC 6762 §3; answers must come from the same port (§6). */
const GROUP = { IPv4: '224.0.0.251', IPv6: 'ff02::fb' } as const;
const PORT = 5353;

export class Link {
  readonly name: string;
  readonly cache: MdnsCache;
  readonly #now: () => number;
  readonly #onChange: (changed: boolean) => void;
  #sockets: readonly MulticastDNS[] = [];
  #networks: BlockList = rangeList([]);
  /** Addresses for which the sockets were opened. */
  #opened = '';
  #malformed = 0;
  readonly #malformedRows: SkippedRow[] = [];
  /** Whether it receives from its neighbours. */
  joined = false;
  /** Why not; null when nothing is wrong. */
  problem: string | null = null;

  /**
   * @param now ms since the epoch, for what is shown
   * @param onChange called after each packet or change of the sockets, with whether it brought anything new
   */
  constructor(name: string, types: readonly string[], now: () => number, onChange: (changed: boolean) => void) {
    this.name = name;
    this.cache = new MdnsCache(types, now);
    this.#now = now;
    this.#onChange = onChange;
  }

  get isOpen(): boolean {
    return this.#sockets.length > 0;
  }

  skipped(): Readonly<Record<string, number>> {
    return { ...this.cache.skipped(), ...(this.#malformed > 0 ? { malformed: this.#malformed } : {}) };
  }

  /** The rows behind these counts, as far as they are stored. */
  skippedRows(): readonly SkippedRow[] {
    return [...this.cache.skippedRows(), ...this.#malformedRows];
  }

  /** Opens sockets for these addresses of the interface; sockets already open for them stay. */
  open(list: readonly NetworkInterfaceInfo[]): void {
    const wanted = JSON.stringify(list);
    if (wanted === this.#opened) return;
    void this.close();
    this.#opened = wanted;
    this.#networks = rangeList(list.flatMap(({ cidr }) => cidr ?? []));
    const v4 = list.find(({ family }) => family === 'IPv4');
    const v6 = list.some(({ family }) => family === 'IPv6');
    // Bound to the group: unicast is left to an avahi-daemon that shares the port.
    this.#sockets = [
      ...(v4 ? [this.#listen({ type: 'udp4', ip: GROUP.IPv4, interface: v4.address, bind: GROUP.IPv4 })] : []),
      ...(v6 ? [this.#listen(v6Options(this.name))] : []),
    ];
  }

  async close(): Promise<void> {
    const sockets = this.#sockets;
    this.#sockets = [];
    this.#opened = '';
    this.joined = false;
    this.problem = null;
    await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.destroy(done))));
  }

  /** Sends due questions. @returns whether anything has expired */
  tick(): boolean {
    const now = performance.now();
    const changed = this.cache.expire(now);
    const questions = this.isOpen ? this.cache.questions(now) : [];
    if (questions.length > 0) for (const socket of this.#sockets) socket.query({ questions });
    return changed;
  }

  /** The socket does not say who sent it. */
  #countMalformed(): void {
    this.#malformed++;
    keepNewest(this.#malformedRows, { node: null, type: null, reason: 'malformed', heardAt: this.#now() });
  }

  #listen({ type = 'udp4', ...options }: mdns.Options): MulticastDNS {
    const isOurs = () => this.#sockets.includes(socket);
    const onDropped = () => {
      if (isOurs()) this.#countMalformed();
    };
    const socket = mdns({ ...options, type, port: PORT, socket: guardedSocket(type, onDropped) });
    const onError = (error: Error) => {
      if (!isOurs()) return;
      // A system error names the failed call; anything else is a malformed packet.
      if ('syscall' in error) this.problem = error.message;
      else this.#countMalformed();
      this.#onChange(false);
    };
    socket.on('error', onError);
    socket.on('warning', onError);
    socket.on('networkInterface', () => {
      if (!isOurs()) return;
      this.joined = true;
      this.problem = null;
      this.#onChange(false);
    });
    socket.on('response', (packet, { address, port }) => {
      if (!isOurs() || port !== PORT || !this.#isNeighbour(address)) return;
      if (this.cache.take(packet, address, performance.now())) this.#onChange(true);
    });
    return socket;
  }

  /** Every socket of the machine receives from every link, and routers may let strangers through (RFC 6762 §11). */
  #isNeighbour(sender: string): boolean {
    const [address = ''] = sender.split('%');
    return this.#networks.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  }
}

function v6Options(name: string): mdns.Options {
  return { type: 'udp6', ip: GROUP.IPv6, interface: `::%${name}`, bind: `${GROUP.IPv6}%${name}` };
}
