/** Processor time of the calling thread. */
import { closeSync, openSync, readSync } from 'node:fs';

/** The kernel's account of this thread: "ns on a processor, ns of waiting for one, times on one". */
const SCHEDSTAT = '/proc/thread-self/schedstat';

const text = Buffer.alloc(64);

export class ThreadTime {
  /** Stays open meanwhile: it is read for every datagram. null where the kernel keeps no such account. */
  readonly #descriptor = open();

  /** Processor time used until the scheduler's last tick, ms; that of the whole process where the thread's is not known. */
  read(): number {
    if (this.#descriptor === null) {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    }
    const length = readSync(this.#descriptor, text, 0, text.length, 0);
    return Number(text.toString('latin1', 0, length).split(' ')[0]) / 1e6;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
  }
}

function open(): number | null {
  try {
    return openSync(SCHEDSTAT, 'r');
  } catch {
    return null;
  }
}
