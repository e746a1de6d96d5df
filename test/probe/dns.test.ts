/** Which datagrams answer a DNS question, and what is read from them. */
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, RECURSION_AVAILABLE, TRUNCATED_RESPONSE } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { dnsQuestion, reverseName } from '../../plugin/probe/dns.js';
import { cpuMs } from '../cpu.js';
import { chainOfNames } from '../scan/hard.js';

const questions = [{ name: 'Example.guifi.net', type: 'A' }] as const;
const ask = dnsQuestion('example.guifi.net', 'A');
const answerTo = (datagram: Buffer, more: Packet = {}) =>
  encode({ type: 'response', id: decode(datagram).id ?? 0, questions: [...questions], ...more });

describe('a DNS question', () => {
  it('is what an ordinary client sends', () => {
    const packet = decode(ask().datagram);
    expect(packet).toMatchObject({
      type: 'query',
      flag_rd: true,
      questions: [{ name: 'example.guifi.net', type: 'A' }],
    });
    expect(ask().datagram.length).toBe(12 + 'example.guifi.net'.length + 2 + 4);
  });

  it('reads flags, code and records of its answer, whatever the case of the name', () => {
    const { datagram, read } = ask();
    const answer = answerTo(datagram, {
      flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | TRUNCATED_RESPONSE | 5,
      answers: [{ type: 'A', name: 'example.guifi.net', data: '10.1.2.3' }],
    });
    expect(read(answer)).toMatchObject({
      rcode: 5,
      authoritative: true,
      recursion: true,
      truncated: true,
      answers: [{ type: 'A', data: '10.1.2.3' }],
    });
  });

  it('allocates nothing for records that its header counts and that cannot be there', () => {
    const { datagram, read } = ask();
    for (const at of [4, 6, 8, 10]) {
      const lie = answerTo(datagram);
      expect(read(lie)).not.toBeNull();
      lie.writeUInt16BE(0xffff, at);
      expect(read(lie)).toBeNull();
    }
    expect(read(answerTo(datagram).subarray(0, 11))).toBeNull();
  });

  it('rejects an answer whose names could block the loop', () => {
    const { datagram, read } = ask();
    for (const [size, count] of [
      [65_000, 4_000],
      [4_000, 160],
    ] as const) {
      const started = cpuMs();
      expect(read(chainOfNames(answerTo(datagram), size, count))).toBeNull();
      expect(cpuMs() - started).toBeLessThan(250);
    }
    const started = cpuMs();
    expect(read(chainOfNames(answerTo(datagram), 4_000, 90))).not.toBeNull();
    expect(cpuMs() - started).toBeLessThan(250);
  });

  it('accepts an error without the question, as unbound refuses', () => {
    const { datagram, read } = ask();
    expect(read(answerTo(datagram, { questions: [], flags: 5 }))).toMatchObject({ rcode: 5 });
  });

  it('accepts nothing else: another id, another question, a question, junk', () => {
    const { datagram, read } = ask();
    const id = decode(datagram).id ?? 0;
    const others = [
      answerTo(datagram, { id: (id + 1) % 65_536 }),
      answerTo(datagram, { questions: [{ name: 'other.guifi.net', type: 'A' }] }),
      answerTo(datagram, { questions: [{ name: 'example.guifi.net', type: 'AAAA' }] }),
      answerTo(datagram, { questions: [] }),
      datagram,
      Buffer.from('HTTP/1.1 400 Bad Request'),
      Buffer.alloc(0),
      answerTo(datagram).subarray(0, 20),
    ];
    expect(others.map((other) => read(other))).toEqual(others.map(() => null));
  });
});

describe('the reverse name', () => {
  it('turns an IPv4 address round; others have none here', () => {
    expect(reverseName('10.1.2.3')).toBe('3.2.1.10.in-addr.arpa');
    expect(reverseName('fd00::1')).toBeNull();
  });
});
