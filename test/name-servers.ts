/** Well-behaved name servers on addresses of their own, and the list that announces them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open } from '../plugin/demo/servers.js';
import { Sockets } from '../plugin/demo/sockets.js';

const MEMBER = { node: 'VIC-Adoberia', type: 'dnsservice', behaves: 'serves', description: '' } as const;

/** Starts `count` of them on `127.${net}.0.…`, all at one port; each answer comes `delay` ms after its question. */
export async function nameServers(
  net: number,
  port: number,
  count: number,
  delay = 0,
  sockets = new Sockets(),
): Promise<Sockets> {
  for (const address of addresses(net, count)) {
    await open(MEMBER, { address, port, sockets, path: () => delay });
  }
  return sockets;
}

/** The configuration of a panel that knows exactly these. */
export function announcing(folder: string, net: number, port: number, count: number): Record<string, string> {
  const lines = addresses(net, count).map((i, index) => ({ s: 'dnsservice', m: `node${index}`, i, p: `${port}` }));
  const file = join(folder, 'providers');
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  return { PROVIDERS_FILE: file, COMMUNITY_RANGES: '127.0.0.0/8', SCAN_BYTES_PER_DAY: '1000000000' };
}

const addresses = (net: number, count: number) => Array.from({ length: count }, (_, nth) => `127.${net}.0.${nth + 1}`);
