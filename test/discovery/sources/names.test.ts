/** Names of a message as text and back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { displayName, labels, labelText, nameBytes } from '../../../plugin/discovery/sources/avahi/names.js';
import { readName } from '../../../plugin/discovery/sources/avahi/wire.js';

it('keeps the bytes of every name', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 }).map((bytes) => Buffer.from(bytes));
  const lettered = fc
    .array(fc.constantFrom('.', '\\', '1', '2', '3', 'a', 'ü', '🙂'), { minLength: 1, maxLength: 12 })
    .map((all) => Buffer.from(all.join('')));
  fc.assert(
    fc.property(fc.array(fc.oneof(label, lettered), { maxLength: 3 }), (parts) => {
      const name = parts.map(labelText).join('.');
      expect(labels(name)).toEqual(parts);
      const bytes = nameBytes(name);
      expect(readName(bytes, 0, bytes.length)).toBe(name);
      expect(displayName(name)).toBe(parts.map(String).join('.'));
    }),
  );
});

it('reads names over pointers to earlier bytes, and no others', () => {
  const read = (at: number, ...bytes: number[]) => readName(Buffer.from(bytes), at, bytes.length);
  expect(read(3, 1, 0x61, 0, 1, 0x62, 0xc0, 0)).toBe('b.a');
  expect(read(0, 1, 0x61)).toBeNull();
  expect(read(0, 1, 0x61, 0xc0)).toBeNull();
  expect(read(0, 0xc0, 0)).toBeNull();
  expect(read(0, 1, 0x61, 0xc0, 0)).toBeNull();
  expect(read(0, 0xc0, 2, 0)).toBeNull();
  expect(read(0, 0x41, 0x61, 0)).toBeNull();
  const chain = Buffer.concat([Buffer.of(0, 0), ...Array.from({ length: 200 }, (_, i) => Buffer.of(0xc0, 2 * i))]);
  expect(readName(chain, 2 * 127, chain.length)).toBe('');
  expect(readName(chain, 2 * 128, chain.length)).toBeNull();
  const long = (bytes: number) =>
    nameBytes(['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(bytes)].join('.'));
  expect(readName(long(61), 0, 255)).not.toBeNull();
  expect(readName(long(62), 0, 256)).toBeNull();
});
