/** The candidate units as `systemctl show` describes them, in plain words. */
import { readdirSync } from 'node:fs';
import type { LocalState } from '../../model/unit.js';

export interface Unit {
  /** All its names, aliases included. */
  readonly names: readonly string[];
  readonly state: LocalState;
  /** Starts at boot. */
  readonly enabled: boolean;
  /** Active without a process: a unit that only groups others, or a script whose program has ended or left its group. */
  readonly exited: boolean;
}

export const PROPERTIES = ['Id', 'Names', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Job'];

/**
 * Valid instance names, up to the suffix. Not root: a service that runs as the user it is named for, and that any user of
 * this machine can talk to, would expose root's files. No `/`, blank, glob or escape.
 */
const INSTANCE = '(?!(?:root|0+)\\.)[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}';

export const isTemplate = (candidate: string) => candidate.includes('@.');

/** The pattern that finds a template's instances: `syncthing@.service` → `syncthing@*.service`. */
export const instancePattern = (template: string) => template.replace('@.', '@*.');

/** `anna` of `syncthing@anna.service`; empty for a unit that is no instance. */
export const instanceName = (unit: string) => /@(.+)\.service$/.exec(unit)?.[1] ?? '';

/** Whether the unit is an instance beside the plain one: `tinc@vpn.service` and `tinc.service`. */
const isInstanceOf = (unit: string, plain: string) =>
  unit.endsWith('.service') && unit.startsWith(plain.replace(/\.service$/, '@'));

/** Pattern of the candidate's name, and of the instances that the panel may act on: the polkit rule uses it too. */
export const unitPattern = (candidate: string) => candidate.replaceAll('.', '\\.').replace('@\\.', `@${INSTANCE}\\.`);

/** Whether the unit is the candidate itself, or an instance of it that the panel may act on. */
export function matchesUnit(unit: string, candidate: string): boolean {
  return isTemplate(candidate) ? new RegExp(`^${unitPattern(candidate)}$`).test(unit) : unit === candidate;
}

/** Reads the blocks of `KEY=value` lines, one block per unit; skips anything else. */
export function parseShow(output: string): Unit[] {
  return output.split(/\n\s*\n/).flatMap((block) => {
    const values = new Map<string, string>();
    for (const line of block.split('\n')) {
      const equals = line.indexOf('=');
      if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1).trim());
    }
    const id = values.get('Id');
    if (!id) return [];
    const names = [...new Set([id, ...(values.get('Names') ?? '').split(' ').filter(Boolean)])];
    const exited = values.get('ActiveState') === 'active' && values.get('SubState') === 'exited';
    return [{ names, state: readState(values), enabled: startsAtBoot(id, values.get('UnitFileState')), exited }];
  });
}

const BY_USE: readonly LocalState[] = ['running', 'starting', 'stopping', 'failed', 'stopped'];

/** The units; one that only groups others has the state of its instances, the best of them first. */
export function withInstances(units: readonly Unit[]): Unit[] {
  return units.map((unit) => {
    if (!unit.exited || unit.state === 'absent') return unit;
    const instances = units.filter(({ names }) =>
      names.some((name) => unit.names.some((own) => isInstanceOf(name, own))),
    );
    const state = BY_USE.find((state) => instances.some((instance) => instance.state === state));
    return { ...unit, state: state ?? unit.state };
  });
}

function startsAtBoot(unit: string, fileState = ''): boolean {
  return fileState === 'enabled' || (fileState === 'generated' && isLinked(unit, bootLinks()));
}

/** Holds a link (`S01bind9`) to each init script that starts in the usual run level. */
const RUN_LEVEL = '/etc/rc3.d';

function bootLinks(): readonly string[] {
  try {
    return readdirSync(RUN_LEVEL);
  } catch {
    return [];
  }
}

/** systemd turns an init script into a unit, and does not say whether that starts at boot. */
export function isLinked(unit: string, links: readonly string[]): boolean {
  return links.some((link) => /^S\d\d/.test(link) && `${link.slice(3)}.service` === unit);
}

function readState(values: ReadonlyMap<string, string>): LocalState {
  const state = readActiveState(values);
  const isGone = ['not-found', 'masked'].includes(values.get('LoadState') ?? '');
  // What is gone or masked cannot be started: unless it still runs, it does not exist to a person, however it ended.
  return isGone && state !== 'running' && state !== 'stopping' ? 'absent' : state;
}

function readActiveState(values: ReadonlyMap<string, string>): LocalState {
  const subState = values.get('SubState') ?? '';
  switch (values.get('ActiveState')) {
    case 'active':
      return subState === 'exited' ? 'stopped' : 'running';
    case 'reloading':
    case 'refreshing':
      return 'running';
    case 'activating':
      // It died and systemd will retry: "starting" for ever would hide that.
      return subState.startsWith('auto-restart') ? 'failed' : 'starting';
    case 'deactivating':
      return 'stopping';
    case 'failed':
      return 'failed';
    case 'inactive':
    case 'maintenance':
      // A queued job waits for another one to end; for an inactive unit it can only be a start.
      return ['', '0'].includes(values.get('Job') ?? '') ? 'stopped' : 'starting';
    default:
      return 'absent';
  }
}
