/** Exchanges that answer, refuse, are out of order, or are none. */
import { describe, expect, it } from 'vitest';
import voip, { callQuality } from '../../plugin/services/voip/index.js';
import { closedPort, context, type UdpFrom, udpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

/** As an exchange repeats the headers of the question. */
const answerTo = (datagram: Buffer, status = '200 OK', more = 'Server: kamailio (5.6.3)\r\n') =>
  Buffer.from(
    datagram
      .toString()
      .replace(/^.*\r\n/, `SIP/2.0 ${status}\r\n`)
      .replace('Content-', `${more}Content-`),
  );
const probe = async (hear?: (from: UdpFrom) => void, of = context()) => voip.probe(await udpServer(hear), of);
const jitter = { metric: 'jitter', value: expect.any(Number), method: 'sip' };
const samples = (lost = 0) => [
  { metric: 'rtt', value: expect.any(Number), method: 'sip' },
  ...[jitter, jitter],
  { metric: 'loss', value: lost, method: 'sip' },
];

describe('voip', () => {
  it('an exchange that repeats the question’s words is one, and a call there would sound good', async () => {
    const asked = context();
    const result = await probe(({ datagram, reply }) => reply(answerTo(datagram)), asked);
    expect(result).toEqual({ level: 3, samples: samples(), facts: { call: 'good', software: 'kamailio (5.6.3)' } });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(voip.cost.bytes);
  });

  it.each(['401 Unauthorized', '403 Forbidden', '404 Not Found', '405 Method Not Allowed'])(
    'one that says %s is one',
    async (status) => {
      const result = await probe(({ datagram, reply }) => reply(answerTo(datagram, status, '')));
      expect(result).toEqual({ level: 3, samples: samples(), facts: { call: 'good' } });
    },
  );

  it('one that is out of order fails', async () => {
    const result = await probe(({ datagram, reply }) => reply(answerTo(datagram, '503 Service Unavailable')));
    expect(result).toEqual({ level: 3, reason: 'broken', detail: 'SIP 503' });
  });

  it.each<[string, (datagram: Buffer) => Buffer]>([
    [
      'to another question',
      (datagram) =>
        Buffer.from(
          answerTo(datagram)
            .toString()
            .replace(/Call-ID: ..../, 'Call-ID: zzzz'),
        ),
    ],
    ['with another branch', (datagram) => Buffer.from(answerTo(datagram).toString().replace('z9hG4bK', 'z9hG4bK0'))],
    ['that is only on its way', (datagram) => answerTo(datagram, '100 Trying')],
    ['of an echo', (datagram) => datagram],
    ['of another program', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('an answer %s is none', async (_, change) => {
    expect(await probe(({ datagram, reply }) => reply(change(datagram)))).toMatchObject({
      level: 2,
      reason: 'wrong-protocol',
    });
  });

  it('silence is a timeout, a closed port a refusal', async () => {
    expect(await probe()).toEqual({ level: 0, reason: 'timeout' });
    expect(await voip.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it.each([
    [10, 2, 0, 'good'],
    [300, 5, 0, 'good'],
    [500, 30, 0, 'usable'],
    [10, 2, 0.05, 'usable'],
    [10, 2, 0.3, 'bad'],
    [900, 50, 0, 'bad'],
  ])('a call with %d ms, jitter of %d ms and %d lost would sound %s', (rtt, jitter, loss, quality) => {
    const all = Object.entries({ rtt, jitter, loss }).map(([metric, value]) => ({ metric, value, method: 'sip' }));
    expect(callQuality(all)).toBe(quality);
  });

  it('is a server for a telephone', () => {
    expect(said(voip.use(provider({ port: 5_060 })))).toEqual(['note', '10.1.2.3:5060']);
  });
});
