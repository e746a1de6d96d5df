/** Passwords cost a thousandth of what they cost people: scrypt at its real cost is in test/real and test/browser. */
import type { ScryptOptions } from 'node:crypto';
import { vi } from 'vitest';

type Scrypt = (password: string, salt: Buffer, bytes: number, options: ScryptOptions, done: () => void) => void;

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>();
  const scrypt: Scrypt = (password, salt, bytes, options, done) =>
    crypto.scrypt(password, salt, bytes, { ...options, N: 16 }, done);
  return { ...crypto, scrypt, default: { ...crypto, scrypt } };
});
