/** What the system's network errors say about the provider. */
import { isScarcity } from '../model/errors.js';
import type { Failed } from './index.js';

/** errno → how far the probe got and why no further. A reset or "port unreachable" is a living host's answer: level 1. */
const FAILED: Readonly<Record<string, Failed>> = {
  ECONNREFUSED: { level: 1, reason: 'refused' },
  ECONNRESET: { level: 2, reason: 'closed' },
  EPIPE: { level: 2, reason: 'closed' },
  ETIMEDOUT: { level: 0, reason: 'timeout' },
  // Our own kernel or firewall forbids the way there. EACCES would not tell: it is the far end's ICMPv6 as well.
  EPERM: { level: 0, reason: 'unreachable', detail: 'forbidden on this machine' },
};

/** Any other: no route, no own address of that family, and whatever else the far end may choose by ICMP. */
const UNREACHABLE: Failed = { level: 0, reason: 'unreachable' };

/** The failure that a system call's error stands for. Any other error (out of sockets, a mistake of ours) is thrown on. */
export function toFailure(error: NodeJS.ErrnoException): Failed {
  const failed = FAILED[error.code ?? ''] ?? (error.syscall === undefined ? null : UNREACHABLE);
  if (!failed || isScarcity(error)) throw error;
  return failed;
}
