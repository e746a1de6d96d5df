/** Exchanges that answer, refuse, are out of order, or are none. */
import { describe, expect, it } from 'vitest';
import voip, { callQuality, callRating } from '../../plugin/services/voip/index.js';
import { closedPort, context, tcpServer, type UdpFrom, udpServer } from '../probe/servers.js';
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
  { metric: 'call', value: expect.any(Number), method: 'sip' },
];

describe('voip', () => {
  it('an exchange that repeats the question’s words is one, and a call there is rated', async () => {
    const asked = context();
    const result = await probe(({ datagram, reply }) => reply(answerTo(datagram)), asked);
    expect(result).toEqual({
      level: 3,
      samples: samples(),
      facts: { call: expect.any(String), software: 'kamailio (5.6.3)' },
    });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(voip.cost.bytes);
  });

  it.each(['401 Unauthorized', '403 Forbidden', '404 Not Found', '405 Method Not Allowed'])(
    'one that says %s is one',
    async (status) => {
      const result = await probe(({ datagram, reply }) => reply(answerTo(datagram, status, '')));
      expect(result).toEqual({ level: 3, samples: samples(), facts: { call: expect.any(String) } });
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

  it('silence is a timeout, of a machine that is alive where TCP is refused; a closed port is a refusal', async () => {
    expect(await probe()).toEqual({ level: 1, reason: 'timeout' });
    expect(await voip.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it.each([
    [10, 2, 0, 'good'],
    [300, 5, 0, 'good'],
    [500, 30, 0, 'fair'],
    [10, 2, 0.05, 'fair'],
    [10, 2, 0.3, 'poor'],
    [900, 50, 0, 'poor'],
  ])('a call with %d ms, jitter of %d ms and %d lost would sound %s', (rtt, jitter, lost, quality) => {
    expect(callQuality(callRating({ times: [rtt, rtt + jitter], lost }))).toBe(quality);
  });

  it('rates a call from 0 to 93.2, worse with delay, jitter and loss', () => {
    const ratings = [
      { times: [1], lost: 0 },
      { times: [200], lost: 0 },
      { times: [200, 260], lost: 0 },
      { times: [200, 260], lost: 0.02 },
      { times: [90_000], lost: 1 },
    ].map(callRating);
    expect(ratings).toEqual(ratings.toSorted((a, b) => b - a));
    expect(new Set(ratings).size).toBe(ratings.length);
    expect(ratings[0]).toBeLessThanOrEqual(93.2);
    expect(ratings.at(-1)).toBe(0);
  });

  it('is a server for a telephone', () => {
    expect(said(voip.use(provider({ port: 5_060 })))).toEqual(['note', '10.1.2.3:5060']);
    const overTcp = { ...provider({ port: 5_060 }), facts: { transport: 'TCP' } };
    expect(said(voip.use(overTcp))).toEqual(['note', '10.1.2.3:5060', 'note']);
  });
});

describe('voip, over TCP', () => {
  /** An exchange on TCP that has this for each question. */
  const exchange = (answer: (question: Buffer) => Buffer | string) =>
    tcpServer((socket) => socket.on('data', (question: Buffer) => socket.write(answer(question))));
  const overTcp = async (answer: (question: Buffer) => Buffer | string, asked = context()) =>
    voip.probe(await exchange(answer), asked);

  it('an exchange without UDP is one, and its calls are rated by delay and jitter', async () => {
    const asked = context();
    const questions: string[] = [];
    const result = await overTcp((question) => {
      questions.push(question.toString());
      return answerTo(question);
    }, asked);
    const call = { metric: 'call', value: expect.any(Number), method: 'sip' };
    const rtt = { metric: 'rtt', value: expect.any(Number), method: 'sip' };
    expect(result).toEqual({
      level: 3,
      samples: [rtt, jitter, jitter, call],
      facts: { call: expect.any(String), transport: 'TCP', software: 'kamailio (5.6.3)' },
    });
    expect(questions.every((question) => /^Via: SIP\/2\.0\/TCP /m.test(question))).toBe(true);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(voip.cost.bytes);
  });

  it('reads an answer in pieces, and one behind a promise of it', async () => {
    const pieces = await tcpServer((socket) =>
      socket.on('data', (question: Buffer) => {
        const answer = Buffer.concat([answerTo(question, '100 Trying'), answerTo(question)]);
        for (let at = 0; at < answer.length; at += 100) socket.write(answer.subarray(at, at + 100));
      }),
    );
    expect(await voip.probe(pieces, context())).toMatchObject({ level: 3, facts: { transport: 'TCP' } });
  });

  it('one that answers once counts as far as that goes', async () => {
    const once = await tcpServer((socket) =>
      socket.once('data', (question: Buffer) => socket.end(answerTo(question, '404 Not Found', ''))),
    );
    expect(await voip.probe(once, context())).toMatchObject({ level: 3, facts: { transport: 'TCP' } });
  });

  it.each<[string, (question: Buffer) => Buffer | string, string]>([
    ['is out of order', (question) => answerTo(question, '503 Service Unavailable'), '3 broken'],
    ['speaks something else', () => 'HTTP/1.1 400 Bad Request\r\n\r\n', '2 wrong-protocol'],
    ['repeats the question', (question) => question, '2 wrong-protocol'],
    ['answers another question', () => answerTo(Buffer.from('OPTIONS x\r\nCall-ID: 1\r\n\r\n')), '2 timeout'],
    ['never ends its answer', () => `SIP/2.0 200 OK\r\n${'X: y\r\n'.repeat(1_000)}`, '2 too-large'],
    ['promises an answer for ever', (question) => answerTo(question, '100 Trying'), '2 timeout'],
  ])('one that %s has failed', async (_, answer, expected) => {
    const result = await overTcp(answer);
    expect(`${result.level} ${'reason' in result ? result.reason : ''}`).toBe(expected);
  });

  it('one that hangs up has closed', async () => {
    const server = await tcpServer((socket) => socket.end());
    expect(await voip.probe(server, context())).toEqual({ level: 2, reason: 'closed' });
  });
});
