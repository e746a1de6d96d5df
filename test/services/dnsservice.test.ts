/** Name servers that behave, refuse, fail, lie, are slow or silent. */
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE, TRUNCATED_RESPONSE } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import dnsservice from '../../plugin/services/dnsservice.js';
import { closedPort, context, tcpServer, udpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

interface Reply {
  readonly flags?: number;
  readonly answers?: Answer[];
  readonly afterMs?: number;
}
const SERIAL = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
const soa = (mname: string): Answer => ({
  type: 'SOA',
  name: '10.in-addr.arpa',
  data: { mname, rname: 'nobody.guifi.net', serial: SERIAL },
});
const GUIFI: Reply = { flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE, answers: [soa('ns1.guifi.net')] };
const NAME_ERROR: Reply = { flags: 3 };

/** A name server that answers each kind of question as told; null stays silent. */
function nameServer(replies: { SOA: Reply | null; PTR?: Reply | null; A?: Reply | null }): Promise<Target> {
  return udpServer(({ datagram, reply }) => {
    const { id = 0, questions = [] } = decode(datagram);
    const given = { PTR: NAME_ERROR, A: NAME_ERROR, ...replies }[questions[0]?.type as 'SOA' | 'PTR' | 'A'];
    if (!given) return;
    const { flags = 0, answers = [], afterMs = 0 } = given;
    setTimeout(() => reply(encode({ type: 'response', id, flags, questions, answers })), afterMs);
  });
}
const probe = (target: Target, of = context()) => dnsservice.probe(target, of);
const sampled = (result: Awaited<ReturnType<typeof probe>>, metric: string) =>
  result.samples?.find((sample) => sample.metric === metric)?.value;

describe('dnsservice, a server of guifi.net', () => {
  it('is who it claims to be, with time, loss, zones and what it says of itself', async () => {
    const asked = context();
    const own: Answer = { type: 'PTR', name: '1.0.0.127.in-addr.arpa', data: 'node7--1234.ip.guifi.net' };
    const server = await nameServer({ SOA: GUIFI, PTR: { answers: [own] } });
    expect(await probe(server, asked)).toEqual({
      level: 4,
      samples: [
        { metric: 'answer', value: expect.any(Number), method: 'udp' },
        { metric: 'loss', value: 0, method: 'udp' },
        { metric: 'zones', value: 1, method: 'udp' },
      ],
      facts: {
        zones: 'guifi.net',
        recursion: 'yes',
        updated: '2026-01-02T03:04:05.000Z',
        name: 'node7--1234.ip.guifi.net',
      },
    });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(dnsservice.cost.bytes);
  });

  it('that is slow is slow, not silent', async () => {
    const result = await probe(await nameServer({ SOA: { ...GUIFI, afterMs: 300 } }));
    expect(sampled(result, 'answer')).toBeGreaterThan(290);
  });

  it('that lets the other questions go unanswered is none the worse for it', async () => {
    expect(await probe(await nameServer({ SOA: GUIFI, PTR: null, A: null }))).toMatchObject({ level: 4 });
  });

  it('that answers only the second try has lost one of two', async () => {
    let tries = 0;
    const server = await udpServer(({ datagram, reply }) => {
      tries += 1;
      const { id = 0, questions = [] } = decode(datagram);
      if (tries > 1) reply(encode({ type: 'response', id, questions, ...GUIFI } as Parameters<typeof encode>[0]));
    });
    expect(sampled(await probe(server), 'loss')).toBe(0.5);
  });
});

describe('dnsservice, another server', () => {
  it('that is authority for the zone by itself, as unbound is, is a generic resolver', async () => {
    const result = await probe(await nameServer({ SOA: { ...GUIFI, answers: [soa('localhost')] } }));
    expect(result).toMatchObject({ level: 3, facts: { zones: 'generic' } });
    expect(sampled(result, 'zones')).toBe(0);
  });

  it('that has the zones from elsewhere serves them, but is not the server', async () => {
    const result = await probe(await nameServer({ SOA: { flags: RECURSION_AVAILABLE, answers: GUIFI.answers ?? [] } }));
    expect(result).toMatchObject({ level: 3, facts: { zones: 'guifi.net' } });
    expect(sampled(result, 'zones')).toBe(1);
  });

  it.each([
    ['refuses us', { flags: 5 }, 'refuses-me', 'REFUSED'],
    ['fails', { flags: 2 }, 'broken', 'SERVFAIL'],
    ['knows no such question', { flags: 4 }, 'broken', 'error code 4'],
    ['cuts its answer short', { flags: TRUNCATED_RESPONSE }, 'broken', 'cut its answer short'],
  ] as const)('that %s speaks DNS and carries no number', async (_, reply, reason, detail) => {
    expect(await probe(await nameServer({ SOA: reply }))).toEqual({ level: 3, reason, detail });
  });

  it('that finds an address for a name that cannot exist is broken', async () => {
    const invented: Answer = { type: 'A', name: 'any.invalid', data: '10.66.6.6' };
    const result = await probe(await nameServer({ SOA: GUIFI, A: { answers: [invented] } }));
    expect(result).toEqual({ level: 3, reason: 'broken', detail: 'gives an address for names that do not exist' });
  });

  it('of another protocol, a silent and a closed port are told apart', async () => {
    const echo = await udpServer(({ datagram, reply }) => reply(datagram));
    const results = await Promise.all(
      [echo, await udpServer(), await tcpServer(), await closedPort()].map((one) => probe(one)),
    );
    expect(results).toEqual([
      { level: 2, reason: 'wrong-protocol' },
      { level: 0, reason: 'timeout' },
      { level: 1, reason: 'refused' },
      { level: 1, reason: 'refused' },
    ]);
  });
});

describe('dnsservice, its use', () => {
  it('is a line for resolv.conf, IPv6 without brackets', () => {
    expect(said(dnsservice.use(provider({ port: 53 })))).toEqual([
      'dig @10.1.2.3 -p 53 10.in-addr.arpa SOA',
      'nameserver 10.1.2.3',
      'note',
    ]);
    expect(said(dnsservice.use(provider({ address: 'fd00::1', port: 53 })))).toContain('nameserver fd00::1');
  });

  it('on another port is a line for dnsmasq, for resolv.conf knows none', () => {
    expect(said(dnsservice.use(provider({ port: 5353 })))).toContain('server=10.1.2.3#5353');
    expect(dnsservice.use(provider({ port: null }))).toEqual([]);
  });

  it('has no attributes of its own', () => {
    expect(dnsservice.describe(new Map([['any', 'thing']]))).toEqual([]);
  });
});
