/** Trackers over UDP and by HTTP, and what is none. */
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import bittorrent from '../../plugin/services/bittorrent/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { closedPort, context, startPage, tcpServer, type UdpFrom, udpServer, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

const probe = (of: Target, asked = context()) => bittorrent.probe(of, asked);
const taken = ({ datagram, reply }: UdpFrom) =>
  reply(Buffer.concat([Buffer.from([0, 0, 0, 0]), datagram.subarray(12, 16), Buffer.alloc(8, 7)]));
const REASON = 'd14:failure reason17:missing info_hashe';

describe('bittorrent', () => {
  it('a tracker that repeats the number takes this node, which has announced nothing', async () => {
    const asked = context();
    const seen: string[] = [];
    const server = await udpServer((from) => {
      seen.push(from.datagram.toString('hex', 0, 12));
      taken(from);
    });
    const samples = [{ metric: 'answer', value: expect.any(Number), method: 'bittorrent' }];
    expect(await probe(server, asked)).toEqual({ level: 3, samples, facts: {} });
    expect(seen).toEqual(['000004172710198000000000']);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(bittorrent.cost.bytes);
  });

  it('one that has HTTP only refuses nothing at all with a reason', async () => {
    const asked: string[] = [];
    const server = await webServer(({ url }, response) => {
      asked.push(url ?? '');
      response.end(REASON);
    });
    const samples = [{ metric: 'answer', value: expect.any(Number), method: 'http' }];
    expect(await probe(server)).toEqual({ level: 3, samples, facts: { scheme: 'http' } });
    expect(asked).toEqual(['/announce']);
  });

  it('one that answers with an error declines', async () => {
    const server = await udpServer(({ datagram, reply }) =>
      reply(Buffer.concat([Buffer.from([0, 0, 0, 3]), datagram.subarray(12, 16), Buffer.from('no')])),
    );
    expect(await probe(server)).toEqual({ level: 3, reason: 'refuses-me' });
  });

  it.each<[string, (from: UdpFrom) => void]>([
    ['with another number', ({ reply }) => reply(Buffer.alloc(16))],
    ['cut short', ({ datagram, reply }) => reply(Buffer.concat([Buffer.alloc(4), datagram.subarray(12, 16)]))],
    ['of an echo', ({ datagram, reply }) => reply(datagram)],
  ])('an answer %s is none', async (_, hear) => {
    expect(await probe(await udpServer(hear))).toEqual({ level: 2, reason: 'wrong-protocol' });
  });

  it('a web server is none, and neither is what hangs up, is silent or closed', async () => {
    const results = [
      await startPage(),
      await tcpServer((socket) => socket.end()),
      await udpServer(),
      await closedPort(),
    ];
    expect(await Promise.all(results.map((one) => probe(one)))).toEqual([
      { level: 2, reason: 'wrong-protocol', detail: 'HTTP 200' },
      { level: 2, reason: 'closed' },
      { level: 1, reason: 'refused' },
      { level: 1, reason: 'refused' },
    ]);
  });

  it('is no client that looks for others on the local network', async () => {
    const { canonical } = await loadServices();
    expect(canonical('bittorrent', '-KT5200-a1b2c3d4e5f6__xyz')).toBe('other');
    expect(['', 'Tracker of the ateneu', '-KT-'].map((name) => canonical('bittorrent', name))).toEqual(
      Array(3).fill('bittorrent'),
    );
  });

  it('is an address for a program, as it was found', () => {
    const tracker = provider({ port: 6_969 });
    expect(said(bittorrent.use(tracker))).toEqual([
      'udp://10.1.2.3:6969/announce',
      '&tr=udp%3A%2F%2F10.1.2.3%3A6969%2Fannounce',
    ]);
    expect(said(bittorrent.use({ ...tracker, facts: { scheme: 'http' } }))[0]).toBe('http://10.1.2.3:6969/announce');
  });
});
