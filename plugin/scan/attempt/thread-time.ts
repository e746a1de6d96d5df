/** Processor time of the calling thread. */
import { openSync, readSync } from 'node:fs';

/** The kernel's account of this thread: "ns on a processor, ns of waiting for one, times on one". */
const SCHEDSTAT = '/proc/thread-self/schedstat';

const text = Buffer.alloc(64);
let descriptor: number | null | undefined;

/**
 * Processor time that this thread has used, ms, as of the scheduler's last tick. Where the kernel keeps no such account, that
 * of the whole process.
 */
export function threadTime(): number {
  if (descriptor === undefined) descriptor = open();
  if (descriptor !== null) {
    const length = readSync(descriptor, text, 0, text.length, 0);
    return Number(text.toString('latin1', 0, length).split(' ')[0]) / 1e6;
  }
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Stays open: it is read for every datagram. */
function open(): number | null {
  try {
    return openSync(SCHEDSTAT, 'r');
  } catch {
    return null;
  }
}
