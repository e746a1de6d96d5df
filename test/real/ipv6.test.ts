/** Providers on IPv6 addresses alone: the probes meet the real programs there. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeResult } from '../../plugin/probe/index.js';
import { Network } from './namespaces.js';

const net = new Network();
afterAll(() => net.remove());

/** What was found, by the address of the provider. */
const found = new Map<string, Map<string, ProbeResult>>();
const ADDRESSES = ['::1', 'fd95::2'];

beforeAll(async () => {
  net.add('here');
  net.exec('here', 'ip', 'addr', 'add', 'fd95::2/128', 'dev', 'lo', 'nodad');
  for (const address of ADDRESSES) {
    const program = await net.node('here', join(import.meta.dirname, 'ipv6-program.ts'), { args: [address] });
    const lines: string[] = [];
    await program.says((said) => {
      lines.splice(0, lines.length, ...said.split('\n'));
      return lines.includes('done');
    }, 60_000);
    found.set(address, new Map(lines.filter((line) => line.startsWith('[')).map((line) => JSON.parse(line))));
  }
}, 120_000);

describe.each(ADDRESSES)('over IPv6, at %s', (address) => {
  const result = (name: string) => found.get(address)?.get(name);
  const metrics = (name: string) => result(name)?.samples?.map(({ metric, method }) => `${metric} ${method}`);

  it('BIND is known by its zones, over UDP and TCP', () => {
    expect(result('dnsservice')).toMatchObject({
      level: 4,
      facts: { zones: 'guifi.net', recursion: 'yes', tcp: 'yes' },
    });
    expect(metrics('dnsservice')).toEqual(['answer udp', 'loss udp', 'resolves udp', 'zones udp', 'age udp']);
  });

  it('a Serf agent answers to its name', () => {
    expect(result('serf')).toMatchObject({ level: 4 });
    expect(metrics('serf')).toEqual(['rtt serf-ping', 'loss serf-ping']);
  });

  it('a proxy and any web server are asked', () => {
    expect(result('proxy3')).toMatchObject({ level: 3, facts: { login: 'yes' } });
    expect(metrics('proxy3')).toEqual(['rtt tcp-connect', 'ttfb http']);
    expect(result('Docker')).toMatchObject({ level: 3 });
  });

  it('Syncthing and a foolscap tub are known by their keys', () => {
    expect(result('syncthing')).toMatchObject({ level: 4 });
    expect(result('tahoe-lafs')).toMatchObject({ level: 4 });
    expect(metrics('syncthing')).toEqual(['rtt tcp-connect', 'handshake tls']);
  });

  it('a port is open, and a closed one refuses', () => {
    expect(result('other')).toMatchObject({ level: 2 });
    for (const type of ['dnsservice', 'serf', 'proxy3', 'syncthing']) {
      expect(result(`closed ${type}`)).toEqual({ level: 1, reason: 'refused' });
    }
    expect(result('closed other')).toEqual({ level: 1, samples: [], facts: {} });
  });
});
