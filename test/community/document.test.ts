/** What neighbours send each other: read back as it was meant, and nothing else is taken. */
import { sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAX_BYTES, makeDocument, publicKey, readDocument } from '../../plugin/community/document.js';
import { ownKey } from '../../plugin/community/key.js';
import { content, HOUR, idOf, NOW, newKey, providerId, row, sent, taken } from './made.js';

const fieldsOf = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
const toBytes = (value: unknown) => Buffer.from(JSON.stringify(value));

/** Signs whatever it is given, as a stranger may. */
function signed(fields: Record<string, unknown>, key = newKey()): Buffer {
  const { sig: _, ...given } = fields;
  const body = { ...given, ...('key' in given && { key: publicKey(key) }) };
  const text = `cloudy-services opinions\n${JSON.stringify(body)}`;
  return toBytes({ ...body, sig: sign(null, Buffer.from(text), key).toString('base64url') });
}

describe('a document', () => {
  it('is read as it was made', () => {
    const key = newKey();
    const rows = [row(), row({ provider: idOf(2), mark: null, stars: 4 })];
    const infrastructure = { upDays: 0, load: null, memory: 100, disk: null };
    const read = taken(sent({ rows, infrastructure, node: 'Can Mas · 7' }, key));
    expect(read).toEqual({ ...content({ rows, infrastructure, node: 'Can Mas · 7' }), key: publicKey(key) });
  });

  it('fits, whatever there is to say, and leaves out the last', () => {
    const rows = Array.from({ length: 200 }, () => row({ provider: providerId(), type: 'x'.repeat(48), stars: 5 }));
    const bytes = sent({ rows, node: 'é'.repeat(100) });
    expect(bytes.length).toBeLessThanOrEqual(MAX_BYTES);
    const read = taken(bytes);
    expect(read.rows.length).toBeGreaterThan(25);
    expect(read.rows).toEqual(rows.slice(0, read.rows.length));
  });

  it('holds fifty usual rows', () => {
    const rows = Array.from({ length: 50 }, () => row({ provider: providerId(), type: 'tahoe-lafs' }));
    expect(taken(sent({ rows })).rows).toHaveLength(50);
  });

  it.each([
    ['a day and an hour', 25 * HOUR, 25 * HOUR + 2_000],
    ['ten minutes ahead', -600_000, -602_000],
  ])('is refused where it is older than %s', (_, last, over) => {
    const bytes = sent();
    expect(taken(bytes, NOW + last).node).toBe('la-torre');
    expect(readDocument(bytes, NOW + over)).toBe('untimely');
  });

  it('is refused where anything was changed after it was signed', () => {
    const fields = fieldsOf(sent());
    const rows = fields.rows as unknown[][];
    const changes = [
      { node: 'can-mas' },
      { at: NOW / 1_000 + 1 },
      { key: publicKey(newKey()) },
      { infra: [1, 2, 3, 4] },
      { rows: rows.slice(1) },
      { rows: rows.toReversed() },
      { rows: [[...(rows[0] ?? []), 5], rows[1]] },
      { sig: 'A'.repeat(86) },
    ];
    for (const change of changes) expect(readDocument(toBytes({ ...fields, ...change }), NOW)).toBe('unsigned');
  });

  it.each([
    ['a version of later', { v: 2 }, 'other-version'],
    ['a further field', { more: 1 }, 'unreadable'],
    ['no name', { node: '' }, 'unreadable'],
    ['a name that disguises itself', { node: 'la\u202etorre' }, 'unreadable'],
    ['a name of one page', { node: 'x'.repeat(129) }, 'unreadable'],
    ['a time that is no number', { at: '1' }, 'unreadable'],
    ['figures that are none', { infra: [0, 0, 101, 0] }, 'unreadable'],
    ['no list', { rows: {} }, 'unreadable'],
    ['one provider twice', { rows: [row(), row()] }, 'unreadable'],
    ['an id that is none', { rows: [row({ provider: 'x'.repeat(32) })] }, 'unreadable'],
    ['a type with white space', { rows: [row({ type: 'dns service' })] }, 'unreadable'],
    ['a single look', { rows: [row({ looks: 1 })] }, 'unreadable'],
    ['what is older than a week', { rows: [row({ ageHours: 169 })] }, 'unreadable'],
    ['half a point', { rows: [row({ mark: 0.5 })] }, 'unreadable'],
    ['more than all', { rows: [row({ answered: 101 })] }, 'unreadable'],
    ['six stars', { rows: [row({ stars: 6 })] }, 'unreadable'],
  ])('is refused with %s, even signed', (_, change, problem) => {
    const rows = 'rows' in change && Array.isArray(change.rows) ? { rows: change.rows.map(Object.values) } : {};
    expect(readDocument(signed({ ...fieldsOf(sent()), ...change, ...rows }), NOW)).toBe(problem);
  });

  it('is refused where it is larger than any may be', () => {
    const text = sent().toString();
    expect(readDocument(Buffer.from(text.padEnd(MAX_BYTES)), NOW)).toMatchObject({ node: 'la-torre' });
    expect(readDocument(Buffer.from(text.padEnd(MAX_BYTES + 1)), NOW)).toBe('too-large');
  });
});

/** One field of a sound document replaced, a row changed, or nothing sound at all. */
const hostile = fc.oneof(
  fc.uint8Array({ maxLength: 5_000 }).map((bytes) => Buffer.from(bytes)),
  fc.json({ maxDepth: 8 }).map((text) => Buffer.from(text)),
  fc.integer({ min: 1, max: 4_000 }).map((depth) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))),
  fc.integer({ min: 1, max: 600 }).map((depth) => Buffer.from('{"v":'.repeat(depth))),
  fc
    .record({
      field: fc.constantFrom('v', 'node', 'at', 'key', 'infra', 'rows', 'sig', '__proto__', 'constructor'),
      value: fc.oneof(fc.anything(), fc.constantFrom(1e300, -1, null, [], {}, [[]], 'x'.repeat(4_000))),
      again: fc.boolean(),
    })
    .map(({ field, value, again }) => {
      const fields = Object.fromEntries([...Object.entries(fieldsOf(SOUND)), [field, value]]);
      // Signed anew, so that more than the signature is tried.
      return jsonOr(() => (again && field !== 'sig' ? signed(fields) : toBytes(fields)));
    }),
  fc.record({ at: fc.nat(8), value: fc.anything({ maxDepth: 2 }), twice: fc.boolean() }).map(({ at, value, twice }) => {
    const wire = [...(fieldsOf(SOUND).rows as unknown[][])];
    const changed = [...(wire[0] ?? [])];
    changed[at] = value;
    return jsonOr(() => signed({ ...fieldsOf(SOUND), rows: twice ? [changed, changed] : [changed] }));
  }),
  fc.double({ noNaN: true, min: 1e9, max: 1e12 }).map((at) => signed({ ...fieldsOf(SOUND), at })),
);
const SOUND = sent();

/** What JSON cannot say is no document either. */
function jsonOr(make: () => Buffer): Buffer {
  try {
    return make();
  } catch {
    return Buffer.from('x');
  }
}

it('takes none of 10,000 hostile documents unless it is sound, and never throws', () => {
  let refused = 0;
  fc.assert(
    fc.property(hostile, (bytes) => {
      const read = readDocument(bytes, NOW);
      if (typeof read === 'string') {
        refused += 1;
        return;
      }
      // Only a change that changes nothing passes: then it says exactly what a sound one may say.
      const again = taken(Buffer.from(makeDocument(read, newKey())));
      expect({ ...again, key: read.key }).toEqual(read);
    }),
    { numRuns: 10_000, seed: 7 },
  );
  expect(refused).toBeGreaterThan(9_000);
});

describe('the key of this node', () => {
  function folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'key-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  }

  it('is made once, for its owner alone, and stays', () => {
    const path = folder();
    const key = publicKey(ownKey(path));
    expect(publicKey(ownKey(path))).toBe(key);
    expect(statSync(join(path, 'community.key')).mode & 0o777).toBe(0o600);
  });

  it('is not made anew where it is damaged', () => {
    const file = join(folder(), 'community.key');
    writeFileSync(file, 'no key');
    expect(() => ownKey(join(file, '..'))).toThrow();
    expect(readFileSync(file, 'utf8')).toBe('no key');
  });
});
