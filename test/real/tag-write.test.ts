/** Taking a tag apart and putting it together: what is not ours stays as it was, and what cannot be kept is not touched. */
import { describe, expect, it } from 'vitest';
import { readTag } from '../../plugin/announcement/tag-read.js';
import { packTag, readPiece, sizeOfTags, splitTag, writePiece } from '../../plugin/announcement/tag-write.js';
import { seeded } from '../discovery/seeded.js';
import { writeTag } from './agents.js';

const OURS = { s: 'proxy3', d: 'Guifi_proxy', m: 'node7', i: '10.139.40.22', p: '3128', e: 'demo', t: 'a=1' };

describe('the entries of a tag', () => {
  it.each<[string, string, readonly string[]]>([
    ['a plain list', '[{"s":"a"},{"s":"b"}]', ['{"s":"a"}', '{"s":"b"}']],
    ['stray commas, breaks and blanks', '[ ,{"s":"a"},\n, {"s":"b"},]', ['{"s":"a"}', '{"s":"b"}']],
    ['no list around it', '{"s":"a"}', ['{"s":"a"}']],
    ['braces, brackets and quotes in a text', '[{"d":"}]{\\"["},{"s":"b"}]', ['{"d":"}]{\\"["}', '{"s":"b"}']],
    ['an object in an object', '[{"x":{"y":[1]},"s":"a"}]', ['{"x":{"y":[1]},"s":"a"}']],
    ['quotes of the wrong kind', "[{'s':'a','d':'x'}]", ["{'s':'a','d':'x'}"]],
    ['the wrong quote within such a text', "[{'d':'l'aigua'},{'s':'b'}]", ["{'d':'l'aigua'}", "{'s':'b'}"]],
    [
      'the wrong quote within several of them',
      "[{'d':'l'aigua','s':'a'},{'d':'d'en Pau, {x'},{\"s\":\"b\"}]",
      ["{'d':'l'aigua','s':'a'}", "{'d':'d'en Pau, {x'}", '{"s":"b"}'],
    ],
    ['an empty list', '[]', []],
  ])('are cut out as they are written: %s', (_, json, pieces) => {
    expect(splitTag(writeTag(json))).toEqual(pieces);
  });

  it('are none where there is no tag', () => {
    expect([splitTag(undefined), splitTag('')]).toEqual([[], []]);
  });

  it.each([
    ['words', 'hello'],
    ['a number among them', '[1,{"s":"a"}]'],
    ['an entry that does not end', '[{"s":"a"},{"s":"b"'],
  ])('cannot be changed without loss, and are refused: %s', (_, json) => {
    expect(() => splitTag(writeTag(json))).toThrow(expect.objectContaining({ code: 'tag-unreadable' }));
  });

  it.each(['!', 'bm90IGJ6aXAy', writeTag([OURS]).slice(0, 60)])('of a tag that is none are refused: %s', (tag) => {
    expect(() => splitTag(tag)).toThrow(expect.objectContaining({ code: 'tag-unreadable' }));
  });

  it('survive packing byte for byte, even invalid UTF-8', async () => {
    const random = seeded(4);
    for (let round = 0; round < 20; round++) {
      const bytes = Array.from({ length: 40 }, () => random(256)).filter(
        (byte) => !'"\\{}\''.includes(String.fromCharCode(byte)),
      );
      const piece = `{"s":"x","d":"${String.fromCharCode(...bytes)}"}`;
      expect(splitTag(await packTag([piece, writePiece(OURS)]))).toEqual([piece, writePiece(OURS)]);
    }
  });
});

describe('our entry', () => {
  it('is read back as meant, with look-alikes for what old readers would break', async () => {
    const entry = { ...OURS, d: 'L\'aigua_"és"_\\_€_{x}', t: "k=v'w" };
    const { entries, skipped } = readTag(await packTag([writePiece(entry)]));
    expect(skipped).toEqual({});
    expect(entries[0]).toMatchObject({ type: 'proxy3', description: 'L’aigua ”és” ∖ € {x}', port: 3128 });
    expect(readPiece(writePiece(entry))).toEqual(entries[0]);
  });

  it('has no quote that old readers would replace, and no escape that jq would undo', () => {
    expect(writePiece({ ...OURS, d: "l'un_i_l'altre" })).not.toMatch(/['\\]/);
  });

  it('joins attributes with &, whether spaces or & separated them', () => {
    expect(JSON.parse(writePiece({ ...OURS, t: ' a=1  b=2&&c=3\n' })).t).toBe('a=1&b=2&c=3');
  });

  it('is not read from a piece that is not an entry', () => {
    expect([readPiece('{}'), readPiece('{"s":'), readPiece('{"s":"x","i":"name"}')]).toEqual([null, null, null]);
  });
});

it('counts a mark, a map and old MessagePack lengths in the size of tags', () => {
  expect(sizeOfTags(new Map())).toBe(2);
  expect(sizeOfTags(new Map([['role', 'x'.repeat(31)]]))).toBe(2 + 5 + 32);
  expect(sizeOfTags(new Map([['ròl', 'x'.repeat(32)]]))).toBe(2 + 5 + 35);
  const many = new Map(Array.from({ length: 16 }, (_, at) => [String.fromCharCode(97 + at), '']));
  expect(sizeOfTags(many)).toBe(4 + 16 * 3);
});
