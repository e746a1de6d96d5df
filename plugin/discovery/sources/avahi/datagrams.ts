/** Limits the time spent on datagrams of the local network: a stranger decides how long decoding one takes. */
import { createSocket, type Socket, type SocketType } from 'node:dgram';

/** Largest message of multicast DNS, bytes (RFC 6762 §17). */
const BYTES_CAP = 9_000;
/** Reading time allowed in each second, ms; datagrams beyond it are dropped. */
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

/**
 * A socket that passes on only what may be read.
 * @param onDropped called for each other datagram
 */
export function guardedSocket(type: SocketType, onDropped: () => void): Socket {
  const socket = createSocket({ type, reuseAddr: true });
  const allowance = new Allowance();
  const emit = socket.emit.bind(socket) as (...event: unknown[]) => boolean;
  const guarded = (...event: unknown[]): boolean => {
    const [name, message] = event;
    if (name !== 'message') return emit(...event);
    const isRead = allowance.spend((message as Buffer).length, () => emit(...event));
    if (!isRead) onDropped();
    return isRead;
  };
  socket.emit = guarded as Socket['emit'];
  return socket;
}
