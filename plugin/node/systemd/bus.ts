/** The units of the registry, and no others: read without privilege, acted on, read back until they settle. */
import { setTimeout as wait } from 'node:timers/promises';
import { PanelError } from '../../model/errors.js';
import type { Verb } from '../../model/unit.js';
import { helperUnit, notInstalled } from './helpers.js';
import { type RunOptions, systemctl, unitFailed } from './systemctl.js';
import { instancePattern, isOf, isTemplate, PROPERTIES, parseShow, type Unit } from './units.js';

/** Times in ms. */
export interface Limits {
  readonly read: number;
  /** systemd itself gives a unit 90 s to start or stop. */
  readonly act: number;
  /** How long to read back until the state settles. */
  readonly settle: number;
  /** Between two readings; a state counts as settled when two readings agree. */
  readonly pause: number;
  /** How long a page waits for a reading before it shows the one before. */
  readonly patience: number;
}

export const LIMITS: Limits = { read: 10_000, act: 95_000, settle: 10_000, pause: 250, patience: 1900 };

export class Systemd {
  readonly #candidates: readonly string[];
  readonly #limits: Limits;
  /** systemd forgets a stopped instance that is not enabled; once seen here, it can be started again. */
  readonly #instances = new Set<string>();

  constructor(candidates: readonly string[], limits: Limits = LIMITS) {
    this.#candidates = [...new Set(candidates)];
    this.#limits = limits;
  }

  /**
   * All candidates and all known instances of candidate templates, in one call.
   * @throws PanelError no-systemd, systemd-silent, no-resources
   */
  async read(signal?: AbortSignal): Promise<Unit[]> {
    if (this.#candidates.length === 0) return [];
    const names = this.#candidates.map((one) => (isTemplate(one) ? instancePattern(one) : one));
    // Patterns match what systemd has in memory: running, failed and enabled instances; --all shows those at rest.
    const args = ['show', '--all', `--property=${PROPERTIES}`, '--', ...names, ...this.#instances];
    const limit = this.#limits.read;
    const units = parseShow(await systemctl(args, { limit, ...(signal ? { signal } : {}) }));
    const templates = this.#candidates.filter(isTemplate);
    for (const name of units.flatMap((unit) => unit.names)) {
      if (templates.some((template) => isOf(name, template))) this.#instances.add(name);
    }
    return units;
  }

  /** The units that a candidate stands for, with the name to call each by: itself, or its instances in order of name. */
  named(units: readonly Unit[], candidate: string): { readonly name: string; readonly unit: Unit }[] {
    const found = new Map<string, Unit>();
    for (const unit of units) {
      const name = unit.names.find((one) => isOf(one, candidate));
      if (name && unit.state !== 'absent') found.set(name, unit);
    }
    return [...found].map(([name, unit]) => ({ name, unit })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Acts on the unit, waits for systemd's job to end, then for the state to settle; resolves with all units.
   * Aborting ends the waiting, not systemd's job.
   * @throws PanelError unit-refused for a unit that is no candidate; no-systemd, unit-absent, unit-not-permitted, unit-failed
   */
  async act(unit: string, verb: Verb, signal: AbortSignal): Promise<Unit[]> {
    if (!this.#candidates.some((candidate) => isOf(unit, candidate))) throw refused();
    const options = { limit: this.#limits.act, unit, signal };
    if (verb === 'enable' || verb === 'disable') return this.#atBoot(unit, verb, options);
    await systemctl([verb, '--', unit], options);
    const units = await this.#settled(unit, signal);
    const state = units.find((one) => one.names.includes(unit))?.state;
    if (verb === 'start' && state !== 'running' && state !== 'starting')
      throw unitFailed(unit, `it was started and did not stay up, its state is ${state ?? 'absent'}`);
    return units;
  }

  /** By a helper unit, because polkit is not told which unit is to be enabled: it could only be allowed for all or none. */
  async #atBoot(unit: string, verb: 'enable' | 'disable', options: RunOptions): Promise<Unit[]> {
    await systemctl(['start', '--', helperUnit(verb, unit)], options).catch((error) => {
      throw notInstalled(error, verb, unit);
    });
    const units = await this.read(options.signal);
    const enabled = units.find((one) => one.names.includes(unit))?.enabled ?? false;
    if (enabled !== (verb === 'enable'))
      throw unitFailed(unit, `systemd still says that it is ${enabled ? '' : 'not '}enabled`);
    return units;
  }

  async #settled(unit: string, signal: AbortSignal): Promise<Unit[]> {
    const deadline = performance.now() + this.#limits.settle;
    let before: string | undefined;
    for (;;) {
      const units = await this.read(signal);
      const state = units.find((one) => one.names.includes(unit))?.state;
      const moving = state === 'starting' || state === 'stopping';
      // A program that dies at once still counts as started for a moment: hence the second look.
      if ((!moving && state === before) || performance.now() >= deadline) return units;
      before = state;
      await wait(this.#limits.pause, undefined, { signal });
    }
  }
}

/** Not one of the registry's units. */
export function refused(): PanelError {
  const hint = 'Only units named by a service type, and present here, can be acted on.';
  return new PanelError('unit-refused', 'That unit is not one of this panel.', hint);
}
