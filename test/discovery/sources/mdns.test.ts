/** Multicast DNS, packet by packet and against a clock of ours. */
import { type Answer, decode, encode, type Packet } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { MdnsCache } from '../../../plugin/discovery/sources/avahi/cache.js';
import { writeQueryFor } from '../../../plugin/discovery/sources/avahi/record.js';
import { rangeList } from '../../../plugin/lib/address.js';
import { cpuMs } from '../../cpu.js';
import { record, response, srvData, wireName } from '../records.js';
import { seeded } from '../seeded.js';

const SENDER = '10.0.0.7';
const MINUTE = 60_000;
const ALL_TYPES = '_services._dns-sd._udp.local';

interface Made {
  label?: string;
  type?: string;
  host?: string;
  port?: number;
  txt?: (string | Buffer)[];
  a?: string[];
  aaaa?: string[];
  ttl?: number;
}

/** The records of one instance, as avahi-daemon sends them. */
function records(made: Made = {}): Answer[] {
  const { label = 'Sync', type = '_syncthing._tcp', host = 'node7.local', port = 22_000, ttl = 120 } = made;
  const { txt = ['node_id=ABC'], a = ['10.0.0.7'], aaaa = [] } = made;
  const instance = `${label}.${type}.local`;
  return [
    { type: 'PTR', name: `${type}.local`, ttl: ttl && 4500, data: instance },
    { type: 'SRV', name: instance, ttl, flush: true, data: { target: host, port } },
    { type: 'TXT', name: instance, ttl: ttl && 4500, flush: true, data: txt },
    ...a.map((data): Answer => ({ type: 'A', name: host, ttl, flush: true, data })),
    ...aaaa.map((data): Answer => ({ type: 'AAAA', name: host, ttl, flush: true, data })),
  ];
}

const packet = (answers: Answer[], more: Partial<Packet> = {}) => encode({ type: 'response', answers, ...more });

function heard(...packets: Answer[][]): MdnsCache {
  const cache = new MdnsCache(['syncthing', 'dnsservice']);
  for (const answers of packets) cache.take(packet(answers), SENDER, 0);
  return cache;
}

const list = (cache: MdnsCache) => cache.services().map(({ announcement }) => announcement);
const names = (cache: MdnsCache, now: number) => cache.questions(now).map(({ type, name }) => `${type} ${name}`);

describe('what a link says', () => {
  it('is a service once pointer, server, text and address are there, in any order', () => {
    const [ptr, srv, txt, a] = records() as [Answer, Answer, Answer, Answer];
    const whole = heard([a, txt, srv, ptr]);
    expect(list(whole)).toEqual([
      {
        ...{ type: 'syncthing', node: 'node7', host: 'node7.local', address: '10.0.0.7', port: 22_000 },
        ...{ description: 'Sync', community: '', txt: new Map([['node_id', 'ABC']]), gossip: null },
      },
    ]);
    for (const part of [ptr, srv, a]) {
      expect(list(heard(records().filter(({ type }) => type !== part.type)))).toEqual([]);
    }
    expect(list(heard([ptr], [srv], [txt], [a]))).toHaveLength(1);
  });

  it('has no attributes where it has no text, once that has been asked for twice', () => {
    const cache = new MdnsCache(['syncthing']);
    cache.take(packet(records().filter(({ type }) => type !== 'TXT')), SENDER, 500);
    expect(list(cache)).toEqual([]);
    const asked = [1_000, 2_000].map((now) => [
      cache.expire(now),
      names(cache, now).filter((name) => name.startsWith('TXT')),
    ]);
    expect(asked).toEqual([1, 2].map(() => [false, ['TXT Sync._syncthing._tcp.local']]));
    expect(cache.expire(2_500)).toBe(true);
    expect(list(cache)).toMatchObject([{ address: '10.0.0.7', txt: new Map() }]);
    expect(cache.take(packet(records()), SENDER, 3_000)).toBe(true);
    expect(list(cache)).toMatchObject([{ txt: new Map([['node_id', 'ABC']]) }]);
  });

  it('takes the address of the host that the service names, and of no other', () => {
    const forged: Answer = { type: 'A', name: 'evil.local', ttl: 120, flush: true, data: '10.6.6.6' };
    expect(list(heard([...records(), forged], [forged]))).toMatchObject([{ address: '10.0.0.7' }]);
    expect(list(heard([...records({ a: [] }), forged]))).toEqual([]);
  });

  it('prefers IPv4, then a routable IPv6 address, and never uses link-local or loopback ones', () => {
    const at = (a: string[], aaaa: string[]) => list(heard(records({ a, aaaa }))).map(({ address }) => address);
    expect(at(['10.0.0.7'], ['fd00::7'])).toEqual(['10.0.0.7']);
    expect(at([], ['fe80::7', 'fd00::7'])).toEqual(['fd00::7']);
    expect(at(['169.254.1.1', '127.0.0.1', '224.0.0.251'], ['2001:db8::7'])).toEqual(['2001:db8::7']);
    const none = heard(
      records({ a: ['127.0.0.1', '0.0.0.0'], aaaa: ['fe80::7', '::1', 'ff02::fb', '::ffff:127.0.0.1'] }),
    );
    expect(list(none)).toEqual([]);
    expect(none.skipped()).toEqual({ 'bad-address': 1 });
  });

  it('skips a service without a port, and counts it', () => {
    const cache = heard(records({ port: 0 }), records({ label: 'Other' }));
    expect(list(cache)).toMatchObject([{ description: 'Other' }]);
    expect(cache.skipped()).toEqual({ 'bad-port': 1 });
  });

  it('reads one type over both transports, in any case, and types that were not asked for', () => {
    const cache = heard(
      records({ type: '_DNSservice._UDP', label: 'DNS' }),
      [{ type: 'PTR', name: ALL_TYPES, ttl: 4500, data: '_a-word-longer-than-allowed._tcp.local' }],
      records({ type: '_a-word-longer-than-allowed._tcp', label: 'New' }),
      records({ type: '_unmentioned._tcp' }),
    );
    expect(list(cache).map(({ type }) => type)).toEqual(['dnsservice', 'a-word-longer-than-allowed']);
  });

  it('reads attributes as in the tag: the first of a name, a bare first word under the empty name', () => {
    const txt = (...strings: (string | Buffer)[]) => [...(list(heard(records({ txt: strings })))[0]?.txt ?? [])];
    expect(txt('ABC', 'flag', 'a=1=2', 'a=3', 'note=two words')).toEqual([
      ...[
        ['', 'ABC'],
        ['flag', ''],
        ['a', '1=2'],
        ['note', 'two words'],
      ],
    ]);
    expect(txt('node_id=ABC&zone=B&C')).toEqual([
      ['node_id', 'ABC'],
      ['zone', 'B&C'],
    ]);
    expect(txt('')).toEqual([]);
  });

  it('makes hostile text fit to show', () => {
    const label = 'a\u0000b\u001b[31m\u202e<script>alert(1)</script>;=;';
    const [service] = list(
      heard(records({ label, host: 'x\u0000y.local', txt: [Buffer.from([0x6b, 0x3d, 0xff, 0xfe, 0x00, 0x0a, 0x41])] })),
    );
    expect(service).toMatchObject({ description: 'ab[31m<script>alert(1)</script>;=;', host: 'xy.local' });
    expect(service?.txt).toEqual(new Map([['k', '\ufffd\ufffd A']]));
    const long = Array.from({ length: 100 }, (_, i) => `k${i}=${'v'.repeat(240)}`);
    const kept = list(heard(records({ txt: long })))[0]?.txt ?? new Map();
    expect([...kept].flat().join('').length).toBeLessThan(1024);
  });

  it('ignores questions, refusals, foreign pointers and classes other than the Internet', () => {
    const cache = new MdnsCache(['syncthing']);
    expect(cache.take(packet(records(), { type: 'query' }), SENDER, 0)).toBe(false);
    expect(cache.take(packet(records(), { flags: 3 }), SENDER, 0)).toBe(false);
    expect(cache.take(packet(records().map((one) => ({ ...one, class: 'CH' }) as Answer)), SENDER, 0)).toBe(false);
    const elsewhere = ['x._dnsservice._tcp.local', '_syncthing._tcp.local', 'x._syncthing._tcp.example', '.'];
    for (const data of elsewhere) {
      const astray: Answer = { type: 'PTR', name: '_syncthing._tcp.local', ttl: 120, data };
      expect(cache.take(packet([astray]), SENDER, 0)).toBe(false);
    }
  });
});

/** Where this node is: its addresses on all links, and the subnets of this link. */
const HERE = {
  own: new Set(['192.168.1.1', '172.17.0.1', 'fd00::1']),
  networks: rangeList(['192.168.1.1/24', 'fd00::/64']),
};

describe('of several addresses', () => {
  const chosen = (sender: string, a: string[], aaaa: string[] = []) => {
    const cache = new MdnsCache(['syncthing']);
    cache.settle(HERE);
    cache.take(packet(records({ a, aaaa })), sender, 0);
    return list(cache).map(({ address }) => address);
  };

  it.each<[string, string, string[], string[], string[]]>([
    ['the sender\u2019s', '192.168.1.7', ['172.18.0.1', '192.168.1.7'], [], ['192.168.1.7']],
    ['the sender\u2019s, last or not', '192.168.1.7', ['192.168.1.7', '172.18.0.1'], [], ['192.168.1.7']],
    ['the sender\u2019s of another subnet', '10.5.0.7', ['172.18.0.1', '10.5.0.7'], [], ['10.5.0.7']],
    ['one of the link\u2019s subnet', 'fe80::7', ['172.18.0.1', '192.168.1.7'], ['fe80::7'], ['192.168.1.7']],
    ['IPv6 on the link rather than a bridge', 'fe80::7', ['172.18.0.1'], ['fe80::7', 'fd00::7'], ['fd00::7']],
    ['IPv4 on the link rather than IPv6', 'fd00::7', ['192.168.1.7'], ['fd00::7'], ['192.168.1.7']],
    ['never this node\u2019s', '192.168.1.7', ['172.17.0.1', '10.9.9.9'], [], ['10.9.9.9']],
    ['none rather than this node\u2019s', '192.168.1.7', ['172.17.0.1'], [], []],
    ['this node\u2019s, of this node', '192.168.1.1', ['172.17.0.1', '192.168.1.1'], [], ['192.168.1.1']],
  ])('takes %s', (_, sender, a, aaaa, right) => {
    expect(chosen(sender, a, aaaa)).toEqual(right);
  });

  it('stays with one, whichever message comes first', () => {
    const messages: [string, Buffer][] = [
      ['fe80::7', packet(records({ a: [], aaaa: ['fe80::7', 'fd00::7'] }))],
      ['192.168.1.7', packet(records({ a: ['172.18.0.1', '192.168.1.7'], aaaa: ['fd00::7'] }))],
    ];
    for (const order of [messages, messages.toReversed()]) {
      const cache = new MdnsCache(['syncthing']);
      for (const [sender, message] of order) cache.take(message, sender, 0);
      expect(list(cache)).toMatchObject([{ address: '192.168.1.7' }]);
    }
  });

  it('counts what leads nowhere, and lists this node\u2019s own once it says so itself', () => {
    const cache = new MdnsCache(['syncthing']);
    cache.settle(HERE);
    cache.take(packet(records({ a: ['192.168.1.1'] })), '192.168.1.66', 0);
    expect(cache.skipped()).toEqual({ 'bad-address': 1 });
    cache.take(packet(records({ a: ['192.168.1.1'] })), '192.168.1.1', 10);
    expect(cache.services()).toMatchObject([{ announcement: { address: '192.168.1.1' }, sender: '192.168.1.1' }]);
  });
});

describe('names', () => {
  const type = wireName('_syncthing', '_tcp', 'local');
  /** Time between two looks, ms. */
  const STEP = 4_000;
  const long = 'ö'.repeat(31).padEnd(32, 'x');

  /** A neighbour as avahi-daemon is one, asked for two hours. */
  function listedShare(label: string | Buffer, host: string | Buffer, sent = label): { share: number; text: string } {
    const [instance, target] = [wireName(label, '_syncthing', '_tcp', 'local'), wireName(host, 'local')];
    const srv = record(wireName(sent, '_Syncthing', '_tcp', 'local'), 33, 0x8001, 120, srvData(22_000, target));
    const [txt, a] = [record(instance, 16, 0x8001, 4500, '\x03a=b'), record(target, 1, 0x8001, 120, [192, 168, 1, 7])];
    const answer = (query: Buffer) => [
      ...(query.includes(type) ? [response([record(type, 12, 1, 4500, instance)], [srv, txt, a])] : []),
      ...(query.includes(instance) ? [response([srv, txt])] : []),
      ...(query.includes(target) ? [response([a])] : []),
    ];
    const cache = new MdnsCache(['syncthing'], () => 0);
    let [listed, text] = [0, ''];
    for (let now = 0; now < 120 * MINUTE; now += STEP) {
      cache.expire(now);
      const questions = cache.questions(now);
      const answers = questions.length > 0 ? answer(writeQueryFor(questions)) : [];
      for (const message of answers) cache.take(message, '192.168.1.7', now);
      const [first] = list(cache);
      if (first) [listed, text] = [listed + STEP, first.description];
    }
    return { share: listed / (120 * MINUTE), text };
  }

  it.each<[string | Buffer, string | Buffer, string, (string | Buffer)?]>([
    ['Node 3', 'pi', 'Node 3'],
    ['Can Pep v1.2', 'pi', 'Can Pep v1.2'],
    ['pi.lan', 'pi.lan', 'pi.lan'],
    ['...', '.', '...'],
    ['a\\b\\.c\\046', 'back\\slash', 'a\\b\\.c\\046'],
    ['Müller 🙂', 'müller', 'Müller 🙂'],
    [long, 'x'.repeat(63), long],
    [Buffer.from([0x61, 0xff, 0x2e, 0xfe]), Buffer.from([0xe9]), 'a\ufffd.\ufffd'],
    ['nul\0', 'line\n', 'nul'],
    ['_http._tcp', 'pi', ' http. tcp'],
    ['SHOUT', 'pi', 'SHOUT', 'shout'],
  ])('are asked for as they are: %j at %j', (label, host, text, sent) => {
    expect(listedShare(label, host, sent)).toEqual({ share: 1, text });
  });

  it('are read with their label split at its dots, too, as some stacks send it', () => {
    const instance = wireName('Can Pep v1', '2', '_syncthing', '_tcp', 'local');
    const cache = new MdnsCache(['syncthing']);
    const target = wireName('pi', 'local');
    const answers = [record(type, 12, 1, 120, instance), record(instance, 33, 1, 120, srvData(1, target))];
    cache.take(response([...answers, record(instance, 16, 1, 120, '')]), SENDER, 0);
    cache.take(response([record(target, 1, 1, 120, [10, 0, 0, 7])]), SENDER, 0);
    expect(list(cache)).toMatchObject([{ description: 'Can Pep v1.2' }]);
  });

  it('tell two instances of one host apart', () => {
    const cache = heard(records(), records({ label: 'sYnc 2', port: 22_001 }));
    expect(list(cache)).toMatchObject([{ port: 22_000 }, { port: 22_001 }]);
  });

  it('of subtypes lead nowhere', () => {
    const subtype: Answer = { ...records()[0], name: '_x._sub._syncthing._tcp.local' } as Answer;
    const cache = heard([subtype, ...records().slice(1)]);
    expect(list(cache)).toEqual([]);
    cache.take(packet(records()), SENDER, 0);
    expect(list(cache)).toHaveLength(1);
  });

  it('of a host renamed after a conflict are followed', () => {
    const cache = heard(records());
    cache.take(packet(records({ host: 'node7-2.local', a: ['10.0.0.8'] })), '10.0.0.8', 5_000);
    cache.expire(6_000);
    expect(list(cache)).toMatchObject([{ host: 'node7-2.local', address: '10.0.0.8' }]);
  });
});

describe('one bad record', () => {
  const [type, host, instance] = [
    wireName('_syncthing', '_tcp', 'local'),
    wireName('pi', 'local'),
    wireName('Pi', '_syncthing', '_tcp', 'local'),
  ];
  const [ptr, srv, txt, a] = [
    record(type, 12, 1, 4500, instance),
    record(instance, 33, 0x8001, 120, srvData(22_000, host)),
    record(instance, 16, 0x8001, 4500, '\x03a=b'),
    record(host, 1, 0x8001, 120, [192, 168, 1, 7]),
  ];
  const other = wireName('Other', '_syncthing', '_tcp', 'local');

  it.each<[string, Buffer, number]>([
    ['NSEC', record(host, 47, 0x8001, 120, Buffer.concat([host, Buffer.of(0, 4, 0x40, 0, 0, 8)])), 0],
    ['NSEC whose pointer leads forward', record(host, 47, 0x8001, 120, [0xc3, 0xff, 0, 4, 0x40, 0, 0, 8]), 0],
    ['an unknown type without data', record(host, 65_280, 1, 120, ''), 0],
    ['a name whose pointer leads forward', record(Buffer.of(0xc3, 0xff), 1, 1, 120, [10, 0, 0, 1]), 1],
    ['a pointer that ends too late', record(type, 12, 1, 120, Buffer.from(instance.subarray(0, 9))), 1],
    ['a server cut short', record(other, 33, 1, 120, [0, 0, 0, 0, 1]), 1],
    ['an address of five bytes', record(host, 1, 1, 120, [1, 2, 3, 4, 5]), 1],
    ['an IPv6 address of four bytes', record(host, 28, 1, 120, [1, 2, 3, 4]), 1],
    ['text that ends too late', record(other, 16, 1, 120, '\xffa=b'), 0],
  ])('costs itself alone: %s', (_, bad, malformed) => {
    for (let at = 0; at <= 4; at++) {
      const cache = new MdnsCache(['syncthing'], () => 9);
      cache.take(response([ptr, srv, txt, a].toSpliced(at, 0, bad)), SENDER, 0);
      expect(list(cache)).toMatchObject([{ description: 'Pi', address: '192.168.1.7', txt: new Map([['a', 'b']]) }]);
      expect(cache.skipped()).toEqual(malformed ? { malformed } : {});
      expect(cache.skippedRows()).toHaveLength(malformed);
    }
  });

  it('of text costs the attributes from there on', () => {
    const cache = new MdnsCache(['syncthing']);
    const cut = record(instance, 16, 0x8001, 4500, '\x03a=b\x7fc=d');
    cache.take(response([ptr, srv, cut, a]), SENDER, 0);
    expect(list(cache)).toMatchObject([{ txt: new Map([['a', 'b']]) }]);
  });

  it('leaves what stands before the end of a message cut short, and is said with its sender', () => {
    const cache = new MdnsCache(['syncthing'], () => 9);
    cache.take(response([ptr, srv, txt, a, record(host, 28, 1, 120, Array(16).fill(1))]).subarray(0, -1), SENDER, 0);
    expect(list(cache)).toHaveLength(1);
    expect(cache.skippedRows()).toEqual([{ node: SENDER, type: null, reason: 'malformed', heardAt: 9 }]);
    for (const nonsense of ['', '\0\0\x84', '\0\0\x84\0\0\x01\0\0\0\0\0\0\x3fa']) {
      cache.take(Buffer.from(nonsense, 'latin1'), SENDER, 0);
    }
    expect(cache.skipped()).toEqual({ malformed: 4 });
  });

  it('is not what stands among the authorities', () => {
    const message = response([ptr, srv, txt, record(host, 1, 1, 120, [10, 6, 6, 6]), a]);
    // Five records, of which the last two are called an authority and an additional record.
    message.writeUInt16BE(3, 6);
    message.writeUInt16BE(1, 8);
    message.writeUInt16BE(1, 10);
    const cache = new MdnsCache(['syncthing']);
    cache.take(message, SENDER, 0);
    expect(list(cache)).toMatchObject([{ address: '192.168.1.7' }]);
  });
});

describe('the life of a record', () => {
  it('ends with its lifetime, which is at most 75 minutes', () => {
    const cache = heard(records({ ttl: 120 }), records({ label: 'Long', host: 'long.local', ttl: 2 ** 31 }));
    expect(cache.expire(120_000 - 1)).toBe(false);
    expect(cache.expire(120_000)).toBe(true);
    expect(list(cache)).toMatchObject([{ description: 'Long' }]);
    cache.expire(75 * MINUTE);
    expect(list(cache)).toEqual([]);
  });

  it('is extended when heard again, with the new time', () => {
    let clock = Date.UTC(2026, 4, 5);
    const cache = new MdnsCache(['syncthing'], () => clock);
    cache.take(packet(records()), SENDER, 0);
    clock += 100_000;
    expect(cache.take(packet(records()), SENDER, 100_000)).toBe(false);
    cache.expire(200_000);
    expect(cache.services()).toMatchObject([{ heardAt: clock }]);
  });

  it('ends one second after a farewell', () => {
    const cache = heard(records());
    cache.take(packet(records({ ttl: 0 })), SENDER, 5_000);
    cache.expire(5_999);
    expect(list(cache)).toHaveLength(1);
    expect(cache.expire(6_000)).toBe(true);
    expect(list(cache)).toEqual([]);
  });

  it('ends one second after its replacement', () => {
    const cache = heard(records());
    cache.take(packet(records({ a: ['10.0.0.8', '10.0.0.9'], port: 22_001 })), SENDER, 5_000);
    cache.expire(6_000);
    expect(list(cache)).toMatchObject([{ address: '10.0.0.8', port: 22_001 }]);
    cache.take(packet(records({ a: ['10.0.0.9'], port: 22_001 })), SENDER, 9_000);
    cache.expire(10_000);
    expect(list(cache)).toMatchObject([{ address: '10.0.0.9' }]);
  });
});

describe('questions', () => {
  it('come with growing pauses, at most once an hour', () => {
    const cache = new MdnsCache(['dnsservice']);
    const asked: number[] = [];
    for (let now = 0; now <= 4 * 60 * MINUTE; now += 1000) {
      const due = names(cache, now);
      if (due.length > 0) asked.push(now / 1000);
      expect([0, 3]).toContain(due.length);
    }
    expect(asked.slice(0, 8)).toEqual([0, 1, 4, 13, 40, 121, 364, 1093]);
    expect(asked.slice(8)).toEqual([3280, 6880, 10_480, 14_080]);
  });

  it('ask for what is missing of a service', () => {
    const cache = heard(records().filter(({ type }) => type === 'PTR'));
    expect(names(cache, 0)).toEqual(
      expect.arrayContaining(['SRV Sync._syncthing._tcp.local', 'TXT Sync._syncthing._tcp.local']),
    );
    cache.take(packet(records({ a: [] })), SENDER, 500);
    expect(names(cache, 1000)).toEqual(expect.arrayContaining(['A node7.local', 'AAAA node7.local']));
    cache.take(packet(records()), SENDER, 1500);
    expect(names(cache, 2500).filter((name) => !name.startsWith('PTR'))).toEqual([]);
  });

  it('ask for what would expire, from 80 % of its lifetime on', () => {
    const cache = heard(records());
    const asked = new Map<string, number[]>();
    for (let now = 0; now < 120_000; now += 1000) {
      for (const name of names(cache, now)) asked.set(name, [...(asked.get(name) ?? []), now / 1000]);
    }
    const times = asked.get('A node7.local') ?? [];
    expect(times[0]).toBeGreaterThanOrEqual(96);
    expect(times[0]).toBeLessThanOrEqual(99);
    expect(times).toHaveLength(4);
    expect(asked.has('AAAA node7.local')).toBe(false);
  });

  it('fit in one packet where their names are long', () => {
    const cache = new MdnsCache(['syncthing']);
    for (let i = 10; i < 74; i++) cache.take(packet(records({ label: `${i}`.repeat(31) })), `10.0.0.${i}`, 0);
    cache.expire(119_000);
    for (let now = 119_000; now < 119_004; now++) {
      const query = writeQueryFor(cache.questions(now));
      expect(query.length).toBeLessThanOrEqual(1_232);
      expect(query.length).toBeGreaterThan(1_000);
    }
  });

  it('fill at most one packet a second, whatever a neighbour announces', () => {
    const cache = new MdnsCache([]);
    const types = Array.from({ length: 1000 }, (_, i) => `_t${i}-${'x'.repeat(20)}._tcp.local`);
    cache.take(packet(types.map((data) => ({ type: 'PTR', name: ALL_TYPES, ttl: 10, data }))), SENDER, 0);
    const seen = new Set<string>();
    for (let now = 0; now < 6_000; now += 1000) {
      const questions = cache.questions(now);
      expect(encode({ type: 'query', questions }).length).toBeLessThan(1400);
      for (const { name } of questions) seen.add(name);
    }
    expect(seen.size).toBe(129);
    expect(cache.skipped()).toEqual({ 'too-many': 1000 - 128 });
  });
});

describe('a malicious neighbour', () => {
  it('floods with 10,000 services, and others still get in', () => {
    const cache = new MdnsCache(['syncthing', 'dnsservice']);
    const started = cpuMs();
    for (let from = 0; from < 10_000; from += 50) {
      const flood = Array.from({ length: 50 }, (_, i) =>
        records({ label: `s${from + i}`, host: `h${from + i}.local`, a: [`10.9.${(from + i) >> 8}.${i}`] }),
      );
      cache.take(packet(flood.flat()), '10.0.0.66', 0);
    }
    expect(cpuMs() - started).toBeLessThan(5_000);
    expect(list(cache)).toHaveLength(64);
    cache.take(packet(records()), SENDER, 0);
    expect(list(cache)).toHaveLength(65);
    for (let i = 0; i < 20; i++) {
      const answers = Array.from({ length: 64 }, (_, j) => records({ label: `t${i}-${j}` })).flat();
      cache.take(packet(answers), `10.0.1.${i}`, 0);
    }
    expect(list(cache)).toHaveLength(512);
  });

  it('claims that a type has no service but its own', () => {
    const cache = heard(records());
    const alone = records({ label: 'Evil', host: 'evil.local' }).map((one) => ({ ...one, flush: true }) as Answer);
    cache.take(packet(alone), '10.0.0.66', 5_000);
    cache.expire(6_000);
    expect(list(cache).map(({ description }) => description)).toEqual(['Sync', 'Evil']);
  });

  it('floods with values of one name', () => {
    const addresses = Array.from({ length: 1000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
    const cache = heard(records({ a: addresses }));
    expect(list(cache)).toMatchObject([{ address: '10.1.0.0' }]);
    expect(cache.skipped()).toEqual({ 'too-many': 1000 - 8 });
  });

  it('sends bytes that make no sense', () => {
    const random = seeded(7);
    const good = encode({ type: 'response', answers: records({ aaaa: ['fd00::7'] }) });
    const cache = new MdnsCache(['syncthing']);
    let read = 0;
    for (let round = 0; round < 5_000; round++) {
      const bytes = Buffer.from(good);
      for (let i = 0; i < 4; i++) bytes[2 + random(bytes.length - 2)] = random(256);
      if (cache.take(bytes.subarray(0, 12 + random(bytes.length - 11)), SENDER, round * 10)) read++;
      cache.expire(round * 10);
      decode(writeQueryFor(cache.questions(round * 10)));
      for (const { port, address } of list(cache)) {
        expect(port).toBeGreaterThan(0);
        expect(address).toMatch(/^[0-9a-f.:]+$/);
      }
    }
    expect(read).toBeGreaterThan(100);
  });
});
