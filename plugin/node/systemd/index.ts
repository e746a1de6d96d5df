/** This machine's own services: which candidate units exist, their states, and acting on them. */
import { setTimeout as wait } from 'node:timers/promises';
import { PanelError } from '../../model/errors.js';
import type { LocalService, LocalState, OwnUnit, Verb } from '../../model/unit.js';
import type { ServiceRegistry, ServiceType } from '../../services/contract.js';
import { listening } from '../ports.js';
import { LIMITS, type Limits, refused, Systemd } from './control.js';
import { isPersonal } from './polkit.js';
import { silent } from './systemctl.js';
import { instanceName, matchesUnit, type Unit } from './units.js';
import { readSystemUsers } from './users.js';

/** What the rest of the panel knows of this machine's services. */
export interface LocalServices {
  /**
   * One entry per built-in type, within 2 s. Without systemd every type is `absent`; where systemd does not answer, `unknown`.
   */
  states(): Promise<ReadonlyMap<string, LocalService>>;
  /** null where systemd answers; else a deliberate error that says why not. */
  problem(): Promise<Error | null>;
  /**
   * Acts on the type's unit, waits for systemd's job to end and reads back.
   * @param unit one of the type's units here; by default the one that stands for it
   * @throws PanelError no-systemd, unit-absent, unit-refused, unit-not-permitted, unit-failed
   */
  act(type: string, verb: Verb, signal: AbortSignal, unit?: string): Promise<LocalService>;
}

/** For their creator, who also closes them. */
export interface OwnedLocalServices extends LocalServices {
  /** Aborts a reading under way: no program is left behind. */
  close(): void;
}

export interface LocalOptions {
  /** Monotonic clock, ms: how fresh a reading is must not depend on the time of day. */
  readonly now?: () => number;
  readonly limits?: Partial<Limits>;
}

interface Reading {
  readonly units: readonly Unit[];
  readonly systemUsers: ReadonlySet<string>;
  readonly problem: PanelError | null;
  readonly at: number;
}

/** How long a reading serves everyone. */
const FRESH_MS = 2000;

/** None of the type's candidates exists. */
export const ABSENT: LocalService = { unit: null, state: 'absent', enabled: false, units: [] };
/** systemd does not say whether one exists. */
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
  /** When the reading under way began, or the last one. */
  #began = Number.NEGATIVE_INFINITY;
  #reading: Promise<Reading> | null = null;
  readonly #closing = new AbortController();
  /** Completed actions. */
  #actions = 0;
  /** Units being started or stopped, with the state that systemd shows late or not at all. */
  readonly #transitions = new Map<string, LocalState>();

  constructor(types: readonly ServiceType[], limits: Limits, now: () => number) {
    this.#types = types;
    this.#systemd = new Systemd(
      types.flatMap((type) => type.local?.units.map(({ unit }) => unit) ?? []),
      limits,
      (unit) => serves(types, unit),
    );
    this.#limits = limits;
    this.#now = now;
    const problem = silent('systemctl has not answered yet.');
    this.#last = { units: [], systemUsers: new Set(), problem, at: Number.NEGATIVE_INFINITY };
  }

  async states(): Promise<ReadonlyMap<string, LocalService>> {
    const reading = await this.#read();
    const isKnown = reading.problem === null || reading.problem.code === 'no-systemd';
    return new Map(this.#types.map((type) => [type.id, isKnown ? this.#standsFor(type, reading) : UNKNOWN]));
  }

  async problem(): Promise<Error | null> {
    return (await this.#read()).problem;
  }

  async act(id: string, verb: Verb, signal: AbortSignal, wanted?: string): Promise<LocalService> {
    const type = this.#types.find((candidate) => candidate.id === id);
    const reading = await this.#readFresh();
    if (reading.problem) throw reading.problem;
    const here = type ? this.#standsFor(type, reading) : ABSENT;
    const unit = wanted ?? here.unit;
    const own = here.units.find((candidate) => candidate.unit === unit);
    if ((wanted !== undefined && !own) || own?.foreign) throw refused();
    if (!type || !unit)
      throw new PanelError(
        'unit-absent',
        'This machine has no unit for that service.',
        installHint(type?.local?.units.flatMap((candidate) => candidate.package ?? []) ?? []),
      );
    if (verb === 'start' || verb === 'stop') this.#transitions.set(unit, verb === 'stop' ? 'stopping' : 'starting');
    try {
      this.#last = { ...reading, units: await this.#systemd.act(unit, verb, signal), at: this.#now() };
    } catch (error) {
      this.#last = { ...this.#last, at: Number.NEGATIVE_INFINITY };
      throw error;
    } finally {
      this.#transitions.delete(unit);
      this.#actions += 1;
      // A reading under way started before the action ended: it must not become the newest.
      this.#reading = null;
    }
    return this.#standsFor(type, this.#last);
  }

  close(): void {
    this.#closing.abort(silent('The panel is closing.'));
  }

  /** The first candidate that runs, else the first that starts at boot, else the first that exists. */
  #standsFor(type: ServiceType, reading: Reading): LocalService {
    const own = this.#ownUnits(type, reading);
    // A unit without a program of its own, or of another user's, only where there is no other.
    const able = own.filter(({ exited, foreign }) => !exited && !foreign);
    const preferred = [...able, ...own];
    const chosen =
      preferred.find(({ state }) => state === 'running') ?? able.find(({ enabled }) => enabled) ?? preferred[0];
    const current = (unit: OwnUnit): OwnUnit => ({ ...unit, state: this.#transitions.get(unit.unit) ?? unit.state });
    return chosen ? { ...current(chosen), units: own.map(current) } : ABSENT;
  }

  /** Of two candidates that are aliases of one unit, the first counts. */
  #ownUnits(type: ServiceType, { units, systemUsers }: Reading): OwnUnit[] {
    const found = new Map<Unit, OwnUnit>();
    for (const candidate of type.local?.units ?? []) {
      for (const { name, unit } of this.#systemd.matching(units, candidate.unit)) {
        const { state, enabled, exited } = unit;
        const foreign = isPersonal(candidate) && systemUsers.has(instanceName(name));
        const own = { unit: name, state, enabled, ...(exited && { exited }), ...(foreign && { foreign }) };
        if (!found.has(unit)) found.set(unit, own);
      }
    }
    return [...found.values()];
  }

  /** A reading no older than FRESH_MS, or the previous one while systemd is slow. Never one from before an action ended. */
  async #read(): Promise<Reading> {
    const actions = this.#actions;
    const reading = await this.#readOrLast();
    return actions === this.#actions ? reading : this.#read();
  }

  async #readOrLast(): Promise<Reading> {
    if (this.#isFresh()) return this.#last;
    const done = new AbortController();
    const reading = this.#readFresh().finally(() => done.abort());
    // A page asks several times, and waits no longer for that.
    const patience = Math.max(0, this.#limits.page - (this.#now() - this.#began));
    const last = wait(patience, undefined, { signal: done.signal }).then(
      () => this.#last,
      () => reading,
    );
    return Promise.race([reading, last]);
  }

  #isFresh(): boolean {
    return this.#now() - this.#last.at < FRESH_MS;
  }

  /** One systemctl serves all concurrent callers. */
  #readFresh(): Promise<Reading> {
    if (this.#isFresh()) return Promise.resolve(this.#last);
    if (this.#reading) return this.#reading;
    const reading = this.#runSystemctl()
      .then((result) => {
        if (this.#reading === reading) this.#last = result;
        return result;
      })
      .finally(() => {
        if (this.#reading === reading) this.#reading = null;
      });
    this.#reading = reading;
    this.#began = this.#now();
    return reading;
  }

  async #runSystemctl(): Promise<Reading> {
    try {
      const [units, systemUsers] = await Promise.all([this.#systemd.read(this.#closing.signal), readSystemUsers()]);
      return { units, systemUsers, problem: null, at: this.#now() };
    } catch (error) {
      if (!(error instanceof PanelError)) throw error;
      return { units: [], systemUsers: new Set(), problem: error, at: this.#now() };
    }
  }
}

/** Whether a program listens on the port of a type that the unit may provide. */
async function serves(types: readonly ServiceType[], unit: string): Promise<boolean> {
  const candidates = types.filter(({ local }) => local?.units.some((candidate) => matchesUnit(unit, candidate.unit)));
  const ports = candidates.flatMap(({ defaultPort, transports }) =>
    defaultPort === null ? [] : transports.map((transport) => listening(defaultPort, transport)),
  );
  return (await Promise.all(ports)).some((state) => state === 'open' || state === 'loopback');
}

function installHint(packages: readonly string[]): string {
  return packages.length > 0 ? `Install one of: ${packages.join(', ')}` : 'Debian has no package for it.';
}
