/** What one caller may take of the daemon: so long for each step, so many connections in all, and never its last descriptor. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { log } from '../lib/log.js';

/** How long a client may take, ms. A slow phone on a poor link sends and reads in bursts, and needs far less. */
export const PATIENCE = {
  /** To send a whole request: of 64 kB at most. */
  requestTimeout: 15_000,
  /** Without taking anything of an answer that waits for it. */
  connectionTimeout: 30_000,
  /** Between two requests: pages ask every 15 s while somebody looks at them. */
  keepAliveTimeout: 20_000,
};

/** How much later than that it may be cut off, ms. */
export const LATE_MS = 2_000;

/** A whole neighbourhood's browsers; each connection costs some 20 kB. */
const MOST_CONNECTIONS = 512;
/** Share of the free descriptors that they may have: the rest is for probes, files and programs. */
const MOST_DESCRIPTORS = 1 / 3;

/** Trouble that lasts is said again after this, ms. */
const SAY_AGAIN_MS = 3_600_000;

/** Bounds the connections of a server, and keeps it alive when the process has no descriptor for a further one. */
export function guardConnections(server: Server): void {
  server.maxConnections = Math.min(MOST_CONNECTIONS, Math.floor(freeDescriptors() * MOST_DESCRIPTORS));
  const say = seldom();
  server.on('drop', () => {
    // Whoever only keeps one in reserve can open it again.
    server.closeIdleConnections();
    say(`${server.maxConnections} connections are open: new ones are turned away until some end.`);
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    // Those of listening are for whoever began it.
    if (server.listening) say(`A connection could not be taken (${error.code}); those that are open go on.`);
  });
}

/** How many more this process may have: https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html */
function freeDescriptors(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(0, most - readdirSync('/proc/self/fd').length);
}

/** A flood of the same trouble is one line of the log, and one an hour while it lasts. */
function seldom(): (what: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (what) => {
    if (performance.now() - last < SAY_AGAIN_MS) return;
    last = performance.now();
    log.warning(what);
  };
}
