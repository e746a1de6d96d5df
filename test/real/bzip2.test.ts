/** The bzip2 decoder against the real bzip2, and against inputs made to break it. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Bzip2Error, decompress } from '../../plugin/lib/bzip2/index.js';
import { bzip2 as written } from '../announcement/packed.js';
import { seeded } from '../discovery/seeded.js';

const bzip2 = (data: Uint8Array, ...flags: string[]) =>
  execFileSync('/usr/bin/bzip2', ['-z', '-c', ...flags], { input: data, maxBuffer: 1 << 28 });

const random = seeded(1);
const eachByte = () => random(256);

const KINDS: Record<string, (size: number) => Uint8Array> = {
  noise: (size) => Uint8Array.from({ length: size }, eachByte),
  zeros: (size) => new Uint8Array(size),
  'one byte each 5': (size) => Uint8Array.from({ length: size }, (_, at) => (at % 5 === 0 ? 1 : 2)),
  text: (size) =>
    Buffer.from('{"s":"syncthing","d":"Syncthing_instance_running","p":"22000"},'.repeat(size).slice(0, size)),
  'runs of 3 to 260': (size) => runs(size),
};
const SIZES = [0, 1, 2, 3, 4, 5, 7, 49, 50, 51, 254, 255, 256, 259, 260, 1000, 4096, 65_536, 100_001, 250_000];

/** Bytes in runs around the lengths where the format changes its way of writing. */
function runs(size: number): Uint8Array {
  const random = seeded(7);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const length = 3 + random(258);
    bytes.fill(random(4), at, at + length);
    at += length;
  }
  return bytes;
}

describe('decompress', () => {
  it.each(Object.keys(KINDS))('gives back what bzip2 -1 and -9 compressed: %s', (kind) => {
    for (const size of SIZES) {
      const data = KINDS[kind]?.(size) as Uint8Array;
      for (const level of ['-1', '-9']) {
        expect(Buffer.compare(decompress(bzip2(data, level), size), data), `${size} bytes, ${level}`).toBe(0);
      }
    }
  });

  it('reads concatenated streams, and ignores trailing bytes as bzip2 does', () => {
    const both = Buffer.concat([bzip2(Buffer.from('one ')), bzip2(Buffer.from('two')), Buffer.from('BZ?')]);
    expect(Buffer.from(decompress(both, 100)).toString()).toBe('one two');
  });

  it('refuses one byte over the limit, and returns exactly the limit', () => {
    for (const kind of ['noise', 'zeros', 'text', 'runs of 3 to 260']) {
      const packed = bzip2(KINDS[kind]?.(10_000) as Uint8Array);
      expect(decompress(packed, 10_000)).toHaveLength(10_000);
      expect(() => decompress(packed, 9_999), kind).toThrow(expect.objectContaining({ code: 'too-large' }));
    }
  });

  it('refuses a 50 MB bomb in a fraction of the time that expanding it would take', () => {
    const bomb = bzip2(new Uint8Array(50_000_000));
    expect(bomb.length).toBeLessThan(100);
    const timed = (act: () => void) => {
      const started = performance.now();
      act();
      return performance.now() - started;
    };
    const whole = timed(() => expect(decompress(bomb, 50_000_000)).toHaveLength(50_000_000));
    const refused = timed(() =>
      expect(() => decompress(bomb, 65_536)).toThrow(expect.objectContaining({ code: 'too-large' })),
    );
    expect(refused).toBeLessThan(whole / 4);
  });

  it('refuses a wrong checksum, a randomised block and every cut', () => {
    const packed = bzip2(Buffer.from('a text that is long enough to be worth it'));
    const changed = (at: number, mask: number) => packed.map((byte, place) => (place === at ? byte ^ mask : byte));
    expect(() => decompress(changed(10, 1), 100)).toThrow('checksum');
    expect(() => decompress(changed(packed.length - 2, 8), 100)).toThrow('checksum');
    expect(() => decompress(changed(14, 0x80), 100)).toThrow('randomised');
    for (let length = 0; length < packed.length; length++) {
      expect(() => decompress(packed.subarray(0, length), 100), `${length} bytes`).toThrow(Bzip2Error);
    }
  });

  it('answers each of 6,000 damaged inputs with the right bytes or a refusal', () => {
    const random = seeded(42);
    const texts = [1, 60, 700].map((size) => KINDS.text?.(size) as Uint8Array);
    const originals = [...texts, runs(3000)].map((data) => ({ data, packed: bzip2(data) }));
    let refused = 0;
    for (let round = 0; round < 6000; round++) {
      const { data, packed } = originals[round % originals.length] as (typeof originals)[number];
      const damaged = Uint8Array.from(packed);
      for (let times = 1 + random(4); times > 0; times--) damaged[random(damaged.length)] = random(256);
      try {
        // A checksum that still holds means that the damage was none, or lay behind the end of the stream.
        expect(Buffer.compare(decompress(damaged, 65_536), data)).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(Bzip2Error);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(5500);
  });
});

describe('the compressor of the tests', () => {
  it.each(Object.keys(KINDS))('writes what bzip2 gives back: %s', (kind) => {
    for (const size of SIZES.filter((size) => size <= 4096)) {
      const data = KINDS[kind]?.(size) as Uint8Array;
      const unpacked = execFileSync('/usr/bin/bzip2', ['-d', '-c'], { input: written(data) });
      expect(Buffer.compare(unpacked, data), `${size} bytes`).toBe(0);
    }
  });
});
