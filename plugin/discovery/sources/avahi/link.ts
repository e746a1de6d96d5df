/** One network interface as multicast DNS sees it: a socket per address family, and what came in through them. */
import type { BlockList } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import mdns, { type MulticastDNS } from 'multicast-dns';
import { keepNewest, type SkippedRow } from '../../../announcement/skipped.js';
import { rangeList } from '../../../lib/address.js';
import { MdnsCache } from './cache.js';
import { guardedSocket } from './datagrams.js';

/** RFC 6762 §3; the port is also the one that answers must come from (§6). */
const GROUP = { IPv4: '224.0.0.251', IPv6: 'ff02::fb' } as const;
const PORT = 5353;

export class Link {
  readonly name: string;
  readonly cache: MdnsCache;
  readonly #now: () => number;
  readonly #heard: (changed: boolean) => void;
  #sockets: readonly MulticastDNS[] = [];
  #networks: BlockList = rangeList([]);
  /** What the sockets were opened for. */
  #opened = '';
  #malformed = 0;
  readonly #malformedRows: SkippedRow[] = [];
  /** Whether it hears its neighbours. */
  joined = false;
  /** Why it does not; null when nothing is wrong. */
  problem: string | null = null;

  /**
   * @param now ms since the epoch, for what is shown
   * @param heard called after each packet or change of the sockets, with whether something new was in it
   */
  constructor(name: string, types: readonly string[], now: () => number, heard: (changed: boolean) => void) {
    this.name = name;
    this.cache = new MdnsCache(types, now);
    this.#now = now;
    this.#heard = heard;
  }

  get isOpen(): boolean {
    return this.#sockets.length > 0;
  }

  skipped(): Readonly<Record<string, number>> {
    return { ...this.cache.skipped(), ...(this.#malformed > 0 ? { malformed: this.#malformed } : {}) };
  }

  /** The rows behind these counts, as far as they are kept. */
  skippedRows(): readonly SkippedRow[] {
    return [...this.cache.skippedRows(), ...this.#malformedRows];
  }

  /** Opens sockets for these addresses of the interface; those that are open for the same ones stay. */
  open(list: readonly NetworkInterfaceInfo[]): void {
    const wanted = JSON.stringify(list);
    if (wanted === this.#opened) return;
    void this.close();
    this.#opened = wanted;
    this.#networks = rangeList(list.flatMap(({ cidr }) => cidr ?? []));
    const v4 = list.find(({ family }) => family === 'IPv4');
    const v6 = list.some(({ family }) => family === 'IPv6');
    // Bound to the group: what is sent to this node alone is left to an avahi-daemon that shares the port.
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

  /** Sends what is due. @returns whether something has expired */
  tick(): boolean {
    const now = performance.now();
    const changed = this.cache.expire(now);
    const questions = this.isOpen ? this.cache.questions(now) : [];
    if (questions.length > 0) for (const socket of this.#sockets) socket.query({ questions });
    return changed;
  }

  /** Who sent the packet is not told. */
  #refuse(): void {
    this.#malformed++;
    keepNewest(this.#malformedRows, { node: null, type: null, reason: 'malformed', heardAt: this.#now() });
  }

  #listen({ type = 'udp4', ...options }: mdns.Options): MulticastDNS {
    const isOurs = () => this.#sockets.includes(socket);
    const passedOver = () => {
      if (isOurs()) this.#refuse();
    };
    const socket = mdns({ ...options, type, port: PORT, socket: guardedSocket(type, passedOver) });
    const failed = (error: Error) => {
      if (!isOurs()) return;
      // Trouble of the system names the call that failed; the rest is a packet that cannot be read.
      if ('syscall' in error) this.problem = error.message;
      else this.#refuse();
      this.#heard(false);
    };
    socket.on('error', failed);
    socket.on('warning', failed);
    socket.on('networkInterface', () => {
      if (!isOurs()) return;
      this.joined = true;
      this.problem = null;
      this.#heard(false);
    });
    socket.on('response', (packet, { address, port }) => {
      if (!isOurs() || port !== PORT || !this.#isNeighbour(address)) return;
      if (this.cache.take(packet, address, performance.now())) this.#heard(true);
    });
    return socket;
  }

  /** Every socket of the machine hears every link, and routers may let strangers through (RFC 6762 §11). */
  #isNeighbour(sender: string): boolean {
    const [address = ''] = sender.split('%');
    return this.#networks.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  }
}

function v6Options(name: string): mdns.Options {
  return { type: 'udp6', ip: GROUP.IPv6, interface: `::%${name}`, bind: `${GROUP.IPv6}%${name}` };
}
