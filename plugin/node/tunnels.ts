/** Whether a visitor came through a virtual private network of this machine. */
import { existsSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

interface TunnelOptions {
  readonly interfaces?: typeof networkInterfaces;
  /** Whether the interface belongs to a program (TUN or TAP). */
  readonly isTunnel?: (name: string) => boolean;
}

/** Only interfaces created by a program have the file. */
const hasTunFlags = (name: string) => existsSync(`/sys/class/net/${name}/tun_flags`);

/** Name of the tunnel whose network contains the address; null where none does. */
export function findTunnel(
  address: string,
  { interfaces = networkInterfaces, isTunnel = hasTunFlags }: TunnelOptions = {},
): string | null {
  const plain = address.replace(/^::ffff:/i, '');
  const found = Object.entries(interfaces()).find(
    ([name, list = []]) => list.some((own) => isWithin(plain, own)) && isTunnel(name),
  );
  return found?.[0] ?? null;
}

function isWithin(address: string, { cidr, family }: NetworkInterfaceInfo): boolean {
  const [network, bits] = (cidr ?? '').split('/');
  if (!network || isIP(address) !== (family === 'IPv6' ? 6 : 4)) return false;
  const name = family === 'IPv6' ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(network, Number(bits), name);
  return list.check(address, name);
}
