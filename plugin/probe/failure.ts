/** What the system's network errors say about the provider. */
import { isScarcity } from '../errors.js';
import type { Failed } from './index.js';

/** errno → how far the probe got and why no further. A reset or "port unreachable" is a living host's answer: level 1. */
const FAILED: Readonly<Record<string, Failed>> = {
  ECONNREFUSED: { level: 1, reason: 'refused' },
  ECONNRESET: { level: 2, reason: 'closed' },
  EPIPE: { level: 2, reason: 'closed' },
  ETIMEDOUT: { level: 0, reason: 'timeout' },
  EHOSTUNREACH: { level: 0, reason: 'unreachable' },
  EHOSTDOWN: { level: 0, reason: 'unreachable' },
  ENETUNREACH: { level: 0, reason: 'unreachable' },
  ENETDOWN: { level: 0, reason: 'unreachable' },
  // No own address of that family, or an address that nobody can have.
  EADDRNOTAVAIL: { level: 0, reason: 'unreachable' },
  EAFNOSUPPORT: { level: 0, reason: 'unreachable' },
  EINVAL: { level: 0, reason: 'unreachable' },
  // Our own kernel or firewall forbids the way there.
  EACCES: { level: 0, reason: 'unreachable', detail: 'forbidden on this machine' },
  EPERM: { level: 0, reason: 'unreachable', detail: 'forbidden on this machine' },
};

/** The failure that a network error stands for. Any other error (out of sockets, a mistake of ours) is thrown on. */
export function failureOf(error: NodeJS.ErrnoException): Failed {
  const failed = FAILED[error.code ?? ''];
  if (!failed || isScarcity(error)) throw error;
  return failed;
}
