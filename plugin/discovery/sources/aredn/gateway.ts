/** This machine's router, as the kernel knows it. */
import { readFileSync } from 'node:fs';

/** The IPv4 address of the default gateway; null without one. */
export function defaultGateway(routes = readRoutes()): string | null {
  for (const line of routes.split('\n')) {
    const [, destination, gateway = ''] = line.trim().split(/\s+/);
    if (destination === '00000000' && /^[\dA-F]{8}$/i.test(gateway) && gateway !== '00000000')
      return [...Buffer.from(gateway, 'hex')].reverse().join('.');
  }
  return null;
}

function readRoutes(): string {
  try {
    return readFileSync('/proc/net/route', 'utf8');
  } catch {
    return '';
  }
}
