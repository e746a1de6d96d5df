/** UDP: question and answer over one connected socket, which the kernel keeps free of datagrams from other senders. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { waitFor } from '../lib/wait.js';
import { toFailure } from './failure.js';
import { type Failed, isFailed, type ProbeContext, type Target } from './index.js';
import { elapsed } from './times.js';
import { countDatagram, countRefusal } from './wire.js';

/** How long one try waits for its answer, ms. */
const ANSWER_LIMIT_MS = 2_000;

/** More than any sane conversation: beyond this many bytes the provider is flooding us. */
const RECEIVED_LIMIT = 65_536;

const FLOODED: Failed = { level: 2, reason: 'too-large' };

/** One datagram, and how to know its answer. */
export interface Request<T> {
  readonly datagram: Buffer;
  /** What the answer says; null for a datagram that does not answer this request. Never throws. */
  read(datagram: Buffer): T | null;
}

export interface Answer<T> {
  readonly value: T;
  /** From sending the try that was answered to its answer, ms. */
  readonly ms: number;
  /** Share of the tries that were lost: 0, or 0.5 when only the second was answered. */
  readonly loss: number;
}

/** Opens a socket to the provider; nothing is sent yet. The caller closes. */
export async function openUdp(
  { address, port }: Pick<Target, 'address' | 'port'>,
  context: ProbeContext,
): Promise<Udp | Failed> {
  context.signal.throwIfAborted();
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const failed = await waitFor<Failed | null>({
    signal: context.signal,
    limitMs: ANSWER_LIMIT_MS,
    atLimit: () => ({ level: 0, reason: 'unreachable' }),
    listen: (end) => {
      const onError = (error: NodeJS.ErrnoException) => end(() => toFailure(error));
      socket.once('error', onError);
      socket.connect(port, address, (error?: Error) => end(() => (error ? toFailure(error) : null)));
      return () => socket.off('error', onError);
    },
  }).catch((error) => {
    socket.close();
    throw error;
  });
  if (failed === null) return new Udp(socket, context, address);
  socket.close();
  return failed;
}

/** A wait for one datagram. */
interface Waiting {
  /**
   * Whether this was the datagram; if so, the wait is over. Others may wait for the same. A reader that throws ends its wait
   * with the error: nobody would catch it in an event of the socket.
   */
  takes(datagram: Buffer): boolean;
  end(outcome: () => Failed): void;
}

export class Udp {
  readonly #socket: Socket;
  readonly #context: ProbeContext;
  readonly #address: string;
  readonly #waiting = new Set<Waiting>();
  /** Every request so far: a late or duplicate answer to one of them is not foreign. */
  readonly #requests: Request<unknown>[] = [];
  #received = 0;
  #closed = false;
  #strangers = 0;

  constructor(socket: Socket, context: ProbeContext, address: string) {
    this.#socket = socket;
    this.#context = context;
    this.#address = address;
    socket.on('message', (datagram) => {
      context.reading?.();
      this.#onDatagram(datagram);
    });
    socket.on('error', (error) => {
      countRefusal(context.traffic, address);
      this.#endAll(() => toFailure(error));
    });
  }

  /**
   * Asks, and once more when the first try stays without answer. Each try is composed anew, so that the time is that of
   * the try answered, never of the one before it (Karn's rule). Several questions may be open at once.
   */
  async ask<T>(compose: () => Request<T>, tries = 2, limitMs = ANSWER_LIMIT_MS): Promise<Answer<T> | Failed> {
    const strangers = this.#strangers;
    for (let lost = 0; lost < tries; lost += 1) {
      const answer = await this.#try(compose(), limitMs);
      if (answer === null) continue;
      return isFailed(answer) ? answer : { ...answer, loss: lost / (lost + 1) };
    }
    return this.#strangers > strangers ? { level: 2, reason: 'wrong-protocol' } : { level: 0, reason: 'timeout' };
  }

  /**
   * Waits for what the provider sends by itself after a question, without asking anything; null when it does not come
   * within `limitMs`. `read` is as in a request.
   */
  async hear<T extends object>(read: Request<T>['read'], limitMs: number): Promise<T | null> {
    const answer = await this.#listen(read, limitMs);
    return answer === null || isFailed(answer) ? null : answer;
  }

  /** Our own end, as the provider sees it unless addresses are translated on the way. */
  get local(): { readonly address: string; readonly port: number } {
    return this.#socket.address();
  }

  close(): void {
    if (!this.#closed) this.#socket.close();
    this.#closed = true;
  }

  #try<T>(request: Request<T>, limitMs: number): Promise<Omit<Answer<T>, 'loss'> | Failed | null> {
    let started = 0;
    const read = (datagram: Buffer) => {
      const until = performance.now();
      const value = request.read(datagram);
      return value === null ? null : { value, ms: elapsed(started, this.#context.times, until) };
    };
    return this.#listen(read, limitMs, (fail) => {
      this.#requests.push(request);
      this.#context.traffic.sent += request.datagram.length;
      countDatagram(this.#context.traffic, this.#address);
      started = performance.now();
      this.#socket.send(request.datagram, (error) => error && fail(() => toFailure(error)));
    });
  }

  #listen<T>(
    read: (datagram: Buffer) => T | null,
    limitMs: number,
    begin: (fail: (outcome: () => Failed) => void) => void = () => {},
  ): Promise<T | Failed | null> {
    return waitFor<T | Failed | null>({
      signal: this.#context.signal,
      limitMs,
      atLimit: () => null,
      listen: (end) => {
        const takes = (datagram: Buffer) => {
          const value = attemptTo(() => read(datagram));
          if (value !== null) end(value);
          return value !== null;
        };
        const waiting: Waiting = { takes, end };
        this.#waiting.add(waiting);
        if (this.#closed) end(() => FLOODED as Failed);
        else begin(end);
        return () => this.#waiting.delete(waiting);
      },
    });
  }

  #onDatagram(datagram: Buffer): void {
    this.#received += datagram.length;
    this.#context.traffic.received += datagram.length;
    countDatagram(this.#context.traffic, this.#address);
    if ([...this.#waiting].filter((wait) => wait.takes(datagram)).length > 0) return;
    if (this.#received > RECEIVED_LIMIT) {
      // At once, for the system hands over many datagrams in one go.
      this.close();
      this.#endAll(() => FLOODED);
    } else if (!this.#requests.some((earlier) => attemptTo(() => earlier.read(datagram)) !== null))
      this.#strangers += 1;
  }

  #endAll(outcome: () => Failed): void {
    for (const wait of [...this.#waiting]) wait.end(outcome);
  }
}

/** What the reader makes of it, as a wait ends with it: the value, or what it throws; null for nothing. */
function attemptTo<T>(read: () => T | null): (() => T) | null {
  try {
    const value = read();
    return value === null ? null : () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** The value of an answer; null where there was none. For questions that a provider may leave open. */
export function valueOrNull<T>(answer: Answer<T> | Failed): T | null {
  return isFailed(answer) ? null : answer.value;
}
