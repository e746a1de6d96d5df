/**
 * Tokens of programs: made by the owner, each with a name and a role, shown once. The store knows only their hashes. A new
 * password of the owner ends them all.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { log } from '../../lib/log.js';
import { HOUR_MS } from '../../lib/time.js';
import { PanelError } from '../../model/errors.js';
import type { SettingStore } from '../../store/index.js';
import { ownerMark } from './password.js';

export const MAX_TOKENS = 20;
/** Characters. */
export const TOKEN_NAME_LENGTH = 40;
export const TOKEN_ROLES = ['reader', 'owner'] as const;

/** Times in ms since the epoch. */
export interface ProgramToken {
  readonly id: string;
  readonly name: string;
  readonly role: (typeof TOKEN_ROLES)[number];
  readonly made: number;
  /** When a program last used it; null = never. */
  readonly used: number | null;
}

interface StoredToken extends ProgramToken {
  readonly hash: string;
}

const SETTING = 'program-tokens';
/** The last use is written at most this often: a program may ask every few seconds, for years. */
const TOUCH_MS = HOUR_MS;

export class Tokens {
  readonly #settings: SettingStore;
  readonly #now: () => number;
  /** Last uses that are newer than what is written. */
  readonly #used = new Map<string, number>();

  constructor(settings: SettingStore, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  /** The newest last. */
  list(): readonly ProgramToken[] {
    return this.#stored().map(({ hash: _, ...token }) => ({ ...token, used: this.#used.get(token.id) ?? token.used }));
  }

  /**
   * @returns the token itself, which nobody can read again
   * @throws PanelError bad-request where there are too many
   */
  make(name: string, role: ProgramToken['role']): string {
    const others = this.#stored();
    if (others.length >= MAX_TOKENS)
      throw new PanelError('bad-request', `There are ${MAX_TOKENS} tokens already.`, 'Revoke one that is not used.');
    const value = `cs_${randomBytes(32).toString('base64url')}`;
    const id = randomBytes(6).toString('hex');
    const token = { id, name, role, made: this.#now(), used: null, hash: hash(value) };
    this.#settings.keep(SETTING, this.#written([...others, token]));
    return value;
  }

  /** @returns whether there was such a token */
  revoke(id: string): boolean {
    const all = this.#stored();
    const others = all.filter((token) => token.id !== id);
    if (others.length < all.length) this.#settings.keep(SETTING, this.#written(others));
    this.#used.delete(id);
    return others.length < all.length;
  }

  /** Notes the use. @returns null for what is no token, or no longer one */
  use(value: string): ProgramToken | null {
    const given = Buffer.from(hash(value));
    const found = this.#stored().find((token) => timingSafeEqual(Buffer.from(token.hash), given));
    if (found === undefined) return null;
    const now = this.#now();
    this.#used.set(found.id, now);
    if (Math.abs(now - (found.used ?? Number.NEGATIVE_INFINITY)) > TOUCH_MS) this.#touch(found.id, now);
    return found;
  }

  /** On a full disk the token is good all the same. */
  #touch(id: string, used: number): void {
    try {
      const all = this.#stored().map((token) => (token.id === id ? { ...token, used } : token));
      this.#settings.set(SETTING, this.#written(all));
    } catch (error) {
      log.error(error);
    }
  }

  #stored(): readonly StoredToken[] {
    const text = this.#settings.get(SETTING);
    if (text === null) return [];
    const { owner, tokens } = JSON.parse(text) as { owner: string; tokens: StoredToken[] };
    return owner === this.#owner() ? tokens : [];
  }

  #written(tokens: readonly StoredToken[]): string {
    return JSON.stringify({ owner: this.#owner(), tokens });
  }

  #owner = () => hash(ownerMark(this.#settings) ?? '');
}

const hash = (value: string) => createHash('sha256').update(value).digest('base64url');
