/** The owner's password, and the code that lets the first visitor choose one. No default password exists. */
import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { PanelError } from '../../model/errors.js';
import type { SettingStore } from '../../store/index.js';

const PASSWORD = 'owner-password';
const CODE = 'first-run-code';
const MIN_LENGTH = 8;
/** scrypt: 16 MiB, which a node with 512 MB can spare, and about 50 ms for each try. */
const COST = { N: 2 ** 14, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
/** No letters or digits that look alike on paper. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

export function hasOwner(settings: SettingStore): boolean {
  return settings.get(PASSWORD) !== null;
}

/** What a session is bound to: a new password ends every session. */
export function ownerMark(settings: SettingStore): string | null {
  return settings.get(PASSWORD);
}

/**
 * Sets the owner's password; ends every session and the first-run code.
 * @throws PanelError `bad-request` when it is too short
 */
export async function setOwnerPassword(settings: SettingStore, password: string): Promise<void> {
  settings.keep(PASSWORD, await hash(password));
  settings.set(CODE, null);
}

/**
 * Makes the password the first owner's, and ends the first-run code. Of several concurrent calls one succeeds.
 * @returns whether this call did
 * @throws PanelError `bad-request` when it is too short
 */
export async function claimOwner(settings: SettingStore, password: string): Promise<boolean> {
  if (hasOwner(settings) || !settings.add(PASSWORD, await hash(password))) return false;
  settings.set(CODE, null);
  return true;
}

/** @throws PanelError `bad-request` when it is too short */
async function hash(password: string): Promise<string> {
  if ([...password].length < MIN_LENGTH) {
    const hint = `Choose a longer one; a few words in a row are easy to remember.`;
    throw new PanelError('bad-request', `The password needs at least ${MIN_LENGTH} characters.`, hint);
  }
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `${salt.toString('base64url')}.${key.toString('base64url')}`;
}

/** @returns false while there is no owner */
export async function checkOwnerPassword(settings: SettingStore, password: string): Promise<boolean> {
  const [salt = '', key = ''] = settings.get(PASSWORD)?.split('.') ?? [];
  if (key === '') return false;
  const expected = Buffer.from(key, 'base64url');
  return timingSafeEqual(expected, await derive(password, Buffer.from(salt, 'base64url')));
}

/** The code that the first owner must know, valid until a password is set. Only the daemon's log tells it. */
export function firstRunCode(settings: SettingStore): string {
  const stored = settings.get(CODE);
  if (stored !== null) return stored;
  // 12 of 31 letters: 59 bits.
  const code = Array.from({ length: 12 }, (_, at) => `${at > 0 && at % 4 === 0 ? '-' : ''}${letter()}`).join('');
  settings.set(CODE, code);
  return code;
}

/** In upper or lower case, with or without the hyphens. */
export function isFirstRunCode(settings: SettingStore, typed: string): boolean {
  const plain = (code: string) => Buffer.from(code.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
  const expected = plain(firstRunCode(settings));
  const given = plain(typed);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const letter = () => ALPHABET[randomInt(ALPHABET.length)] as string;

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
