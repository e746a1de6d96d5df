/** Cookie values: which are the owner's sessions, and the form token that belongs to each. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { log } from '../log.js';
import type { SessionStore, SettingStore, Store } from '../store/index.js';
import { ownerMark } from './password.js';

const HOUR_MS = 3_600_000;
const IDLE_MS = 12 * HOUR_MS;
export const LONGEST_MS = 7 * 24 * HOUR_MS;
/** "Last used" is written at most this often: a poll every second is no reason for a disk write. */
const TOUCH_MS = 60_000;
const SECRET = 'form-secret';
/** 256 random bits and the time of issue; the store knows only a hash of both, so neither can be forged. */
const VALUE = /^[\w-]{43}\.([0-9a-z]{1,10})$/;

export class Sessions {
  readonly #sessions: SessionStore;
  readonly #settings: SettingStore;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#sessions = store.sessions;
    this.#settings = store.settings;
    this.#now = now;
  }

  /** A new cookie value that opens nothing: an anonymous visitor's, for the tokens of the forms. */
  fresh(): string {
    return `${randomBytes(32).toString('base64url')}.${this.#now().toString(36)}`;
  }

  /** A new value that is the owner's session. */
  open(): string {
    const value = this.fresh();
    this.#sessions.put(this.#key(value), this.#now());
    return value;
  }

  /** Whether the value is the owner's session; notes that it was used. */
  isOpen(value: string): boolean {
    const now = this.#now();
    const key = this.#key(value);
    const used = this.#sessions.lastUsed(key);
    if (used === null || ownerMark(this.#settings) === null) return false;
    const issued = Number.parseInt(VALUE.exec(value)?.[1] ?? '0', 36);
    if (now - used > IDLE_MS || now - issued > LONGEST_MS) {
      this.#sessions.remove(key);
      return false;
    }
    if (now - used > TOUCH_MS) this.#touch(key, now);
    return true;
  }

  /** Without room on the disk, a session ends earlier; the page is shown all the same. */
  #touch(key: string, now: number): void {
    try {
      this.#sessions.put(key, now);
    } catch (error) {
      log.error(error);
    }
  }

  close(value: string): void {
    this.#sessions.remove(this.#key(value));
  }

  closeAll(): void {
    this.#sessions.removeAll();
  }

  /** The token that every form of this cookie's bearer carries. */
  token(value: string): string {
    return this.#sign(value).toString('base64url');
  }

  isToken(value: string, token: string): boolean {
    const given = Buffer.from(token, 'base64url');
    const expected = this.#sign(value);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #sign(value: string): Buffer {
    return createHmac('sha256', this.#secret()).update(value).digest();
  }

  #secret(): string {
    const kept = this.#settings.get(SECRET);
    if (kept !== null) return kept;
    const secret = randomBytes(32).toString('base64url');
    this.#settings.set(SECRET, secret);
    return secret;
  }

  /** Bound to the password: a change of it, also by the command line, ends every session. */
  #key(value: string): string {
    return createHash('sha256')
      .update(`${value}|${ownerMark(this.#settings)}`)
      .digest('hex');
  }
}

/** The value if it is one that this program could have made; anything else counts as no cookie. */
export function cookieValue(text: string | undefined): string | null {
  return text !== undefined && VALUE.test(text) ? text : null;
}
