/** Which datagrams of the local network are read: decoding one may take as long as a stranger likes, so it has an allowance. */
import { createSocket, type Socket, type SocketType } from 'node:dgram';

/** Largest message of multicast DNS, bytes (RFC 6762 §17). */
const BYTES_CAP = 9_000;
/** Of each second so long may be spent on reading, ms; what comes beyond is passed over. */
const SECOND_MS = 1_000;
const READING_MS = 150;

/** Decides what is read, by what reading has taken of the present second. */
export class Allowance {
  readonly #clock: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #spent = 0;

  /** @param clock monotonic, ms */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** Reads it if it may be read. @returns whether it was */
  spend(bytes: number, read: () => void): boolean {
    const began = this.#clock();
    if (began - this.#since >= SECOND_MS) [this.#since, this.#spent] = [began, 0];
    if (bytes > BYTES_CAP || this.#spent >= READING_MS) return false;
    read();
    this.#spent += this.#clock() - began;
    return true;
  }
}

/**
 * A socket that hands on only what may be read.
 * @param passedOver told of each datagram that may not
 */
export function guardedSocket(type: SocketType, passedOver: () => void): Socket {
  const socket = createSocket({ type, reuseAddr: true });
  const allowance = new Allowance();
  const emit = socket.emit.bind(socket) as (...event: unknown[]) => boolean;
  const guarded = (...event: unknown[]): boolean => {
    const [name, message] = event;
    if (name !== 'message') return emit(...event);
    const isRead = allowance.spend((message as Buffer).length, () => emit(...event));
    if (!isRead) passedOver();
    return isRead;
  };
  socket.emit = guarded as Socket['emit'];
  return socket;
}
