/** Which datagrams answer a DNS question, and what is read from them. */
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, RECURSION_AVAILABLE, TRUNCATED_RESPONSE } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { dnsQuestion, reverseName } from '../../plugin/probe/dns.js';

const questions = [{ name: 'Example.guifi.net', type: 'A' }] as const;
const ask = dnsQuestion('example.guifi.net', 'A');
const answerTo = (datagram: Buffer, more: Packet = {}) =>
  encode({ type: 'response', id: decode(datagram).id ?? 0, questions: [...questions], ...more });

/**
 * An answer to that question of so many bytes and so many records, each named by a pointer to the last of a chain of
 * pointers, which is as long as the rest allows.
 */
function chainOfNames(datagram: Buffer, size: number, records: number): Buffer {
  const question = answerTo(datagram);
  const record = (data: number) => Buffer.from([0, 10, 0, 1, 0, 0, 0, 0, data >> 8, data & 0xff]);
  const links = Math.floor(Math.min(0x3fff, size - question.length - 12 * records) / 2) - 20;
  const start = question.length + 11;
  const chain = Buffer.alloc(2 * links);
  for (let link = 0; link < links; link++)
    chain.writeUInt16BE(0xc000 | (link === 0 ? 12 : start + 2 * (link - 1)), 2 * link);
  const end = Buffer.alloc(2);
  end.writeUInt16BE(0xc000 | (start + 2 * (links - 1)));
  const others = Array.from({ length: records - 1 }, () => Buffer.concat([end, record(0)]));
  question.writeUInt16BE(records, 6);
  return Buffer.concat([question, Buffer.of(0), record(chain.length), chain, ...others]);
}

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

  it('makes no room for records that its header counts and that cannot be there', () => {
    const { datagram, read } = ask();
    for (const at of [4, 6, 8, 10]) {
      const lie = answerTo(datagram);
      expect(read(lie)).not.toBeNull();
      lie.writeUInt16BE(0xffff, at);
      expect(read(lie)).toBeNull();
    }
    expect(read(answerTo(datagram).subarray(0, 11))).toBeNull();
  });

  it('reads no answer whose names could keep this program busy', () => {
    const { datagram, read } = ask();
    for (const [size, count] of [
      [65_000, 4_000],
      [4_000, 160],
    ] as const) {
      const started = performance.now();
      expect(read(chainOfNames(datagram, size, count))).toBeNull();
      expect(performance.now() - started).toBeLessThan(50);
    }
    const started = performance.now();
    expect(read(chainOfNames(datagram, 4_000, 90))).not.toBeNull();
    expect(performance.now() - started).toBeLessThan(50);
  });

  it('takes an error for its answer also without the question, as unbound refuses', () => {
    const { datagram, read } = ask();
    expect(read(answerTo(datagram, { questions: [], flags: 5 }))).toMatchObject({ rcode: 5 });
  });

  it('takes nothing else for its answer: other id, other question, a question, junk', () => {
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
