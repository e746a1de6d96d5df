/** Datagrams of one interface and address family: a socket in the group, and a limit on the time spent on reading. */
import { createSocket, type Socket } from 'node:dgram';

/** RFC 6762 §3; answers must come from the same port (§6). */
const GROUP = { IPv4: '224.0.0.251', IPv6: 'ff02::fb' } as const;
const PORT = 5353;
/** A test network (RFC 5737): nobody sends from there. */
const NOBODY = '192.0.2.1';

/** Largest message of multicast DNS, bytes (RFC 6762 §17). */
const BYTES_CAP = 9_000;
/** Reading time allowed in each second, ms; datagrams beyond it are dropped: a stranger decides how long reading one takes. */
const SECOND_MS = 1_000;
const READING_MS = 150;

/** Decides what is read, by the time that reading has taken in the current second. */
export class Allowance {
  readonly #clock: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #spent = 0;

  /** @param clock monotonic, ms */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** Reads the datagram if the allowance permits. @returns whether it was read */
  spend(bytes: number, read: () => void): boolean {
    const began = this.#clock();
    if (began - this.#since >= SECOND_MS) [this.#since, this.#spent] = [began, 0];
    if (bytes > BYTES_CAP || this.#spent >= READING_MS) return false;
    read();
    this.#spent += this.#clock() - began;
    return true;
  }
}

/** What becomes of datagrams and of the socket. */
export interface Handlers {
  /** @param sender source address, without a zone */
  onMessage(message: Buffer, sender: string): void;
  /** A datagram that was too large, or beyond the allowance. */
  onDropped(sender: string): void;
  /** `joined` or `problem` may have changed. */
  onState(): void;
}

/**
 * Sends to the group on one interface and receives what is sent to the group there, whatever the sender's subnet
 * (RFC 6762 §11). Bound to the group, so unicast never arrives: it is left to an avahi-daemon that shares the port.
 */
export class GroupSocket {
  readonly #family: 'IPv4' | 'IPv6';
  readonly #interface: string;
  readonly #handlers: Handlers;
  readonly #allowance = new Allowance();
  #socket: Socket | null = null;
  #others: readonly string[] = [];
  #shutOut = new Set<string>();
  /** Whether it receives from its neighbours. */
  joined = false;
  /** Why not, or why the last query was not sent; null when nothing is wrong. */
  problem: string | null = null;

  /** @param via the interface: an IPv4 address of it, or `::%NAME` */
  constructor(family: 'IPv4' | 'IPv6', via: string, handlers: Handlers) {
    this.#family = family;
    this.#interface = via;
    this.#handlers = handlers;
    this.retry();
  }

  /** Opens the socket if it failed to open. */
  retry(): void {
    if (this.#socket !== null) return;
    const isV4 = this.#family === 'IPv4';
    const socket = createSocket({ type: isV4 ? 'udp4' : 'udp6', reuseAddr: true });
    this.#socket = socket;
    socket.on('error', (error) => this.#fail(socket, error));
    socket.on('message', (message, { address, port }) => {
      if (this.#socket === socket && port === PORT) this.#read(message, address.split('%')[0] ?? '');
    });
    const zone = isV4 ? '' : this.#interface.slice('::'.length);
    socket.bind(PORT, `${GROUP[this.#family]}${zone}`, () => this.#join(socket));
  }

  /** @param others IPv4 addresses of this node's other interfaces, whose datagrams are not for this socket */
  shutOut(others: readonly string[]): void {
    this.#others = others.filter((address) => address !== this.#interface);
    for (const address of this.#shutOut) if (!this.#others.includes(address)) this.#shutOut.delete(address);
    if (this.joined && this.#family === 'IPv4') for (const address of this.#others) this.#shutOutOne(address);
  }

  send(message: Buffer): void {
    if (!this.joined) return;
    this.#socket?.send(message, PORT, GROUP[this.#family], (error) => {
      if (this.#socket === null) return;
      this.problem = error === null ? null : error.message;
      if (error !== null) this.#handlers.onState();
    });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = null;
    this.joined = false;
    if (socket !== null) await new Promise<void>((done) => socket.close(done));
  }

  #join(socket: Socket): void {
    if (this.#socket !== socket) return;
    try {
      socket.addMembership(GROUP[this.#family], this.#interface);
      socket.setMulticastInterface(this.#interface);
      socket.setMulticastTTL(255);
    } catch (error) {
      this.#fail(socket, error as Error);
      return;
    }
    this.joined = true;
    this.problem = null;
    this.#shutOut.clear();
    this.shutOut(this.#others);
    this.#handlers.onState();
  }

  /**
   * Linux gives every socket bound to a group what arrives for it on any interface, unless the socket has joined there with
   * a filter of its own; IPv6 keeps to the zone. Beyond the kernel's 20 memberships a neighbour is heard on two links.
   */
  #shutOutOne(address: string): void {
    if (this.#shutOut.has(address)) return;
    this.#shutOut.add(address);
    try {
      this.#socket?.addSourceSpecificMembership(NOBODY, GROUP.IPv4, address);
    } catch {}
  }

  #fail(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.problem = error.message;
    if (!this.joined) {
      this.#socket = null;
      socket.close();
    }
    this.#handlers.onState();
  }

  #read(message: Buffer, sender: string): void {
    const read = () => this.#handlers.onMessage(message, sender);
    if (!this.#allowance.spend(message.length, read)) this.#handlers.onDropped(sender);
  }
}
