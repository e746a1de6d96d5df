/** What `systemctl show` says of the candidate units, in plain words. */
import { readdirSync } from 'node:fs';
import type { LocalState } from './index.js';

export interface Unit {
  /** Every name it answers to: aliases too. */
  readonly names: readonly string[];
  readonly state: LocalState;
  /** Starts at boot. */
  readonly enabled: boolean;
}

export const PROPERTIES = ['Id', 'Names', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Job'];

/** Longest unit name that systemd accepts. */
const MAX_NAME = 255;
/** What systemd allows between `@` and `.service`; no `/`, no blank, no glob. */
const INSTANCE = /^[A-Za-z0-9:_.@\\-]+$/;

export const isTemplate = (candidate: string) => candidate.includes('@.');

/** The pattern that finds a template's instances: `syncthing@.service` → `syncthing@*.service`. */
export const instancePattern = (template: string) => template.replace('@.', '@*.');

/** Whether the unit is the candidate itself, or an instance of it with a safe name. */
export function isOf(unit: string, candidate: string): boolean {
  if (!isTemplate(candidate)) return unit === candidate;
  const at = candidate.indexOf('@.') + 1;
  const [prefix, suffix] = [candidate.slice(0, at), candidate.slice(at)];
  return (
    unit.length <= MAX_NAME &&
    unit.startsWith(prefix) &&
    unit.endsWith(suffix) &&
    INSTANCE.test(unit.slice(prefix.length, -suffix.length))
  );
}

/** Reads the blocks of `KEY=value` lines, one block per unit; whatever is not that is skipped. */
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
    return [{ names, state: stateOf(values), enabled: startsAtBoot(id, values.get('UnitFileState')) }];
  });
}

function startsAtBoot(unit: string, fileState = ''): boolean {
  return fileState === 'enabled' || (fileState === 'generated' && isLinked(unit, bootLinks()));
}

/** Where an init script of old is linked (`S01bind9`) when it starts in the usual run level. */
const RUN_LEVEL = '/etc/rc3.d';

function bootLinks(): readonly string[] {
  try {
    return readdirSync(RUN_LEVEL);
  } catch {
    return [];
  }
}

/** systemd makes a unit of an init script, and does not say whether that starts at boot. */
export function isLinked(unit: string, links: readonly string[]): boolean {
  return links.some((link) => /^S\d\d/.test(link) && `${link.slice(3)}.service` === unit);
}

function stateOf(values: ReadonlyMap<string, string>): LocalState {
  switch (values.get('ActiveState')) {
    case 'active':
    case 'reloading':
    case 'refreshing':
      return 'running';
    case 'activating':
      // It died and systemd will try again: "starting" for ever would hide that.
      return values.get('SubState')?.startsWith('auto-restart') ? 'failed' : 'starting';
    case 'deactivating':
      return 'stopping';
    case 'failed':
      return 'failed';
    case 'inactive':
    case 'maintenance':
      return stateAtRest(values);
    default:
      return 'absent';
  }
}

function stateAtRest(values: ReadonlyMap<string, string>): LocalState {
  // A masked unit cannot be started: for a person it is not there.
  if (values.get('LoadState') === 'not-found' || values.get('LoadState') === 'masked') return 'absent';
  // A job waits in the queue for something else to end; at rest it can only be a start.
  const job = values.get('Job') ?? '';
  return job === '' || job === '0' ? 'stopped' : 'starting';
}
