import { describe, expect, it } from 'vitest';
import { commandOf, unitOf, urlsOf } from '../../plugin/config/install.js';

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

describe('the addresses of a panel that listens everywhere', () => {
  it.each([
    ['0.0.0.0', ['http://10.139.40.22:7001/cloudy/', 'http://192.168.1.4:7001/cloudy/']],
    ['::', ['http://10.139.40.22:7001/cloudy/', 'http://[fd00::22]:7001/cloudy/', 'http://192.168.1.4:7001/cloudy/']],
  ])('on %s are those by which others reach it', (host, urls) => {
    expect(urlsOf('http://127.0.0.1:7001/cloudy/', host, interfaces)).toEqual(urls);
    expect(urlsOf('http://[::]:7001/cloudy/', host, interfaces)).toEqual(urls);
  });

  it('leave out the port that browsers add themselves', () => {
    expect(urlsOf('http://127.0.0.1:80/', '0.0.0.0', interfaces)[0]).toBe('http://10.139.40.22/');
  });

  it('are the one that it was given, where that is one', () => {
    expect(urlsOf('http://10.139.40.22:7001/', '10.139.40.22', interfaces)).toEqual(['http://10.139.40.22:7001/']);
  });

  it('are this machine’s own while it has no network', () => {
    expect(urlsOf('http://127.0.0.1:7001/', '0.0.0.0', () => ({}))).toEqual(['http://127.0.0.1:7001/']);
  });
});

it.each([
  ['/usr/lib/cloudy-services/dist/cli.mjs', '/root', 'cloudy-services', 'cloudy-services'],
  ['/usr/local/bin/cloudy-services', '/root', 'cloudy-services', null],
  ['/home/anna/cloudy-services/dist/cli.mjs', '/home/anna/cloudy-services', 'node dist/cli.mjs', null],
  ['/home/anna/cloudy-services/dist/cli.mjs', '/home/anna', 'node cloudy-services/dist/cli.mjs', null],
])('the command of %s, called in %s, is %s, and its unit %s', (script, folder, command, unit) => {
  expect(commandOf(script, folder)).toBe(command);
  expect(unitOf(script)).toBe(unit);
});
