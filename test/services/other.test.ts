/** Services of unknown kinds: listed with what they announce, and their port looked at. */
import { describe, expect, it } from 'vitest';
import other from '../../plugin/services/other.js';
import { closedPort, context, deadHost, tcpServer, udpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

describe('other', () => {
  it('an open port is level 2 with a round-trip time', async () => {
    expect(await other.probe(await tcpServer(), context())).toEqual({
      level: 2,
      samples: [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }],
      facts: {},
    });
  });

  it('a closed port shows a living machine: the service may be one of UDP', async () => {
    expect(await other.probe(await closedPort(), context())).toEqual({ level: 1, samples: [], facts: {} });
  });

  it('a silent port of a node that gossips shows a living machine too, and of any other nothing', async () => {
    const host = await deadHost();
    const gossip = await udpServer(
      ({ datagram, reply }) => reply(Buffer.concat([Buffer.from('0281a55365714e6f', 'hex'), datagram.subarray(8, 13)])),
      { address: host.address },
    );
    const [alive, dead] = await Promise.all([
      other.probe({ ...host, gossip }, context()),
      other.probe(host, context()),
    ]);
    expect(alive).toMatchObject({ level: 1, facts: {} });
    expect(alive.samples?.map(({ metric }) => metric)).toEqual(['rtt', 'rtt', 'jitter', 'loss']);
    expect(dead).toEqual({ level: 0, reason: 'timeout' });
  });

  it('gives address and port, since nobody knows how to use it', () => {
    expect(said(other.use(provider({ address: 'fd00::1', port: 1234 })))).toEqual(['[fd00::1]:1234']);
    // A port that is most often one of the web is worth a try.
    expect(said(other.use(provider({ address: 'fd00::1', port: 8080 })))[1]).toBe('http://[fd00::1]:8080/');
    expect(said(other.use(provider({ port: 8443 })))[1]).toBe('https://10.1.2.3:8443/');
    expect(other.use(provider({ port: null }))).toEqual([]);
  });

  it('shows every attribute as announced, those without key too', () => {
    const shown = other.describe?.(
      new Map([
        ['path', '/dav'],
        ['', 'bare'],
      ]),
    );
    expect(shown).toMatchObject([
      { label: { ca: 'path' }, value: '/dav' },
      { label: { en: 'Text' }, value: 'bare' },
    ]);
  });

  it('gives the announced link to copy, of its checked parts alone', () => {
    const announced = (scheme: string, path: string) =>
      said(other.use(provider({ port: 554, txt: new Map(Object.entries({ scheme, path })) })));
    expect(announced('rtsp', '/live')).toEqual(['10.1.2.3:554', 'rtsp://10.1.2.3:554/live']);
    expect(announced('rtsp', '/x?password=a')).toEqual(['10.1.2.3:554', 'rtsp://10.1.2.3:554']);
    expect(announced('a b', '/')).toEqual(['10.1.2.3:554']);
  });
});
