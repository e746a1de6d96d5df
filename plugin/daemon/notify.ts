/** Tells systemd that pages are served: `systemctl start` waits for it, and fails when the start does. */
import { execFile } from 'node:child_process';
import { log } from '../lib/log.js';

/** Node has no datagram sockets for files, so a program says it; ms. */
const LIMIT = 5_000;

/** Does nothing where systemd did not start this process. https://www.freedesktop.org/software/systemd/man/sd_notify.html */
export function notifyReady(): void {
  if (process.env.NOTIFY_SOCKET === undefined) return;
  execFile('systemd-notify', ['--ready'], { timeout: LIMIT }, (error) => {
    if (error) log.warning(`systemd was not told that the panel is ready: ${error.message}`);
  });
}
