/** The ping as sent, and the ack in every wrapping that real agents use. */
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { memberlistPing } from '../../plugin/probe/memberlist.js';
import type { Request } from '../../plugin/probe/udp.js';
import { cpuMs } from '../cpu.js';
import { lzwEncode } from '../lib/lzw-encoder.js';
import { bundles } from '../scan/hard.js';

const text = (word: string) => Buffer.concat([Buffer.of(0xa0 | word.length), Buffer.from(word)]);
const joined = (...parts: (Buffer | string)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? text(part) : part)));

/** Version and msgpack, which an agent sends along. */
const COORDINATE = joined(Buffer.of(1, 0x81), 'Vec', Buffer.of(0x90));

/** The ack that an agent sends for a request, its payload raw16 as old MsgPack has it. */
function ackFor({ datagram }: Request<true>, payload: Buffer = COORDINATE): Buffer {
  const length = Buffer.of(0xda, payload.length >> 8, payload.length & 0xff);
  return joined(Buffer.of(2, 0x82), 'Payload', length, payload, 'SeqNo', datagram.subarray(8, 13));
}
const compound = (...parts: Buffer[]) => {
  const lengths = parts.map((part) => Buffer.of(part.length >> 8, part.length & 0xff));
  return Buffer.concat([Buffer.of(7, parts.length), ...lengths, ...parts]);
};
const compressed = (message: Buffer) => {
  const packed = lzwEncode(message);
  const length = Buffer.of(0xda, packed.length >> 8, packed.length & 0xff);
  return joined(Buffer.of(9, 0x82), 'Algo', Buffer.of(0), 'Buf', length, packed);
};
const checksummed = (message: Buffer) => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(message));
  return Buffer.concat([Buffer.of(0x0c), sum, message]);
};
const labelled = (message: Buffer) => Buffer.concat([Buffer.of(0xf4, 5), Buffer.from('label'), message]);

const ping = memberlistPing('');

describe('a ping', () => {
  it('is the 17 or 19 bytes that agents expect, with a number of its own', () => {
    const hex = (request: Request<true>) => request.datagram.toString('hex');
    expect(hex(ping())).toMatch(/^0082a55365714e6fce[0-9a-f]{8}a44e6f6465a0$/);
    expect(hex(ping())).not.toBe(hex(ping()));
  });

  it('names a member with long names in the form that old agents read', () => {
    const name = 'n'.repeat(70);
    expect(memberlistPing(name)().datagram.subarray(18)).toEqual(
      Buffer.concat([Buffer.of(0xda, 0, 70), Buffer.from(name)]),
    );
  });
});

describe('its ack', () => {
  it.each<[string, (ack: Buffer) => Buffer]>([
    ['plain', (ack) => ack],
    ['bundled behind gossip', (ack) => compound(Buffer.of(4, 0x80), ack)],
    ['compressed', compressed],
    ['with a checksum', checksummed],
    ['with a label', labelled],
    ['in all of these at once', (ack) => labelled(checksummed(compressed(compound(ack, Buffer.of(4)))))],
  ])('is read %s', (_, wrap) => {
    const request = ping();
    expect(request.read(wrap(ackFor(request)))).toBe(true);
  });

  it('is read whatever else the packet carries', () => {
    const request = ping();
    const odd = [Buffer.alloc(0), Buffer.of(2, 0x80), Buffer.of(1, 0xc1)];
    expect(odd.map((payload) => request.read(ackFor(request, payload)))).toEqual([true, true, true]);
  });

  it('costs no more to find when compressed bundles are nested', () => {
    const request = ping();
    const started = cpuMs();
    // As many as a probe takes off the wire before it has had enough.
    for (let nth = 0; nth < 8; nth++) expect(request.read(bundles)).toBeNull();
    expect(cpuMs() - started).toBeLessThan(250);
  });

  it('has one allowance for everything sent in its name', () => {
    const request = ping();
    const message = compressed(Buffer.alloc(16_000));
    const started = cpuMs();
    for (let nth = 0; nth < 5_000; nth++) request.read(message);
    expect(cpuMs() - started).toBeLessThan(300);
  });

  it('is found behind as much gossip as a datagram has room for, compressed or not', () => {
    const gossip = Array.from({ length: 40 }, () => Buffer.concat([Buffer.of(4), Buffer.alloc(30, 'x')]));
    for (const wrap of [compound, (...parts: Buffer[]) => labelled(checksummed(compressed(compound(...parts))))]) {
      const request = ping();
      expect(request.read(wrap(...gossip, ackFor(request)))).toBe(true);
    }
  });

  it('is not another number, damage, too many wrappings, a bomb, or junk', () => {
    const request = ping();
    const ack = ackFor(request);
    const damaged = checksummed(ack);
    damaged.writeUInt8((damaged.at(-1) ?? 0) ^ 1, damaged.length - 1);
    const others = [
      ackFor(ping()),
      damaged,
      [1, 2, 3, 4, 5].reduce((message) => compound(message), ack),
      compressed(Buffer.concat([Buffer.alloc(20_000), ack])),
      compound(ack).subarray(0, 3),
      Buffer.concat([Buffer.of(9, 0x82), text('Algo'), Buffer.of(1)]),
      // An array of four thousand million, in five bytes.
      Buffer.of(2, 0xdd, 0xff, 0xff, 0xff, 0xff),
      Buffer.from('HTTP/1.1 400 Bad Request'),
      Buffer.alloc(0),
      Buffer.of(0x0c),
      Buffer.of(0xf4),
    ];
    expect(others.map((other) => request.read(other))).toEqual(others.map(() => null));
  });
});
