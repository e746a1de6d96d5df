/** Every socket and timer of the demo in one place: opened with limits, gone after close. */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';

/** A caller that stays silent is let go after this, ms. */
const IDLE = 30_000;
/** Callers at once on one port; more are turned away. */
const MAX_CALLERS = 64;

export class Sockets {
  readonly #servers: Server[] = [];
  readonly #datagrams: Datagrams[] = [];
  readonly #callers = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #taken = 0;

  /** How many addresses somebody else had. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes the address and answers nobody there. Returns whether it was free. */
  async claim(address: string, port: number): Promise<boolean> {
    const server = createServer((socket) => socket.destroy());
    const free = await opened(server, () => server.listen(port, address));
    if (free) this.#servers.push(server);
    return free;
  }

  /** Resolves once it listens, or once it is clear that another panel's demo has the address: then that one answers. */
  tcp(address: string, port: number, onCaller: (socket: Socket) => void): Promise<void> {
    const server = createServer((socket) => {
      this.#callers.add(socket);
      socket.setTimeout(IDLE, () => socket.destroy());
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#callers.delete(socket));
      onCaller(socket);
    });
    server.maxConnections = MAX_CALLERS;
    return opened(server, () => server.listen(port, address)).then((open) => {
      if (open) this.#servers.push(server);
      else this.#taken++;
    });
  }

  /** The same for datagrams; `reply` goes back to the sender. */
  udp(address: string, port: number, on: (datagram: Buffer, reply: (bytes: Buffer) => void) => void): Promise<void> {
    const socket = createSocket('udp4');
    socket.on('message', (datagram, from) => on(datagram, (bytes) => socket.send(bytes, from.port, from.address)));
    return opened(socket, () => socket.bind(port, address)).then((open) => {
      if (open) return void this.#datagrams.push(socket);
      this.#taken++;
      socket.close();
    });
  }

  /** Runs `act` after `ms`, unless closed before. */
  later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const caller of this.#callers) caller.destroy();
    const servers = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    const datagrams = this.#datagrams.map((socket) => new Promise<void>((resolve) => socket.close(resolve)));
    await Promise.all([...servers, ...datagrams]);
  }
}

/** Whether it listens; false when the address is taken. */
function opened(socket: Server | Datagrams, open: () => void): Promise<boolean> {
  return new Promise((resolve, reject) => {
    // Stays for the socket's life: a datagram that cannot be sent is a lost one, not a crash.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    socket.once('listening', () => resolve(true));
    open();
  });
}
