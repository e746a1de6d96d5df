/** The package's root-owned helper units, each of which enables or disables one unit: polkit cannot allow that per unit. */
import { PanelError } from '../../model/errors.js';

/** `cloudy-services-enable@named.service.service`: the unit's name escaped as `systemd-escape` does. */
export function helperUnit(verb: 'enable' | 'disable', unit: string): string {
  const escaped = unit.replace(/[^A-Za-z0-9:_.]|^\./g, (letter) => `\\x${letter.charCodeAt(0).toString(16)}`);
  return `cloudy-services-${verb}@${escaped}.service`;
}

/** Where the helper is missing or not allowed, an error that says how to do it by hand; any other error unchanged. */
export function notInstalled(error: unknown, verb: 'enable' | 'disable', unit: string): unknown {
  if (!(error instanceof PanelError) || !['unit-absent', 'unit-not-permitted'].includes(error.code)) return error;
  const message = `This panel may not ${verb} ${unit}: ${error.code === 'unit-absent' ? 'its helper unit is not installed' : 'no polkit rule allows it'}.`;
  return new PanelError('unit-not-permitted', message, `Run: sudo systemctl ${verb} ${unit}`, { cause: error });
}
