/** Tells systemd that pages are served: `systemctl start` waits for it, and fails when the start does. */
import { execFile } from 'node:child_process';
import { log } from '../lib/log.js';

/** Of `systemd-notify`, which sends the datagram: Node has no Unix datagram sockets. */
const LIMIT_MS = 5_000;

/** Does nothing unless systemd started this process. https://www.freedesktop.org/software/systemd/man/sd_notify.html */
export function notifyReady(): void {
  if (process.env.NOTIFY_SOCKET === undefined) return;
  execFile('systemd-notify', ['--ready'], { timeout: LIMIT_MS }, (error) => {
    if (error) log.warning(`systemd was not told that the panel is ready: ${error.message}`);
  });
}
