/**
 * A relay in front of a real server, on an address of its own: delays, loses and throttles what passes, UDP and TCP on
 * the same port, and knows afterwards what really happened to it. Where time matters it runs in a process of its own
 * (relay-process.ts), so that its event loop and the panel's do not disturb each other.
 *
 * What it cannot do: the kernel answers a SYN at once, so a TCP connect is never delayed, only what passes afterwards.
 * Nor does it hand on "port closed".
 */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { quietPort } from './ports.js';
import { Line } from './relay-line.js';

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A path; each figure is for one direction. Without figures the relay only counts. */
export interface Path {
  /** ms. */
  readonly delay?: number;
  /** ± ms around the delay, evenly spread. */
  readonly jitter?: number;
  /** Share of the datagrams that are lost; TCP loses nothing. */
  readonly loss?: number;
  /** Bytes per second; what comes faster queues. */
  readonly rate?: number;
  /** Two relays with the same seed treat the same packets alike. */
  readonly seed?: number;
}

export interface RelayOptions extends Path {
  readonly to: Place;
  readonly address: string;
  /** Free for both transports; by default one that no other relay uses. */
  readonly port?: number;
}

/** A question that was answered: how long it, the server and the answer took between the relay's two sides, ms. */
export interface Trip {
  readonly forth: number;
  readonly server: number;
  readonly back: number;
}

/** Datagrams, or chunks of a stream, and the bytes in them without headers. */
export interface Count {
  packets: number;
  bytes: number;
}

/** The exchange of one client socket with the server. */
export interface Conversation {
  readonly transport: 'udp' | 'tcp';
  /** The asker's first sign and the last sign of either side, ms since the epoch. */
  readonly from: number;
  until: number;
  /** What the asker sent, and what was sent back to it; both counted on the asker's side. */
  readonly sent: Count;
  readonly received: Count;
  /** Packets lost, either way. */
  lost: number;
  readonly trips: Trip[];
}

/** A question on its way: when it came, and when it left for the server (performance.now). */
interface Open {
  readonly came: number;
  readonly left: number;
}

/** One asker's side and the server's side of a conversation, with the line between them. */
class Exchange {
  readonly record: Conversation;
  readonly #open: Open[] = [];
  #over = false;
  readonly #lines: { readonly forth: Line; readonly back: Line };

  constructor(transport: 'udp' | 'tcp', lines: { forth: Line; back: Line }) {
    const now = Date.now();
    const none = () => ({ packets: 0, bytes: 0 });
    this.record = { transport, from: now, until: now, sent: none(), received: none(), lost: 0, trips: [] };
    this.#lines = lines;
  }

  /** Towards the server. */
  forth(bytes: number, deliver: () => void): void {
    this.#count(this.record.sent, bytes);
    const came = performance.now();
    if (this.#loses(this.#lines.forth)) return;
    this.#lines.forth.pass(bytes, () => {
      this.#open.push({ came, left: performance.now() });
      deliver();
    });
  }

  /** Back to the asker; the answer belongs to the oldest question still open. */
  back(bytes: number, deliver: () => void): void {
    const came = performance.now();
    const question = this.#open.shift();
    if (this.#loses(this.#lines.back)) return;
    this.#lines.back.pass(bytes, () => {
      this.#count(this.record.received, bytes);
      if (question) {
        const { came: arrived, left } = question;
        this.record.trips.push({ forth: left - arrived, server: came - left, back: performance.now() - came });
      }
      deliver();
    });
  }

  /** The asker has hung up. */
  end(): void {
    if (!this.#over) this.record.until = Date.now();
    this.#over = true;
  }

  #loses(line: Line): boolean {
    const lost = this.record.transport === 'udp' && line.loses();
    if (lost) this.record.lost += 1;
    return lost;
  }

  #count(count: Count, bytes: number): void {
    count.packets += 1;
    count.bytes += bytes;
    if (!this.#over) this.record.until = Date.now();
  }
}

export class Relay {
  readonly address: string;
  readonly #to: Place;
  readonly #lines: { readonly forth: Line; readonly back: Line };
  readonly #server: Server;
  readonly #front: Datagrams;
  /** By the asker's port. */
  readonly #behind = new Map<string, { readonly socket: Datagrams; readonly exchange: Exchange }>();
  readonly #sockets = new Set<Socket>();
  readonly #conversations: Conversation[] = [];

  private constructor({ to, address, seed = 1, ...path }: RelayOptions) {
    this.address = address;
    this.#to = to;
    this.#lines = { forth: new Line(path, seed), back: new Line(path, seed + 0x9e3779b9) };
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onCaller(socket));
    this.#front = createSocket('udp4', (datagram, { address, port }) => this.#onDatagram(datagram, { address, port }));
  }

  static async open(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options);
    relay.#server.listen(options.port ?? quietPort(), options.address);
    await once(relay.#server, 'listening');
    relay.#front.bind(relay.port, options.address);
    await once(relay.#front, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every conversation so far, oldest first. */
  conversations(): readonly Conversation[] {
    return this.#conversations;
  }

  async close(): Promise<void> {
    for (const line of Object.values(this.#lines)) line.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const { socket } of this.#behind.values()) socket.close();
    await Promise.all([
      new Promise((done) => this.#server.close(done)),
      new Promise<void>((done) => this.#front.close(done)),
    ]);
  }

  #begin(transport: 'udp' | 'tcp'): Exchange {
    const exchange = new Exchange(transport, this.#lines);
    this.#conversations.push(exchange.record);
    return exchange;
  }

  #onDatagram(datagram: Buffer, asker: Place): void {
    const key = `${asker.address}:${asker.port}`;
    const { socket, exchange } = this.#behind.get(key) ?? this.#openBehind(key, asker);
    exchange.forth(datagram.length, () => socket.send(datagram, this.#to.port, this.#to.address));
  }

  /** A port of the relay's own for each asker, so that the server tells them apart. */
  #openBehind(key: string, asker: Place) {
    const exchange = this.#begin('udp');
    const socket = createSocket('udp4', (answer) =>
      exchange.back(answer.length, () => this.#front.send(answer, asker.port, asker.address)),
    );
    socket.on('error', () => {});
    const behind = { socket, exchange };
    this.#behind.set(key, behind);
    return behind;
  }

  #onCaller(caller: Socket): void {
    const exchange = this.#begin('tcp');
    const server = connect({ host: this.#to.address, port: this.#to.port, noDelay: true });
    server.allowHalfOpen = true;
    const { forth, back } = this.#lines;
    caller.on('data', (chunk) => exchange.forth(chunk.length, () => server.write(chunk)));
    server.on('data', (chunk) => exchange.back(chunk.length, () => caller.write(chunk)));
    caller.on('end', () => {
      exchange.end();
      forth.pass(0, () => server.end());
    });
    server.on('end', () => back.pass(0, () => caller.end()));
    caller.on('close', () => {
      exchange.end();
      forth.pass(0, () => server.destroy());
    });
    server.on('close', () => back.pass(0, () => caller.end()));
    for (const socket of [caller, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    }
  }
}
