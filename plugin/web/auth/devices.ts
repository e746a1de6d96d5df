/**
 * Browsers in which the owner has logged in before. Each has a cookie that opens nothing: it only tells the browser from
 * those of strangers, whose failed logins must not make the owner wait. It survives logging out and a new password.
 */
import { createHash, randomBytes } from 'node:crypto';
import { log } from '../../lib/log.js';
import type { SettingStore } from '../../store/index.js';

export const DEVICE_COOKIE = 'cloudy_services_device';
/** The longest that browsers keep a cookie, seconds. */
export const DEVICE_LASTS_S = 400 * 86_400;

/** Only the password adds a device; the one that logged in longest ago is forgotten first. */
const MAX_DEVICES = 20;
const SETTING = 'login-devices';
/** 256 random bits; the store knows only a hash. */
const VALUE = /^[\w-]{43}$/;

export class Devices {
  readonly #settings: SettingStore;

  constructor(settings: SettingStore) {
    this.#settings = settings;
  }

  /** @returns null for a stranger's browser */
  find(value: string | undefined): string | null {
    if (value === undefined || !VALUE.test(value)) return null;
    const device = hash(value);
    return this.#all().includes(device) ? device : null;
  }

  /** Remembers a browser that has just sent the password. @returns the value of its cookie */
  admit(value: string | undefined): string {
    const known = this.find(value);
    const cookie = known === null || value === undefined ? randomBytes(32).toString('base64url') : value;
    const others = this.#all().filter((device) => device !== known);
    try {
      this.#settings.set(SETTING, JSON.stringify([...others, hash(cookie)].slice(-MAX_DEVICES)));
    } catch (error) {
      // A full disk locks nobody out: the next login counts as a stranger's.
      log.error(error);
    }
    return cookie;
  }

  /** The latest login comes last. */
  #all(): readonly string[] {
    return JSON.parse(this.#settings.get(SETTING) ?? '[]') as string[];
  }
}

const hash = (value: string) => createHash('sha256').update(value).digest('base64url');
