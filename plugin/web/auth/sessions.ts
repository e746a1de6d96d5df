/**
 * Cookie values: which of them is the owner's session, and the form token that belongs to each.
 *
 * A session ends 12 hours after its last use, 7 days after the login, on logout, and on a change of password.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { log } from '../../lib/log.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/time.js';
import type { Session, SessionStore, SettingStore, Store } from '../../store/index.js';
import { ownerMark } from './password.js';

const MAX_IDLE_MS = 12 * HOUR_MS;
export const MAX_SESSION_MS = 7 * DAY_MS;
/** The last use is written at most this often. */
const TOUCH_MS = MINUTE_MS;
const SECRET = 'form-secret';
/** 256 random bits; the values of version 0.1.0 end with their time of issue. */
const VALUE = /^[\w-]{43}(?:\.[0-9a-z]{1,10})?$/;

export class Sessions {
  readonly #sessions: SessionStore;
  readonly #settings: SettingStore;
  readonly #now: () => number;
  readonly #secret: string;
  /**
   * Sessions used since this process began: the first use is always written, so that it moves with the clock of this boot.
   * One entry for each login.
   */
  readonly #used = new Set<string>();

  constructor(store: Pick<Store, 'sessions' | 'settings'>, now: () => number) {
    this.#sessions = store.sessions;
    this.#settings = store.settings;
    this.#now = now;
    this.#secret = formSecret(store.settings);
  }

  /** A new cookie value that opens nothing: the token of an anonymous visitor's forms is bound to it. */
  newValue(): string {
    return randomBytes(32).toString('base64url');
  }

  /** Begins a session of the owner. @returns the value of its cookie */
  open(): string {
    const value = this.newValue();
    const now = this.#now();
    this.#used.add(this.#key(value));
    this.#sessions.put(this.#key(value), { since: now, used: now });
    return value;
  }

  /**
   * Whether the value opens the owner's session.
   * @param isUse whether a person did something, as opposed to a page left open
   */
  isOpen(value: string, isUse: boolean): boolean {
    const key = this.#key(value);
    const session = this.#sessions.get(key);
    const now = this.#now();
    // The absolute difference: a clock that was set back ends a session rather than letting it last for years.
    const isWithin = (at: number, ms: number) => Math.abs(now - at) <= ms;
    if (session === null || !isWithin(session.since, MAX_SESSION_MS) || !isWithin(session.used, MAX_IDLE_MS))
      return false;
    if (isUse && (now - session.used > TOUCH_MS || !this.#used.has(key))) this.#touch(key, { ...session, used: now });
    return true;
  }

  close(value: string): void {
    this.#used.delete(this.#key(value));
    this.#sessions.remove(this.#key(value));
  }

  closeAll(): void {
    this.#used.clear();
    this.#sessions.removeAll();
  }

  /** The token that every form of this cookie's holder carries. */
  token(value: string): string {
    return this.#sign(value).toString('base64url');
  }

  isToken(value: string, token: string): boolean {
    const given = Buffer.from(token, 'base64url');
    const expected = this.#sign(value);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  #sign(value: string): Buffer {
    return createHmac('sha256', this.#secret).update(value).digest();
  }

  /** On a full disk a session ends earlier; the page is shown all the same. */
  #touch(key: string, session: Session): void {
    this.#used.add(key);
    try {
      this.#sessions.put(key, session);
    } catch (error) {
      log.error(error);
    }
  }

  /** Bound to the password: changing it, also from the command line, ends every session. */
  #key(value: string): string {
    return createHash('sha256')
      .update(`${value}|${ownerMark(this.#settings)}`)
      .digest('hex');
  }
}

/** What the tokens are signed with. Where it cannot be stored, forms loaded before a restart fail after it. */
function formSecret(settings: SettingStore): string {
  const stored = settings.get(SECRET);
  if (stored !== null) return stored;
  const secret = randomBytes(32).toString('base64url');
  try {
    settings.set(SECRET, secret);
  } catch (error) {
    log.error(error);
  }
  return secret;
}

/** The value if this program could have made it; anything else counts as no cookie. */
export function cookieValue(text: string | undefined): string | null {
  return text !== undefined && VALUE.test(text) ? text : null;
}
