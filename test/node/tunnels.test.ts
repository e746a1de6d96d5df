/** Visitors through a tunnel of this machine. */
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { findTunnel } from '../../plugin/node/tunnels.js';

const own = (cidr: string): NetworkInterfaceInfo => {
  const address = cidr.split('/')[0] ?? '';
  const common = { address, netmask: '', mac: '00:00:00:00:00:00', internal: false, cidr };
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
};
const options = {
  interfaces: () => ({ eth0: [own('192.168.1.5/24')], tap0: [own('10.7.0.2/16'), own('fd00:7::2/64')] }),
  isTunnel: (name: string) => name === 'tap0',
};

describe('a visitor', () => {
  it.each([
    ['10.7.99.1', 'tap0'],
    ['::ffff:10.7.99.1', 'tap0'],
    ['fd00:7::99', 'tap0'],
    ['192.168.1.9', null],
    ['10.8.0.1', null],
    ['127.0.0.1', null],
    ['', null],
    ['nonsense', null],
  ])('from %s came through %s', (address, tunnel) => {
    expect(findTunnel(address, options)).toBe(tunnel);
  });

  it('on this machine came through no tunnel', () => {
    expect(findTunnel('127.0.0.1')).toBeNull();
  });
});
