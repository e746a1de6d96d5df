/** Limits on callers: time for each step, connections in all, and never the daemon's last descriptor. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { log } from '../lib/log.js';
import { HOUR_MS } from '../lib/time.js';

/** How long a client may take, ms. A slow phone on a poor link sends and reads in bursts, and needs far less. */
export const TIMEOUTS = {
  /** To send a whole request of at most 64 kB. */
  requestTimeout: 15_000,
  /** Without reading any of a waiting answer. */
  connectionTimeout: 30_000,
  /** Between two requests: open pages poll every 15 s. */
  keepAliveTimeout: 20_000,
};

/** How often those limits are checked: a client may be cut off this much later. */
export const CHECK_EVERY_MS = 2_000;

/** A whole neighbourhood's browsers; each connection costs some 20 kB. */
const MAX_CONNECTIONS = 512;
/** Share of the free descriptors for connections; the rest is for probes, files and programs. */
const DESCRIPTOR_SHARE = 1 / 3;

/** Lasting trouble is logged again after this. */
const LOG_AGAIN_MS = HOUR_MS;

/** Bounds a server's connections, and keeps it alive when the process has no descriptor for another one. */
export function guardConnections(server: Server): void {
  server.maxConnections = Math.min(MAX_CONNECTIONS, Math.floor(freeDescriptors() * DESCRIPTOR_SHARE));
  const warn = createRareWarning();
  server.on('drop', () => {
    // An idle client can reconnect.
    server.closeIdleConnections();
    warn(`${server.maxConnections} connections are open: new ones are turned away until some end.`);
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    // Errors of listening belong to the caller of listen().
    if (server.listening) warn(`A connection could not be accepted (${error.code}); open ones continue.`);
  });
}

/** How many more descriptors this process may open: https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html */
function freeDescriptors(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const max = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(0, max - readdirSync('/proc/self/fd').length);
}

/** A flood of the same trouble becomes one line of the log, and one an hour while it lasts. */
function createRareWarning(): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (text) => {
    if (performance.now() - last < LOG_AGAIN_MS) return;
    last = performance.now();
    log.warning(text);
  };
}
