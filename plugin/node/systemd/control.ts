/** Reads the registry's units without privilege, acts on them, and on no others, and reads back until they settle. */
import { setTimeout as wait } from 'node:timers/promises';
import { PanelError } from '../../model/errors.js';
import type { Verb } from '../../model/unit.js';
import { helperUnit, notInstalled } from './helpers.js';
import { type RunOptions, systemctl, unitFailed } from './systemctl.js';
import { instancePattern, isTemplate, matchesUnit, PROPERTIES, parseShow, type Unit, withInstances } from './units.js';

/** Times in ms. */
export interface Limits {
  readonly read: number;
  /** systemd itself gives a unit 90 s to start or stop. */
  readonly act: number;
  /** How long to wait for the state to settle. */
  readonly settle: number;
  /** Between two readings; a state counts as settled when two readings agree. */
  readonly pause: number;
  /** How long a page waits for a reading before it shows the previous one. */
  readonly page: number;
}

export const LIMITS: Limits = { read: 10_000, act: 95_000, settle: 10_000, pause: 250, page: 1900 };

/** Whether something listens where the unit's service would: for units whose state alone does not tell. */
export type Serves = (unit: string) => Promise<boolean>;

export class Systemd {
  readonly #candidates: readonly string[];
  readonly #limits: Limits;
  readonly #serves: Serves;
  /** systemd forgets a stopped instance that is not enabled; one seen here can be started again. */
  readonly #instances = new Set<string>();
  /** Names of the units that were active at the last reading although nothing of them runs. */
  #hollow: ReadonlySet<string> = new Set();

  constructor(candidates: readonly string[], limits: Limits = LIMITS, serves: Serves = async () => false) {
    this.#candidates = [...new Set(candidates)];
    this.#limits = limits;
    this.#serves = serves;
  }

  /**
   * All candidates and all known instances of candidate templates, in one call.
   * @throws PanelError no-systemd, systemd-silent, no-resources
   */
  async read(signal?: AbortSignal): Promise<Unit[]> {
    if (this.#candidates.length === 0) return [];
    const names = this.#candidates.map((name) => (isTemplate(name) ? instancePattern(name) : name));
    // Patterns match what systemd has in memory: running, failed and enabled instances; --all shows the inactive ones too.
    const args = ['show', '--all', `--property=${PROPERTIES}`, '--', ...names, ...this.#instances];
    const limit = this.#limits.read;
    const shown = parseShow(await systemctl(args, { limit, ...(signal ? { signal } : {}) }));
    const units = await Promise.all(withInstances(shown).map((unit) => this.#withPort(unit)));
    const hollow = units.filter(({ exited, state }) => exited && !['running', 'starting'].includes(state));
    this.#hollow = new Set(hollow.flatMap(({ names }) => names));
    const templates = this.#candidates.filter(isTemplate);
    for (const name of units.flatMap((unit) => unit.names)) {
      if (templates.some((template) => matchesUnit(name, template))) this.#instances.add(name);
    }
    return units;
  }

  /** A script may have moved its program out of the unit's sight (`su` opens a session): then the port shows that it runs. */
  async #withPort(unit: Unit): Promise<Unit> {
    if (!unit.exited || unit.state !== 'stopped') return unit;
    const served = await Promise.all(unit.names.map((name) => this.#serves(name)));
    return served.includes(true) ? { ...unit, state: 'running' } : unit;
  }

  /** The units of a candidate, each with the name that matches it: the unit itself, or its instances by name. */
  matching(units: readonly Unit[], candidate: string): { readonly name: string; readonly unit: Unit }[] {
    const byName = new Map<string, Unit>();
    for (const unit of units) {
      const name = unit.names.find((alias) => matchesUnit(alias, candidate));
      if (name && unit.state !== 'absent') byName.set(name, unit);
    }
    return [...byName].map(([name, unit]) => ({ name, unit })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Acts on the unit, waits for systemd's job to end, then for the state to settle; resolves with all units.
   * Aborting ends the wait, not systemd's job.
   * @throws PanelError unit-refused for a unit that is not a candidate; no-systemd, unit-absent, unit-not-permitted, unit-failed
   */
  async act(unit: string, verb: Verb, signal: AbortSignal): Promise<Unit[]> {
    if (!this.#candidates.some((candidate) => matchesUnit(unit, candidate))) throw refused();
    const options = { limit: this.#limits.act, unit, signal };
    if (verb === 'enable' || verb === 'disable') return this.#setEnabled(unit, verb, options);
    // To systemd it is active already: starting it would do nothing.
    if (verb === 'start' && this.#hollow.has(unit)) await systemctl(['stop', '--', unit], options);
    await systemctl([verb, '--', unit], options);
    const units = await this.#readSettled(unit, signal);
    const after = findUnit(units, unit);
    if (verb === 'start' && after?.state !== 'running' && after?.state !== 'starting') throw notUp(unit, after);
    return units;
  }

  /** Through a helper unit: polkit does not learn which unit is to be enabled, so it could only allow all or none. */
  async #setEnabled(unit: string, verb: 'enable' | 'disable', options: RunOptions): Promise<Unit[]> {
    await systemctl(['start', '--', helperUnit(verb, unit)], options).catch((error) => {
      throw notInstalled(error, verb, unit);
    });
    const units = await this.read(options.signal);
    const enabled = findUnit(units, unit)?.enabled ?? false;
    if (enabled !== (verb === 'enable'))
      throw unitFailed(unit, `systemd still says that it is ${enabled ? '' : 'not '}enabled`);
    return units;
  }

  async #readSettled(unit: string, signal: AbortSignal): Promise<Unit[]> {
    const deadline = performance.now() + this.#limits.settle;
    let previous: string | undefined;
    for (;;) {
      const units = await this.read(signal);
      const state = findUnit(units, unit)?.state;
      const isMoving = state === 'starting' || state === 'stopping';
      // A program that dies at once still counts as started for a moment: hence two equal readings.
      if ((!isMoving && state === previous) || performance.now() >= deadline) return units;
      previous = state;
      await wait(this.#limits.pause, undefined, { signal });
    }
  }
}

const findUnit = (units: readonly Unit[], name: string) => units.find(({ names }) => names.includes(name));

function notUp(unit: string, after: Unit | undefined): PanelError {
  if (after?.exited) return unitFailed(unit, 'it was started and left no program running');
  return unitFailed(unit, `it was started and did not stay up, its state is ${after?.state ?? 'absent'}`);
}

/** The error for a unit that the registry does not name. */
export function refused(): PanelError {
  const hint = 'Only units named by a service type, and present here, can be acted on.';
  return new PanelError('unit-refused', 'This panel may not act on that unit.', hint);
}
