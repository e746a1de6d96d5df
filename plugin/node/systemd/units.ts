/** The candidate units as `systemctl show` describes them, in plain words. */
import { readdirSync } from 'node:fs';
import type { LocalState } from '../../model/unit.js';

export interface Unit {
  /** All its names, aliases included. */
  readonly names: readonly string[];
  readonly state: LocalState;
  /** Starts at boot. */
  readonly enabled: boolean;
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
    return [{ names, state: readState(values), enabled: startsAtBoot(id, values.get('UnitFileState')) }];
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
  switch (values.get('ActiveState')) {
    case 'active':
    case 'reloading':
    case 'refreshing':
      return 'running';
    case 'activating':
      // It died and systemd will retry: "starting" for ever would hide that.
      return values.get('SubState')?.startsWith('auto-restart') ? 'failed' : 'starting';
    case 'deactivating':
      return 'stopping';
    case 'failed':
      return 'failed';
    case 'inactive':
    case 'maintenance':
      return readInactiveState(values);
    default:
      return 'absent';
  }
}

function readInactiveState(values: ReadonlyMap<string, string>): LocalState {
  // A masked unit cannot be started: to a person it does not exist.
  if (values.get('LoadState') === 'not-found' || values.get('LoadState') === 'masked') return 'absent';
  // A queued job waits for another one to end; for an inactive unit it can only be a start.
  const job = values.get('Job') ?? '';
  return job === '' || job === '0' ? 'stopped' : 'starting';
}
