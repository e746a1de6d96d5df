/** TCP: connecting, timed, and knocking, which only checks whether the host is alive. */
import { Socket } from 'node:net';
import { endpoint } from '../lib/endpoint.js';
import { waitFor } from '../lib/wait.js';
import { toFailure } from './failure.js';
import { type Failed, isFailed, type ProbeContext, type Target } from './index.js';
import { elapsed } from './times.js';
import { countConnection, countDial } from './wire.js';

/** Longest wait for a connection, ms. */
const CONNECT_LIMIT_MS = 4_000;

/** Linux repeats a SYN after 1 s (RFC 6298): a longer time, ms, includes the wait for the repeat. */
const LOST_SYN_MS = 900;

export interface Connection {
  readonly socket: Socket;
  /** `address:port` of the other side. */
  readonly host: string;
  /** From SYN to SYN/ACK, ms; null when the first SYN was lost, and the time with it. */
  readonly connectMs: number | null;
  /** Closes the socket and counts its bytes. */
  close(): void;
}

/** A socket that calls back before it delivers data. */
class ReadSocket extends Socket {
  readonly #reading: ProbeContext['reading'];

  constructor(reading: ProbeContext['reading']) {
    super();
    this.#reading = reading;
  }

  override emit(event: string | symbol, ...details: unknown[]): boolean {
    if (event === 'data') this.#reading?.();
    return super.emit(event, ...details);
  }
}

interface Dialled {
  readonly socket: Socket;
  readonly ms: number | null;
  /** null when the host accepted. */
  readonly error: NodeJS.ErrnoException | null;
}

/** Connects; the caller closes. */
export async function connect(
  target: Pick<Target, 'address' | 'port'>,
  context: ProbeContext,
  limitMs: number = CONNECT_LIMIT_MS,
): Promise<Connection | Failed> {
  const dialled = await dial(target, context, limitMs);
  if (isFailed(dialled)) return dialled;
  const { socket, ms, error } = dialled;
  if (error) return toFailure(error);
  let open = true;
  const close = () => {
    if (open) {
      const { bytesWritten, bytesRead } = socket;
      context.traffic.sent += bytesWritten;
      context.traffic.received += bytesRead;
      countConnection(context.traffic, target.address, bytesWritten, bytesRead);
    }
    open = false;
    socket.destroy();
  };
  return { socket, host: endpoint(target) ?? '', connectMs: ms, close };
}

/** Time to the host's answer, ms (null: the first SYN was lost), whether "open" or "closed": either shows a living host. */
export async function knock(
  target: Pick<Target, 'address' | 'port'>,
  context: ProbeContext,
): Promise<{ readonly ms: number | null } | Failed> {
  const dialled = await dial(target, context, CONNECT_LIMIT_MS);
  if (isFailed(dialled)) return dialled;
  dialled.socket.destroy();
  if (dialled.error === null) {
    countConnection(context.traffic, target.address, 0, 0);
    return { ms: dialled.ms };
  }
  const failed = toFailure(dialled.error);
  return failed.reason === 'refused' ? { ms: dialled.ms } : failed;
}

async function dial(
  { address, port }: Pick<Target, 'address' | 'port'>,
  { signal, traffic, reading, times }: ProbeContext,
  limitMs: number,
): Promise<Dialled | Failed> {
  const socket = new ReadSocket(reading);
  const started = performance.now();
  let isOpen = false;
  let answer: 'none' | 'reset' | 'syn' = 'none';
  try {
    return await waitFor<Dialled | Failed>({
      signal,
      limitMs,
      atLimit: () => ({ level: 0, reason: 'timeout' }),
      listen: (end) => {
        const answered = (error: NodeJS.ErrnoException | null) => {
          const ms = elapsed(started, times);
          isOpen = error === null;
          answer = isOpen ? 'syn' : 'reset';
          end(() => ({ socket, ms: ms < LOST_SYN_MS ? ms : null, error }));
        };
        // Stays for the socket's life: a later error has its own listener or does not matter, and must not crash the process.
        socket.on('error', answered);
        socket.once('connect', () => answered(null));
        socket.connect({ host: address, port });
        return () => isOpen || socket.destroy();
      },
    });
  } finally {
    countDial(traffic, address, performance.now() - started, answer);
  }
}
