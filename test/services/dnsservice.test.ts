/** Name servers that behave, refuse, fail, lie, are slow or silent. */

import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE, TRUNCATED_RESPONSE } from 'dns-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LANGUAGES } from '../../plugin/model/language.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import type { Target } from '../../plugin/probe/index.js';
import { attemptOnce } from '../../plugin/scan/attempt.js';
import { LagGuard } from '../../plugin/scan/lag.js';
import { toScore } from '../../plugin/score/index.js';
import dnsservice from '../../plugin/services/dnsservice/index.js';
import { closedPort, context, tcpServer, udpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

interface Reply {
  readonly flags?: number;
  readonly answers?: Answer[];
  readonly afterMs?: number;
  /** How long the event loop stands still once it is sent. */
  readonly heldMs?: number;
}
/** Generated three hours ago. */
const SERIAL = Math.floor(Date.now() / 1000) - 3 * 3_600;
const soa = (mname: string, serial = SERIAL): Answer => ({
  type: 'SOA',
  name: '10.in-addr.arpa',
  data: { mname, rname: 'nobody.guifi.net', serial },
});
const GUIFI: Reply = { flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE, answers: [soa('ns1.guifi.net')] };
const NAME_ERROR: Reply = { flags: 3 };

/** `A`: a name that does not exist; `outside` and `local`: those that resolvers and small servers know. */
type Question = 'SOA' | 'PTR' | 'A' | 'outside' | 'local' | 'TCP';
const OUTSIDE = 'guifi.net';
const resolved: Reply = {
  flags: RECURSION_AVAILABLE,
  answers: [{ type: 'A', name: OUTSIDE, data: '109.69.10.1' }],
};
const REFUSED: Reply = { flags: 5 };
const REFUSES_ALL = { SOA: REFUSED, PTR: REFUSED, A: REFUSED, outside: REFUSED, local: REFUSED };

function asked(query: Buffer): Exclude<Question, 'TCP'> {
  const [{ name = '', type } = {}] = decode(query).questions ?? [];
  if (type !== 'A') return type as 'SOA' | 'PTR';
  return name === OUTSIDE ? 'outside' : name === 'localhost' ? 'local' : 'A';
}

/** A name server with a given answer to each kind of question, and to the first over TCP; null stays silent. */
async function nameServer(told: Partial<Record<Question, Reply | null>>): Promise<Target> {
  const replies = {
    PTR: NAME_ERROR,
    A: NAME_ERROR,
    outside: resolved,
    local: NAME_ERROR,
    TCP: told.SOA ?? null,
    ...told,
  };
  const compose = (query: Buffer, of: Question) => {
    const { id = 0, questions = [] } = decode(query);
    const { flags = 0, answers = [] } = replies[of] ?? {};
    return encode({ type: 'response', id, flags, questions, answers });
  };
  const server = await tcpServer((socket) => {
    socket.once('data', (query: Buffer) => {
      if (!replies.TCP) return void socket.destroy();
      const isLookup = asked(query.subarray(2)) === 'outside';
      const answer = compose(query.subarray(2), isLookup ? 'outside' : 'TCP');
      socket.write(Buffer.of(answer.length >> 8));
      socket.end(Buffer.concat([Buffer.of(answer.length & 0xff), answer]));
    });
  });
  return udpServer(({ datagram, reply }) => {
    const of = asked(datagram);
    const answer = replies[of];
    if (!answer) return;
    setTimeout(() => {
      reply(compose(datagram, of));
      // Sent by then, and not read yet: that is what lies in the kernel while the loop stands still.
      process.nextTick(() => hold(answer.heldMs ?? 0));
    }, answer.afterMs ?? 0);
  }, server);
}
const probe = (target: Target, of = context()) => dnsservice.probe(target, of);
const sampled = (result: Awaited<ReturnType<typeof probe>>, metric: string) =>
  result.samples?.find((sample) => sample.metric === metric)?.value;

describe('dnsservice, a server of guifi.net', () => {
  it('is who it claims to be, with time, loss, zones and what it says of itself', async () => {
    const of = context();
    const own: Answer = { type: 'PTR', name: '1.0.0.127.in-addr.arpa', data: 'node7--1234.ip.guifi.net' };
    const server = await nameServer({ SOA: GUIFI, PTR: { answers: [own] } });
    expect(await probe(server, of)).toEqual({
      level: 4,
      samples: [
        { metric: 'answer', value: expect.any(Number), method: 'udp' },
        { metric: 'loss', value: 0, method: 'udp' },
        { metric: 'resolves', value: 1, method: 'udp' },
        { metric: 'zones', value: 1, method: 'udp' },
        { metric: 'age', value: expect.closeTo(3, 1), method: 'udp' },
      ],
      facts: {
        zones: 'guifi.net',
        resolves: 'yes',
        recursion: 'yes',
        tcp: 'yes',
        updated: new Date(SERIAL * 1000).toISOString(),
        name: 'node7--1234.ip.guifi.net',
      },
    });
    // With the headers of ten datagrams and of ten packets over TCP.
    expect(of.traffic.sent + of.traffic.received + 10 * 28 + 10 * 52).toBeLessThan(dnsservice.cost.bytes);
  });

  it('that is slow is slow, not silent', async () => {
    const result = await probe(await nameServer({ SOA: { ...GUIFI, afterMs: 300 } }));
    expect(sampled(result, 'answer')).toBeGreaterThan(290);
  });

  it('that leaves the other questions unanswered loses nothing by it', async () => {
    expect(await probe(await nameServer({ SOA: GUIFI, PTR: null, A: null }))).toMatchObject({ level: 4 });
  });

  it('that hangs up on TCP is reported, and does not fail', async () => {
    const server = await nameServer({ SOA: GUIFI, TCP: null });
    expect(await probe(server)).toMatchObject({ level: 4, facts: { tcp: 'no' } });
  });

  it.each([
    ['a counter', 42],
    ['a date in digits', 2_099_010_203],
  ])('whose serial is %s has no known age', async (_, serial) => {
    const result = await probe(await nameServer({ SOA: { ...GUIFI, answers: [soa('ns1.guifi.net', serial)] } }));
    expect(sampled(result, 'age')).toBeUndefined();
    expect(result).toMatchObject({ level: 4, facts: expect.not.objectContaining({ updated: expect.anything() }) });
  });

  it('that answers only the second try has a loss of one half', async () => {
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
    ['refuses us', REFUSES_ALL, 'refuses-me', 'REFUSED'],
    ['fails', { SOA: { flags: 2 }, outside: { flags: 2 } }, 'broken', 'SERVFAIL'],
    ['knows no such question', { SOA: { flags: 4 }, outside: { flags: 4 } }, 'broken', 'error code 4'],
    ['cuts its answer short', { SOA: { flags: TRUNCATED_RESPONSE } }, 'broken', 'cut its answer short'],
  ] as const)('that %s speaks DNS and carries no number', async (_, replies, reason, detail) => {
    expect(await probe(await nameServer(replies))).toEqual({ level: 3, reason, detail });
  });

  it('that cuts its answers over UDP is judged by those over TCP, in the time that both take', async () => {
    const cut = { flags: AUTHORITATIVE_ANSWER | TRUNCATED_RESPONSE };
    const server = await nameServer({ SOA: { ...cut, afterMs: 40 }, TCP: GUIFI });
    const result = await probe(server);
    expect(result).toMatchObject({ level: 4, facts: { zones: 'guifi.net', resolves: 'yes', tcp: 'yes' } });
    expect(sampled(result, 'answer')).toBeGreaterThan(40);
  });

  it('that says it cut an answer that has come whole is judged by it, without TCP too', async () => {
    const cut = { ...GUIFI, flags: AUTHORITATIVE_ANSWER | TRUNCATED_RESPONSE };
    expect(await probe(await nameServer({ SOA: cut, TCP: null }))).toMatchObject({ level: 4, facts: { tcp: 'no' } });
  });

  it('that cuts the answer of a lookup is asked for that over TCP too', async () => {
    let overTcp = 0;
    const whole = (query: Buffer, more: object) => {
      const { id = 0, questions = [] } = decode(query);
      return encode({ type: 'response', id, questions, ...more } as Parameters<typeof encode>[0]);
    };
    const tcp = await tcpServer((socket) =>
      socket.once('data', (query: Buffer) => {
        overTcp += 1;
        const answer = whole(query.subarray(2), asked(query.subarray(2)) === 'outside' ? resolved : GUIFI);
        socket.end(Buffer.concat([Buffer.of(answer.length >> 8, answer.length & 0xff), answer]));
      }),
    );
    const server = await udpServer(({ datagram, reply }) => reply(whole(datagram, { flags: TRUNCATED_RESPONSE })), tcp);
    expect(await probe(server)).toMatchObject({ level: 4, facts: { zones: 'guifi.net', resolves: 'yes' } });
    expect(overTcp).toBe(2);
  });

  it.each([
    ['REFUSED', REFUSED],
    ['SERVFAIL', { flags: 2 }],
    ['silence', null],
  ])('that has %s for the zone and resolves is a working resolver', async (_, reply) => {
    const result = await probe(await nameServer({ SOA: reply }));
    expect(result).toMatchObject({ level: 3, facts: { zones: 'generic', resolves: 'yes' } });
    expect(result.samples?.map(({ metric }) => metric)).toEqual(['answer', 'loss', 'resolves', 'zones']);
  });

  it.each<readonly [string, Partial<Record<Question, Reply>>]>([
    ['the machine’s own name', { PTR: { answers: [{ type: 'PTR', name: 'any', data: 'torre.lan' }] } }],
    ['“localhost”', { local: { answers: [{ type: 'A', name: 'localhost', data: '127.0.0.1' }] } }],
  ])('that serves no name but %s refuses nobody: it only resolves nothing', async (_, known) => {
    const result = await probe(await nameServer({ ...REFUSES_ALL, ...known }));
    expect(result).toMatchObject({ level: 3, facts: { zones: 'generic', resolves: 'no' } });
    expect(sampled(result, 'resolves')).toBe(0);
  });

  it.each<readonly [string, Reply | null]>([
    ['REFUSED', REFUSED],
    ['SERVFAIL', { flags: 2 | RECURSION_AVAILABLE }],
    ['no such name', NAME_ERROR],
    ['no address', { flags: RECURSION_AVAILABLE }],
    ['silence', null],
  ])('that is authority for the zones, and has %s for a name outside, resolves nothing', async (_, outside) => {
    const result = await probe(await nameServer({ SOA: GUIFI, outside }));
    expect(result).toMatchObject({ level: 4, facts: { zones: 'guifi.net', resolves: 'no' } });
    expect(sampled(result, 'resolves')).toBe(0);
  });

  it('that finds an address for a name that cannot exist is broken', async () => {
    const invented: Answer = { type: 'A', name: 'any.invalid', data: '10.66.6.6' };
    const result = await probe(await nameServer({ SOA: GUIFI, A: { answers: [invented] } }));
    expect(result).toEqual({ level: 3, reason: 'broken', detail: 'gives an address for names that do not exist' });
  });

  it('that finds an address for a name that is not among its own is broken', async () => {
    const server = await nameServer({ SOA: GUIFI });
    const wild = await udpServer(({ datagram, reply }) => {
      const { id = 0, questions = [] } = decode(datagram);
      const [{ name = '', type } = {}] = questions;
      const anything: Answer[] = [{ type: 'A', name, data: '10.66.6.6' }];
      if (name === OUTSIDE) return;
      const answers = type === 'SOA' ? GUIFI.answers : name.endsWith('.ip.guifi.net') ? anything : [];
      reply(encode({ type: 'response', id, flags: AUTHORITATIVE_ANSWER, questions, answers: answers ?? [] }));
    });
    expect(await probe(server)).toMatchObject({ level: 4 });
    expect(await probe(wild)).toMatchObject({ level: 3, reason: 'broken' });
  });

  it('distinguishes another protocol, a silent and a closed port', async () => {
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

describe('dnsservice, the age of its data', () => {
  it('is not a measured time: it stays when our own delay invalidates those', async () => {
    const lag = new LagGuard();
    onTestFinished(() => lag.close());
    const server = await nameServer({ SOA: { ...GUIFI, heldMs: 30 } });
    const { attempt } = await attemptOnce(
      dnsservice,
      { ...provider({ address: server.address }), port: server.port },
      { lag, now: Date.now, signal: new AbortController().signal },
    );
    const samples = attempt?.reason === null ? attempt.samples : [];
    expect(samples.map(({ metric }) => metric)).toEqual(['loss', 'resolves', 'zones', 'age']);
  });

  it('is given in hours', () => {
    expect(LANGUAGES.map((language) => loadLocales()(language).measure(3.25, 'hours'))).toEqual([
      '3,3\u00a0h',
      '3,3\u00a0h',
      '3.3\u00a0h',
      '3,3\u00a0h',
    ]);
  });
});

/** Holds the event loop up for so long. */
function hold(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

describe('dnsservice, its score', () => {
  /** The score of as many probes of a server, the last one now. */
  function points(values: Readonly<Record<string, number>>, count: number): number {
    const samples = Object.entries(values).map(([metric, value]) => ({ metric, value, method: 'udp' }));
    const attempts = Array.from({ length: count }, (_, at) => {
      const base = { provider: 'p', type: 't', at: -at * 60_000, bytes: 300 };
      return { ...base, reason: null, level: 4 as const, samples, facts: {} };
    });
    return Number(toScore(dnsservice, attempts, 0).score);
  }
  const AUTHORITY = { answer: 1, loss: 0, resolves: 0, zones: 1, age: 1 };
  const resolver = (answer: number) => ({ answer, loss: 0, resolves: 1, zones: 0 });

  it.each([1, 3, 5, 30])(
    'puts any resolver above the best authority that resolves nothing, after %i probes',
    (count) => {
      expect(points(AUTHORITY, count)).toBeLessThan(points(resolver(450), count));
      expect(points(AUTHORITY, count)).toBeLessThan(50);
      expect(points(resolver(10), count)).toBeGreaterThan(55);
    },
  );

  it('puts a resolver with the community’s names above an equal one without', () => {
    expect(points({ ...resolver(20), zones: 1, age: 1 }, 3)).toBeGreaterThan(points(resolver(20), 3));
  });
});

describe('dnsservice, its use', () => {
  const copied = (of: Parameters<typeof provider>[0], best?: Parameters<typeof dnsservice.use>[1]) =>
    dnsservice.use(provider(of), best).flatMap((step) => (step.kind === 'copy' ? [[step.system, step.text]] : []));

  it('is a line for resolv.conf, IPv6 without brackets, and lines that last for what overwrites that', () => {
    expect(copied({ port: 53 })).toEqual([
      [undefined, '10.1.2.3'],
      [undefined, 'dig @10.1.2.3 -p 53 10.in-addr.arpa SOA'],
      [undefined, 'ls -l /etc/resolv.conf; head -n 5 /etc/resolv.conf'],
      [undefined, 'nameserver 10.1.2.3'],
      ['NetworkManager (Raspberry Pi OS)', '[global-dns-domain-*]\nservers=10.1.2.3'],
      ['dhcpcd', 'static domain_name_servers=10.1.2.3'],
      ['dhclient (Debian)', 'supersede domain-name-servers 10.1.2.3;'],
      ['systemd-resolved', '[Resolve]\nDNS=10.1.2.3\nDomains=~.'],
      ['dnsmasq', 'no-resolv\nserver=10.1.2.3'],
      [
        undefined,
        `uci add_list 'dhcp.@dnsmasq[0].server=10.1.2.3'
uci add_list 'dhcp.@dnsmasq[0].rebind_domain=guifi.net'
uci commit dhcp && /etc/init.d/dnsmasq restart`,
      ],
    ]);
    expect(said(dnsservice.use(provider({ address: 'fd00::1', port: 53 })))).toContain('nameserver fd00::1');
  });

  it('says beside resolv.conf, in every language, that these lines may not last', () => {
    const lines = dnsservice.use(provider({ port: 53 })).find((step) => /^nameserver/.test(said([step])[0] ?? ''));
    const lasts = { ca: /refà el fitxer/, es: /rehace el fichero/, en: /overwrite it/ };
    expect(lines?.label).toMatchObject(
      Object.fromEntries(Object.entries(lasts).map(([language, words]) => [language, expect.stringMatching(words)])),
    );
  });

  it('names the best other server as the second, where resolv.conf can name it', () => {
    const best = [
      provider({ port: 53 }),
      provider({ address: '10.0.0.7', port: 5353 }),
      provider({ address: 'fd00::8', port: 53 }),
      provider({ address: '10.0.0.9', port: 53 }),
    ];
    const texts = copied({ port: 53 }, best).map(([, text]) => text ?? '');
    expect(texts.slice(0, 2)).toEqual(['10.1.2.3', 'fd00::8']);
    const starting = (word: string) => texts.find((text) => text.startsWith(word));
    expect(starting('nameserver')).toBe('nameserver 10.1.2.3\nnameserver fd00::8');
    expect(starting('supersede')).toBe(
      'supersede domain-name-servers 10.1.2.3;\nsupersede dhcp6.name-servers fd00::8;',
    );
    expect(starting('[Resolve]')).toContain('DNS=10.1.2.3 fd00::8\n');
  });

  it('enters only resolvers into resolv.conf, and gives others the community’s names alone', () => {
    const no = { resolves: 'no', zones: 'guifi.net' };
    const best = [
      { ...provider({ address: '10.0.0.7', port: 53 }), facts: no },
      { ...provider({ address: '10.0.0.8', port: 53 }), facts: { resolves: 'yes' } },
    ];
    const steps = said(dnsservice.use(provider({ port: 53 }), best));
    expect(steps).toContain('nameserver 10.1.2.3\nnameserver 10.0.0.8');
    expect(steps.filter((text) => text.includes('10.0.0.7'))).toEqual([]);
    const lines = 'server=/ip.guifi.net/10.1.2.3#53\nserver=/10.in-addr.arpa/10.1.2.3#53';
    expect(said(dnsservice.use({ ...provider({ port: 53 }), facts: no }, best))).toEqual([
      'note',
      steps[4],
      'note',
      lines,
    ]);
    const local = { ...provider({ port: 5353 }), facts: { resolves: 'no', zones: 'generic' } };
    expect(said(dnsservice.use(local, best))).toEqual(['note', expect.stringMatching(/^dig /), 'note']);
  });

  it('says after the question what to expect, and which package asks', () => {
    const steps = dnsservice.use(provider({ port: 53 }));
    const { label } = steps[steps.findIndex((step) => step.kind === 'copy' && /^dig /.test(step.text)) + 1] ?? {};
    for (const text of Object.values(label ?? { none: '' })) expect(text).toMatch(/ns1\.guifi\.net.*bind9-dnsutils/);
  });

  it('on another port is for programs that know ports', () => {
    expect(copied({ port: 5353 }).slice(2)).toEqual([
      ['systemd-resolved', '[Resolve]\nDNS=10.1.2.3:5353\nDomains=~.'],
      ['dnsmasq', 'no-resolv\nserver=10.1.2.3#5353'],
      [undefined, expect.stringContaining('server=10.1.2.3#5353')],
    ]);
    expect(copied({ address: 'fd00::1', port: 5353 })[2]?.[1]).toContain('DNS=[fd00::1]:5353');
    expect(dnsservice.use(provider({ port: null }))).toEqual([]);
  });

  it('describes no attributes', () => {
    expect(dnsservice.describe).toBeUndefined();
  });
});
