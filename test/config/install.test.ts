/** The URLs, command and unit of an installation. */
import { describe, expect, it } from 'vitest';
import { panelUnit, programCommand, reachableUrls } from '../../plugin/config/install.js';

const own = (address: string, more: { internal?: boolean } = {}) => ({
  ...{ address, netmask: '', mac: '', internal: false, cidr: null, scopeid: 0 },
  family: address.includes(':') ? 'IPv6' : 'IPv4',
  ...more,
});
const interfaces = (): ReturnType<typeof import('node:os').networkInterfaces> =>
  ({
    lo: [own('127.0.0.1', { internal: true }), own('::1', { internal: true })],
    eth0: [own('10.139.40.22'), own('fe80::1'), own('fd00::22')],
    wlan0: [own('192.168.1.4')],
  }) as ReturnType<typeof import('node:os').networkInterfaces>;

describe('the URLs of a panel that listens on every address', () => {
  it.each([
    ['0.0.0.0', ['http://10.139.40.22:7001/cloudy/', 'http://192.168.1.4:7001/cloudy/']],
    ['::', ['http://10.139.40.22:7001/cloudy/', 'http://[fd00::22]:7001/cloudy/', 'http://192.168.1.4:7001/cloudy/']],
  ])('are those that others reach, on %s', (host, urls) => {
    expect(reachableUrls('http://127.0.0.1:7001/cloudy/', host, interfaces)).toEqual(urls);
    expect(reachableUrls('http://[::]:7001/cloudy/', host, interfaces)).toEqual(urls);
  });

  it('omit the default port', () => {
    expect(reachableUrls('http://127.0.0.1:80/', '0.0.0.0', interfaces)[0]).toBe('http://10.139.40.22/');
  });

  it('are the one given where it names an address', () => {
    expect(reachableUrls('http://10.139.40.22:7001/', '10.139.40.22', interfaces)).toEqual([
      'http://10.139.40.22:7001/',
    ]);
  });

  it('are the loopback one while the machine has no network', () => {
    expect(reachableUrls('http://127.0.0.1:7001/', '0.0.0.0', () => ({}))).toEqual(['http://127.0.0.1:7001/']);
  });
});

it.each([
  ['/usr/lib/cloudy-services/dist/cli.mjs', '/root', 'cloudy-services', 'cloudy-services'],
  ['/usr/local/bin/cloudy-services', '/root', 'cloudy-services', null],
  ['/home/anna/cloudy-services/dist/cli.mjs', '/home/anna/cloudy-services', 'node dist/cli.mjs', null],
  ['/home/anna/cloudy-services/dist/cli.mjs', '/home/anna', 'node cloudy-services/dist/cli.mjs', null],
])('the command of %s, run in %s, is %s and its unit %s', (script, folder, command, unit) => {
  expect(programCommand(script, folder)).toBe(command);
  expect(panelUnit(script)).toBe(unit);
});
