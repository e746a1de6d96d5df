/**
 * Browsers in which the owner has logged in before. Each keeps a cookie that opens nothing: it only sets the browser apart
 * from strangers, so that their tries do not make the owner wait. It outlives logging out and a new password.
 */
import { createHash, randomBytes } from 'node:crypto';
import { log } from '../../lib/log.js';
import type { SettingStore } from '../../store/index.js';

export const DEVICE_COOKIE = 'cloudy_services_device';
/** As long as browsers keep any cookie, seconds. */
export const DEVICE_LASTS_S = 400 * 86_400;

/** Devices kept; only the password adds one, and the one that logged in longest ago goes first. */
const MAX_DEVICES = 20;
const SETTING = 'login-devices';
/** 256 random bits; the store knows only a hash. */
const VALUE = /^[\w-]{43}$/;

export class Devices {
  readonly #settings: SettingStore;

  constructor(settings: SettingStore) {
    this.#settings = settings;
  }

  /** The device that sends this cookie; null for a stranger's browser. */
  find(value: string | undefined): string | null {
    if (value === undefined || !VALUE.test(value)) return null;
    const device = idOf(value);
    return this.#all().includes(device) ? device : null;
  }

  /** Remembers the browser, which has just given the password. @returns the value of its cookie */
  admit(value: string | undefined): string {
    const known = this.find(value);
    const kept = known === null || value === undefined ? randomBytes(32).toString('base64url') : value;
    const others = this.#all().filter((device) => device !== known);
    try {
      this.#settings.set(SETTING, JSON.stringify([...others, idOf(kept)].slice(-MAX_DEVICES)));
    } catch (error) {
      // A full disk keeps nobody out: the next login is a stranger's again.
      log.error(error);
    }
    return kept;
  }

  /** The one that logged in last comes last. */
  #all(): readonly string[] {
    return JSON.parse(this.#settings.get(SETTING) ?? '[]') as string[];
  }
}

const idOf = (value: string) => createHash('sha256').update(value).digest('base64url');
