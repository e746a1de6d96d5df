/** What this machine shows of the network that it is in. Only read: nothing here sends. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

export interface Machine {
  /** The IPv4 address of the default gateway; null without one. */
  gateway(): string | null;
  /** Whether a program of that name runs (`comm`, at most 15 characters), of whatever user. */
  runs(program: string): boolean;
  exists(path: string): boolean;
  /** IPv4 addresses of links that lead out of this machine, and are not those of containers. */
  addresses(): readonly string[];
}

export const THIS_MACHINE: Machine = {
  gateway: () => defaultGateway(),
  runs: (program) => readdirSync('/proc').some((id) => /^\d+$/.test(id) && commandName(id) === program),
  exists: existsSync,
  addresses: () =>
    Object.entries(networkInterfaces())
      .filter(([link]) => !/^(docker|br-|veth|lxc|lxd|virbr|podman|cni)/.test(link))
      .flatMap(([, list = []]) => list)
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address),
};

/** @param routes as the kernel writes them */
export function defaultGateway(routes = readText('/proc/net/route')): string | null {
  for (const line of routes.split('\n')) {
    const [, destination, gateway = ''] = line.trim().split(/\s+/);
    if (destination === '00000000' && /^[\dA-F]{8}$/i.test(gateway) && gateway !== '00000000')
      return [...Buffer.from(gateway, 'hex')].reverse().join('.');
  }
  return null;
}

/** Empty where the process has ended meanwhile. */
const commandName = (id: string) => readText(join('/proc', id, 'comm')).trim();

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
