/** Slows down guessing of the password: after some failures in a row each try has to wait longer. */

interface Limit {
  /** Failures in a row without a wait. */
  readonly free: number;
  readonly maxWaitMs: number;
}
const PER_CLIENT: Limit = { free: 5, maxWaitMs: 60_000 };
/** Against guessing from many addresses. The wait is short, since the owner has to wait too. */
const ALL_STRANGERS: Limit = { free: 100, maxWaitMs: 10_000 };
/** While all strangers wait, one address without a failure is let in this often: it may be the owner's new browser. */
const NEWCOMER_EVERY_MS = 10_000;
/** Addresses remembered; the oldest is forgotten first. */
const MAX_REMEMBERED = 1000;

interface Tries {
  readonly failures: number;
  /** Of the last failure, ms. */
  readonly at: number;
}
const NONE: Tries = { failures: 0, at: 0 };

/** Counts failures in a row: of each address, of all strangers together, and of each browser known as the owner's. */
export class Throttle {
  readonly #tries = new Map<string, Tries>();
  /** Addresses with a successful login: they do not wait for other addresses. */
  readonly #proven = new Map<string, true>();
  /** By known browser, which waits for no other. */
  readonly #devices = new Map<string, Tries>();
  readonly #now: () => number;
  #all = NONE;
  #newcomerAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Counts a try as failed before the password is checked, so that concurrent tries do not slip through.
   * @param address of the client, as far as it can be trusted
   * @param device a browser known as the owner's: then only its own tries count
   * @returns how long the client has to wait, ms; 0 where it may try now
   */
  begin(address: string, device: string | null = null): number {
    return device === null ? this.#beginStranger(address) : this.#beginDevice(device);
  }

  #beginDevice(device: string): number {
    const now = this.#now();
    const tries = this.#devices.get(device) ?? NONE;
    const wait = waitAfter(tries, PER_CLIENT, now);
    if (wait > 0) return wait;
    remember(this.#devices, device, { failures: tries.failures + 1, at: now });
    return 0;
  }

  #beginStranger(address: string): number {
    const now = this.#now();
    const tries = this.#tries.get(address) ?? NONE;
    const wait = Math.max(
      waitAfter(tries, PER_CLIENT, now),
      this.#proven.has(address) ? 0 : this.#sharedWait(tries, now),
    );
    if (wait > 0) return wait;
    remember(this.#tries, address, { failures: tries.failures + 1, at: now });
    this.#all = { failures: this.#all.failures + 1, at: now };
    return 0;
  }

  #sharedWait({ failures }: Tries, now: number): number {
    const wait = waitAfter(this.#all, ALL_STRANGERS, now);
    if (wait <= 0 || failures > 0 || Math.abs(now - this.#newcomerAt) < NEWCOMER_EVERY_MS) return wait;
    this.#newcomerAt = now;
    return 0;
  }

  /** After a known browser's login, the failures of strangers stay counted. */
  succeeded(address: string, device: string | null = null): void {
    remember(this.#proven, address, true);
    if (device !== null) {
      this.#devices.delete(device);
      return;
    }
    this.#tries.delete(address);
    this.#all = NONE;
  }
}

/** The rest of the wait, ms. The absolute difference: a clock that was set back must not make the wait longer. */
function waitAfter({ failures, at }: Tries, { free, maxWaitMs }: Limit, now: number): number {
  if (failures < free) return 0;
  return Math.min(1000 * 2 ** (failures - free), maxWaitMs) - Math.abs(now - at);
}

function remember<T>(map: Map<string, T>, address: string, value: T): void {
  map.delete(address);
  map.set(address, value);
  const [oldest] = map.keys();
  if (map.size > MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
}
