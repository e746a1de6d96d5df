/**
 * Passwords cost a thousandth of what they cost people: scrypt at its real cost is in test/real and test/browser. And the
 * router of the machine at hand is asked nothing: it may take its time to say so.
 */
import type { ScryptOptions } from 'node:crypto';
import { vi } from 'vitest';
import { THIS_MACHINE } from '../plugin/discovery/machine.js';

THIS_MACHINE.gateway = () => null;

type Scrypt = (password: string, salt: Buffer, bytes: number, options: ScryptOptions, done: () => void) => void;

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  const scrypt: Scrypt = (password, salt, bytes, options, done) =>
    crypto.scrypt(password, salt, bytes, { ...options, N: 16 }, done);
  return { ...crypto, scrypt, default: { ...crypto, scrypt } };
});
