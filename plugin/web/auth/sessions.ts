/**
 * Cookie values: which are the owner's session, and the form token that belongs to each.
 *
 * A login ends twelve hours after the owner last did something, seven days after it began, by logging out, and by a new
 * password. Its cookie takes a new value every hour, so that a value that was stolen is not good for long: the value before
 * it stays good for one more minute, for the requests under way. The tokens belong to the login, whatever its value, so that
 * the forms of other tabs stay good.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { log } from '../../lib/log.js';
import type { Session, SessionStore, SettingStore, Store } from '../../store/index.js';
import { ownerMark } from './password.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const IDLE_MS = 12 * HOUR_MS;
const LONGEST_MS = 7 * 24 * HOUR_MS;
const RENEW_MS = HOUR_MS;
const OVERLAP_MS = MINUTE_MS;
/** "Last used" is written at most this often. */
const TOUCH_MS = MINUTE_MS;
const SECRET = 'form-secret';
/** 256 random bits and the time of issue; the store knows only a hash of both, so neither can be forged. */
const VALUE = /^[\w-]{43}\.([0-9a-z]{1,10})$/;

/** A cookie value that opens a session, and how long its login may still last, ms. */
interface Opened {
  readonly value: string;
  readonly lastsMs: number;
}

export class Sessions {
  readonly #sessions: SessionStore;
  readonly #settings: SettingStore;
  readonly #now: () => number;
  readonly #secret: string;

  constructor(store: Store, now: () => number) {
    this.#sessions = store.sessions;
    this.#settings = store.settings;
    this.#now = now;
    this.#secret = keptSecret(store.settings);
  }

  /** A new cookie value that opens nothing: an anonymous visitor's, for the tokens of the forms. */
  fresh(): string {
    return `${randomBytes(32).toString('base64url')}.${this.#now().toString(36)}`;
  }

  /** Begins a session of the owner. */
  open(): Opened {
    const value = this.fresh();
    const now = this.#now();
    const login = randomBytes(16).toString('base64url');
    this.#sessions.put(this.#key(value), { login, since: now, used: now, replaced: null });
    return { value, lastsMs: LONGEST_MS };
  }

  /**
   * Whether the value opens the owner's session.
   * @param isUse whether a person did something, rather than a page that was left open; it is noted
   */
  isOpen(value: string, isUse: boolean): boolean {
    const session = this.#live(value);
    if (session === null) return false;
    const now = this.#now();
    if (isUse && now - session.used > TOUCH_MS) {
      this.#unlessFull(() => this.#sessions.put(this.#key(value), { ...session, used: now }));
    }
    return true;
  }

  /** The value that takes this one's place, once its hour is over; null while it goes on, and when it opens nothing. */
  renew(value: string): Opened | null {
    const session = this.#live(value);
    const now = this.#now();
    const issued = Number.parseInt(VALUE.exec(value)?.[1] ?? '0', 36);
    // Also one that was replaced already: perhaps the answer with its successor never arrived.
    if (session === null || now - issued < RENEW_MS) return null;
    const next = this.fresh();
    const isKept = this.#unlessFull(() => {
      this.#sessions.put(this.#key(next), { ...session, used: now, replaced: null });
      this.#sessions.put(this.#key(value), { ...session, replaced: session.replaced ?? now });
    });
    return isKept ? { value: next, lastsMs: session.since + LONGEST_MS - now } : null;
  }

  /** Ends the login that the value belongs to, with all its values. */
  close(value: string): void {
    const login = this.#find(value)?.login;
    if (login !== undefined) this.#sessions.remove(login);
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
    const bearer = this.#find(value)?.login ?? value;
    return createHmac('sha256', this.#secret).update(bearer).digest();
  }

  #find(value: string): Session | null {
    return this.#sessions.get(this.#key(value));
  }

  #live(value: string): Session | null {
    const session = this.#find(value);
    if (session === null) return null;
    const now = this.#now();
    // The absolute difference: a clock that was set back ends a session rather than letting it last for years.
    const within = (at: number, ms: number) => Math.abs(now - at) <= ms;
    const { since, used, replaced } = session;
    const isGood = within(since, LONGEST_MS) && within(used, IDLE_MS);
    return isGood && (replaced === null || within(replaced, OVERLAP_MS)) ? session : null;
  }

  /** Without room on the disk, a session ends earlier and keeps its value; the page is shown all the same. */
  #unlessFull(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      log.error(error);
      return false;
    }
  }

  /** Bound to the password: a change of it, also by the command line, ends every session. */
  #key(value: string): string {
    return createHash('sha256')
      .update(`${value}|${ownerMark(this.#settings)}`)
      .digest('hex');
  }
}

/** What the tokens are signed with. Where it cannot be kept, the forms of today's pages are no good after a restart. */
function keptSecret(settings: SettingStore): string {
  const kept = settings.get(SECRET);
  if (kept !== null) return kept;
  const secret = randomBytes(32).toString('base64url');
  try {
    settings.set(SECRET, secret);
  } catch (error) {
    log.error(error);
  }
  return secret;
}

/** The value if it is one that this program could have made; anything else counts as no cookie. */
export function cookieValue(text: string | undefined): string | null {
  return text !== undefined && VALUE.test(text) ? text : null;
}
