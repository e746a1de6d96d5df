/** Which daemons this machine has: by sockets and files that are there. Nobody is asked. */
import { existsSync, readFileSync } from 'node:fs';
import type { Routing } from '../config/index.js';
import { joinHostPort } from '../lib/address.js';
import { PanelError } from '../model/errors.js';
import type { Place, RoutingDaemon } from './contract.js';

/** A daemon, and where to ask it. */
export interface Candidate {
  readonly daemon: RoutingDaemon;
  readonly place: Place;
}

export interface Local {
  exists(path: string): boolean;
  /** Whether a program of this machine takes connections at the port. */
  listens(port: number): boolean;
}

export const HERE: Local = {
  exists: existsSync,
  listens: (port) => ['/proc/net/tcp', '/proc/net/tcp6'].some((file) => isListening(readText(file), port)),
};

/** @param table as the kernel writes it: https://docs.kernel.org/networking/proc_net_tcp.html */
export function isListening(table: string, port: number): boolean {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').some((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    return state === '0A' && local.endsWith(end);
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** Whom to ask, in this order, until one answers. Where the owner names one, that one, there or not. */
export function candidates(
  setting: Routing,
  daemons: readonly RoutingDaemon[],
  local: Local = HERE,
): readonly Candidate[] {
  if (setting === 'off') return [];
  const isThere = (place: Place) => ('path' in place ? local.exists(place.path) : local.listens(place.port));
  const here = (daemon: RoutingDaemon) => daemon.usual.filter(isThere).map((place) => ({ daemon, place }));
  if (setting === 'auto')
    return daemons.filter(({ signs }) => signs?.some((path) => local.exists(path)) ?? true).flatMap(here);
  const daemon = named(setting.daemon, daemons);
  if (setting.place !== null) return [{ daemon, place: setting.place }];
  const found = here(daemon);
  return found.length > 0 ? found : [{ daemon, place: daemon.usual[0] }];
}

/** @throws PanelError bad-config */
function named(name: string, daemons: readonly RoutingDaemon[]): RoutingDaemon {
  const daemon = daemons.find(({ id }) => id === name);
  if (daemon) return daemon;
  const names = daemons.map(({ id }) => id).join(', ');
  throw new PanelError(
    'bad-config',
    `ROUTING names ${name}, which is not known.`,
    `Choose one of ${names}; or off, auto.`,
  );
}

/** As the option has it. */
export function placeText({ daemon, place }: Candidate): string {
  return 'path' in place ? `${daemon.id}:${place.path}` : `${daemon.id}://${joinHostPort(place.host, place.port)}`;
}

/** The router that is asked; null where the daemon is on this machine. */
export function routerOf({ place }: Candidate): string | null {
  return 'path' in place || /^(?:127\.|::1$|localhost$)/.test(place.host) ? null : place.host;
}
