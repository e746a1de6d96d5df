/** What the system's network errors tell about the provider. */
import { isScarcity } from '../model/errors.js';
import type { Failed } from './index.js';

/** Something answers with TLS, and goes no further: an alert. */
export const SPEAKS_TLS: Failed = { level: 2, reason: 'wrong-protocol', detail: 'TLS' };

/** errno → how far the probe got, and why no further. A reset or "port unreachable" is a living host's answer: level 1. */
const FAILED: Readonly<Record<string, Failed>> = {
  ECONNREFUSED: { level: 1, reason: 'refused' },
  ECONNRESET: { level: 2, reason: 'closed' },
  EPIPE: { level: 2, reason: 'closed' },
  ETIMEDOUT: { level: 0, reason: 'timeout' },
  // Our own kernel or firewall forbids it. EACCES does not tell: it may also come from the far end's ICMPv6.
  EPERM: { level: 0, reason: 'unreachable', detail: 'forbidden on this machine' },
};

/** Any other: no route, no own address of that family, and whatever else the far end may choose by ICMP. */
const UNREACHABLE: Failed = { level: 0, reason: 'unreachable' };

/** The failure for the error of a system call. Any other error (out of sockets, a bug of ours) is rethrown. */
export function toFailure(error: NodeJS.ErrnoException): Failed {
  const failed = FAILED[error.code ?? ''] ?? (error.syscall === undefined ? null : UNREACHABLE);
  if (!failed || isScarcity(error)) throw error;
  return failed;
}
