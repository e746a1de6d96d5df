/** Time servers that are right, not set, wrong, unfriendly, or none. */
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import ntp from '../../plugin/services/ntp/index.js';
import { closedPort, context, type UdpFrom, udpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

interface Says {
  readonly first?: number;
  readonly stratum?: number;
  readonly code?: string;
  readonly aheadMs?: number;
  readonly delayMs?: number;
}

/** As a server of RFC 5905 answers. */
function answerTo(datagram: Buffer, { first = 0x24, stratum = 2, code = '', aheadMs = 0, delayMs = 20 }: Says = {}) {
  const answer = Buffer.alloc(48);
  answer[0] = first;
  answer[1] = stratum;
  answer.writeUInt32BE(Math.round((delayMs / 1_000) * 65_536), 4);
  answer.writeUInt32BE(655, 8);
  answer.write(code, 12, 'latin1');
  datagram.copy(answer, 24, 40, 48);
  answer.writeUInt32BE(Math.floor((Date.now() + aheadMs) / 1_000) + 2_208_988_800, 40);
  return answer;
}
const saying =
  (says: Says = {}) =>
  ({ datagram, reply }: UdpFrom) =>
    reply(answerTo(datagram, says));
const probe = async (hear?: (from: UdpFrom) => void, more: Partial<Target> = {}, of = context()) =>
  ntp.probe({ ...(await udpServer(hear)), ...more }, of);
const samples = (loss = 0) => [
  { metric: 'rtt', value: expect.any(Number), method: 'ntp' },
  { metric: 'loss', value: loss, method: 'ntp' },
  { metric: 'distance', value: expect.closeTo(20, 0), method: 'ntp' },
];

describe('ntp', () => {
  it('a server that repeats the question’s number tells the time, and how wrong it may be', async () => {
    const asked = context();
    const seen: Buffer[] = [];
    const hear = (from: UdpFrom) => {
      seen.push(from.datagram);
      saying()(from);
    };
    expect(await probe(hear, {}, asked)).toEqual({ level: 3, samples: samples(), facts: { stratum: '2' } });
    expect(seen.map(({ length, 0: first }) => [length, first])).toEqual([[48, 0x23]]);
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(ntp.cost.bytes);
  });

  it('a lost first question counts as loss', async () => {
    let questions = 0;
    const second = (from: UdpFrom) => {
      questions += 1;
      if (questions > 1) saying()(from);
    };
    expect(await probe(second)).toMatchObject({
      samples: samples(0.5),
    });
  });

  it.each<[string, Says, object]>([
    ['was never set', { first: 0xe4 }, { level: 3, reason: 'broken', detail: 'its own clock is not set' }],
    ['has lost its source', { stratum: 16 }, { level: 3, reason: 'broken' }],
    ['starts just now', { stratum: 0, code: 'INIT' }, { level: 3, reason: 'broken' }],
    ['turns away', { stratum: 0, code: 'DENY' }, { level: 3, reason: 'refuses-me', detail: 'DENY' }],
    ['has been asked too often', { stratum: 0, code: 'RATE' }, { level: 3, reason: 'refuses-me', detail: 'RATE' }],
  ])('a server that %s fails', async (_, says, result) => {
    expect(await probe(saying(says))).toMatchObject(result);
  });

  it('a wrong clock is told only where this node’s own is set', async () => {
    const wrong = saying({ aheadMs: 3_600_000 });
    expect(await probe(wrong)).toMatchObject({ level: 3, samples: samples() });
    const own = new Map([['clock', 'set']]);
    expect(await probe(wrong, { own })).toEqual({
      level: 3,
      reason: 'broken',
      detail: expect.stringMatching(/^its clock is 3[56]\d\d s ahead$/),
    });
    expect(await probe(saying(), { own })).toMatchObject({ level: 3, samples: samples() });
  });

  it.each<[string, (answer: Buffer) => Buffer]>([
    ['of another question', (answer) => Buffer.from(answer.fill(7, 24, 32))],
    ['cut short', (answer) => answer.subarray(0, 47)],
    ['that is a question', (answer) => Buffer.concat([Buffer.from([0x23]), answer.subarray(1)])],
    ['of another program', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('an answer %s is none', async (_, change) => {
    const hear = ({ datagram, reply }: UdpFrom) => reply(change(answerTo(datagram)));
    expect(await probe(hear)).toEqual({ level: 2, reason: 'wrong-protocol' });
  });

  it('silence is a timeout, a closed port a refusal', async () => {
    expect(await probe()).toEqual({ level: 0, reason: 'timeout' });
    expect(await ntp.probe(await closedPort(), context())).toEqual({ level: 1, reason: 'refused' });
  });

  it('is a line for each program that sets clocks, and for chrony alone at another port', async () => {
    expect(said(ntp.use(provider({ port: 123 })))).toEqual(['10.1.2.3', 'NTP=10.1.2.3', 'server 10.1.2.3 iburst']);
    expect(said(ntp.use(provider({ port: 1_123 })))).toEqual(['server 10.1.2.3 port 1123 iburst']);
    expect(await ntp.introduce?.(provider())).toBeInstanceOf(Map);
  });
});
