/** This machine's own services: which candidate units exist, their states in plain words, and what may be done to them. */
import { setTimeout as wait } from 'node:timers/promises';
import { PanelError } from '../../model/errors.js';
import type { LocalService, LocalState, OwnUnit, Verb } from '../../model/unit.js';
import type { ServiceRegistry, ServiceType } from '../../services/contract.js';
import { LIMITS, type Limits, refused, Systemd } from './bus.js';
import { silent } from './systemctl.js';
import type { Unit } from './units.js';

/** What the rest of the panel knows of this machine's services. */
export interface LocalServices {
  /**
   * One entry per built-in type. Answers within 2 s; a machine without systemd has every type `absent`, one whose systemd
   * does not answer `unknown`.
   */
  states(): Promise<ReadonlyMap<string, LocalService>>;
  /** null where systemd answers; else why not, as a deliberate error. */
  problem(): Promise<Error | null>;
  /**
   * Acts on the type's unit, waits for systemd's job to end and reads back.
   * @param unit one of the type's units here; the one that stands for it when left out
   * @throws PanelError no-systemd, unit-absent, unit-refused, unit-not-permitted, unit-failed
   */
  act(type: string, verb: Verb, signal: AbortSignal, unit?: string): Promise<LocalService>;
}

/** As whoever made them has them. */
export interface OwnedLocalServices extends LocalServices {
  /** Ends a reading that is under way: no program is left behind. */
  close(): void;
}

export interface LocalOptions {
  /** Clock in ms that nobody sets: how fresh a reading is must not depend on the time of day. */
  readonly now?: () => number;
  readonly limits?: Partial<Limits>;
}

interface Reading {
  readonly units: readonly Unit[];
  readonly problem: PanelError | null;
  readonly at: number;
}

/** For this long a reading serves everyone, ms. */
const FRESH = 2000;

/** None of the type's candidates exists. */
export const ABSENT: LocalService = { unit: null, state: 'absent', enabled: false, units: [] };
/** Nobody knows whether one exists. */
const UNKNOWN: LocalService = { ...ABSENT, state: 'unknown' };

/** The services of this machine, read through systemd. */
export function createLocalServices(registry: ServiceRegistry, options: LocalOptions = {}): OwnedLocalServices {
  return new SystemdServices(
    registry.types,
    { ...LIMITS, ...options.limits },
    options.now ?? (() => performance.now()),
  );
}

class SystemdServices implements OwnedLocalServices {
  readonly #types: readonly ServiceType[];
  readonly #systemd: Systemd;
  readonly #limits: Limits;
  readonly #now: () => number;
  #last: Reading;
  #reading: Promise<Reading> | null = null;
  readonly #closing = new AbortController();
  /** Actions that have ended. */
  #acted = 0;
  /** What is being done to a unit: systemd tells it late, or not at all. */
  readonly #turning = new Map<string, LocalState>();

  constructor(types: readonly ServiceType[], limits: Limits, now: () => number) {
    this.#types = types;
    this.#systemd = new Systemd(
      types.flatMap((type) => type.local?.units.map(({ unit }) => unit) ?? []),
      limits,
    );
    this.#limits = limits;
    this.#now = now;
    this.#last = { units: [], problem: silent('systemctl has not answered yet.'), at: Number.NEGATIVE_INFINITY };
  }

  async states(): Promise<ReadonlyMap<string, LocalService>> {
    const { units, problem } = await this.#patient();
    const isKnown = problem === null || problem.code === 'no-systemd';
    return new Map(this.#types.map((type) => [type.id, isKnown ? this.#standsFor(type, units) : UNKNOWN]));
  }

  async problem(): Promise<Error | null> {
    return (await this.#patient()).problem;
  }

  async act(id: string, verb: Verb, signal: AbortSignal, wanted?: string): Promise<LocalService> {
    const type = this.#types.find((one) => one.id === id);
    const { units, problem } = await this.#read();
    if (problem) throw problem;
    const here = type ? this.#standsFor(type, units) : ABSENT;
    if (wanted !== undefined && here.units.every(({ unit }) => unit !== wanted)) throw refused();
    const unit = wanted ?? here.unit;
    if (!type || !unit)
      throw new PanelError(
        'unit-absent',
        'This machine has no unit for that service.',
        installHint(type?.local?.units.flatMap((one) => one.package ?? []) ?? []),
      );
    if (verb === 'start' || verb === 'stop') this.#turning.set(unit, verb === 'stop' ? 'stopping' : 'starting');
    try {
      this.#last = { units: await this.#systemd.act(unit, verb, signal), problem: null, at: this.#now() };
    } catch (error) {
      this.#last = { ...this.#last, at: Number.NEGATIVE_INFINITY };
      throw error;
    } finally {
      this.#turning.delete(unit);
      this.#acted += 1;
      // What is being read now began before the end of the action: it may not be kept as the newest.
      this.#reading = null;
    }
    return this.#standsFor(type, this.#last.units);
  }

  close(): void {
    this.#closing.abort(silent('The panel is closing.'));
  }

  /** The first candidate that runs, else the first that exists. */
  #standsFor(type: ServiceType, units: readonly Unit[]): LocalService {
    const found = new Map<Unit, OwnUnit>();
    const candidates = type.local?.units ?? [];
    for (const { name, unit } of candidates.flatMap((candidate) => this.#systemd.named(units, candidate.unit))) {
      // Two candidates may be two names of one unit: the first counts.
      if (!found.has(unit)) found.set(unit, { unit: name, state: unit.state, enabled: unit.enabled });
    }
    const read = [...found.values()];
    const chosen = read.find(({ state }) => state === 'running') ?? read[0];
    const turned = (one: OwnUnit): OwnUnit => ({ ...one, state: this.#turning.get(one.unit) ?? one.state });
    return chosen ? { ...turned(chosen), units: read.map(turned) } : ABSENT;
  }

  /** A reading no older than FRESH; while systemd is slow, what was known before. Never one from before an action's end. */
  async #patient(): Promise<Reading> {
    const acted = this.#acted;
    const reading = await this.#soon();
    return acted === this.#acted ? reading : this.#patient();
  }

  async #soon(): Promise<Reading> {
    if (this.#isFresh()) return this.#last;
    const late = new AbortController();
    const reading = this.#read().finally(() => late.abort());
    const before = wait(this.#limits.patience, undefined, { signal: late.signal }).then(
      () => this.#last,
      () => reading,
    );
    return Promise.race([reading, before]);
  }

  #isFresh(): boolean {
    return this.#now() - this.#last.at < FRESH;
  }

  /** One systemctl serves all who ask at the same time. */
  #read(): Promise<Reading> {
    if (this.#isFresh()) return Promise.resolve(this.#last);
    if (this.#reading) return this.#reading;
    const mine = this.#ask()
      .then((reading) => {
        if (this.#reading === mine) this.#last = reading;
        return reading;
      })
      .finally(() => {
        if (this.#reading === mine) this.#reading = null;
      });
    this.#reading = mine;
    return mine;
  }

  async #ask(): Promise<Reading> {
    try {
      return { units: await this.#systemd.read(this.#closing.signal), problem: null, at: this.#now() };
    } catch (error) {
      if (!(error instanceof PanelError)) throw error;
      return { units: [], problem: error, at: this.#now() };
    }
  }
}

function installHint(packages: readonly string[]): string {
  return packages.length > 0 ? `Install one of: ${packages.join(', ')}` : 'Debian has no package for it.';
}
