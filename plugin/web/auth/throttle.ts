/** Slows down guessing of the password: after some failures in a row each further try has to wait longer. */

interface Limit {
  /** Failures in a row that cost nothing. */
  readonly free: number;
  readonly longestMs: number;
}
const OF_ONE: Limit = { free: 5, longestMs: 60_000 };
/** For whoever has many addresses. The wait is short, for strangers' tries then make the owner wait too. */
const OF_ALL: Limit = { free: 100, longestMs: 10_000 };
/** While all have to wait, an address that has not failed yet need not, this often: it may be the owner's new browser. */
const NEWCOMER_EVERY_MS = 10_000;
/** Addresses remembered; the oldest is forgotten first. */
const MOST = 1000;

interface Tries {
  readonly failures: number;
  /** The last one, ms. */
  readonly at: number;
}
const NONE: Tries = { failures: 0, at: 0 };

/** Counts the failures in a row of each address, of all strangers together, and of each browser known as the owner's. */
export class Throttle {
  readonly #tries = new Map<string, Tries>();
  /** Where somebody has logged in from: these do not wait for what others do. */
  readonly #proven = new Map<string, true>();
  /** Of known browsers, which wait for nobody else. */
  readonly #devices = new Map<string, Tries>();
  readonly #now: () => number;
  #all = NONE;
  #newcomerAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Counts a try as failed before it is judged, so that tries at the same time do not slip through.
   * @param address of the client, as far as it can be trusted: what a header says, its sender chooses
   * @param device the browser where it is known as the owner's: then its own tries alone count
   * @returns how long the address has to wait, ms; 0 when it may try now
   */
  begin(address: string, device: string | null = null): number {
    return device === null ? this.#beginStranger(address) : this.#beginDevice(device);
  }

  #beginDevice(device: string): number {
    const now = this.#now();
    const tries = this.#devices.get(device) ?? NONE;
    const wait = waitAfter(tries, OF_ONE, now);
    if (wait > 0) return wait;
    remember(this.#devices, device, { failures: tries.failures + 1, at: now });
    return 0;
  }

  #beginStranger(address: string): number {
    const now = this.#now();
    const tries = this.#tries.get(address) ?? NONE;
    const wait = Math.max(waitAfter(tries, OF_ONE, now), this.#proven.has(address) ? 0 : this.#waitOfAll(tries, now));
    if (wait > 0) return wait;
    remember(this.#tries, address, { failures: tries.failures + 1, at: now });
    this.#all = { failures: this.#all.failures + 1, at: now };
    return 0;
  }

  #waitOfAll({ failures }: Tries, now: number): number {
    const wait = waitAfter(this.#all, OF_ALL, now);
    if (wait <= 0 || failures > 0 || Math.abs(now - this.#newcomerAt) < NEWCOMER_EVERY_MS) return wait;
    this.#newcomerAt = now;
    return 0;
  }

  /** The same: what strangers have tried meanwhile stays counted where the browser was known. */
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

/** What is left of the wait, ms. The absolute difference: nobody waits longer because the clock was set back. */
function waitAfter({ failures, at }: Tries, { free, longestMs }: Limit, now: number): number {
  if (failures < free) return 0;
  return Math.min(1000 * 2 ** (failures - free), longestMs) - Math.abs(now - at);
}

function remember<T>(map: Map<string, T>, address: string, value: T): void {
  map.delete(address);
  map.set(address, value);
  const [oldest] = map.keys();
  if (map.size > MOST && oldest !== undefined) map.delete(oldest);
}
