/** Why neighbours might not reach a service as announced. */
import { BlockList, isIPv6 } from 'node:net';
import { listening, type Transport } from '../ports.js';

export const ADDRESS_TROUBLES = ['loopback', 'unspecified', 'link-local'] as const;
/** `closed`: nothing listens on the port; `loopback`: only this machine reaches it. */
export const PORT_TROUBLES = ['closed', 'loopback'] as const;

export type Trouble =
  | { readonly of: 'address'; readonly why: (typeof ADDRESS_TROUBLES)[number] }
  | { readonly of: 'port'; readonly why: (typeof PORT_TROUBLES)[number]; readonly transport: Transport };

/** Addresses that do not lead here from everywhere in the community. */
const UNREACHABLE: readonly (readonly [(typeof ADDRESS_TROUBLES)[number], BlockList])[] = [
  ['loopback', blocks(['127.0.0.0', 8, 'ipv4'], ['::1', 128, 'ipv6'])],
  ['unspecified', blocks(['0.0.0.0', 8, 'ipv4'], ['::', 128, 'ipv6'])],
  ['link-local', blocks(['169.254.0.0', 16, 'ipv4'], ['fe80::', 10, 'ipv6'])],
];

function blocks(...subnets: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList();
  for (const [address, bits, family] of subnets) list.addSubnet(address, bits, family);
  return list;
}

/** null where nothing is wrong with the address. */
export function addressTrouble(address: string): (typeof ADDRESS_TROUBLES)[number] | null {
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  return UNREACHABLE.find(([, list]) => list.check(address, family))?.[0] ?? null;
}

export function addressTroubles(address: string): readonly Trouble[] {
  const why = addressTrouble(address);
  return why === null ? [] : [{ of: 'address', why }];
}

/** What is wrong with the port on each transport; none where that cannot be known. */
export async function portTroubles(port: string, transports: readonly Transport[]): Promise<readonly Trouble[]> {
  const all = transports.map(async (transport): Promise<Trouble[]> => {
    const state = await listening(Number(port), transport);
    return state === 'closed' || state === 'loopback' ? [{ of: 'port', why: state, transport }] : [];
  });
  return (await Promise.all(all)).flat();
}
