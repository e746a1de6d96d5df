/**
 * What the panel writes into a tag, read and rewritten by shell scripts as old nodes have them: bunzip2, sed, jq and a loop
 * over words. Every entry must come through unchanged.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTag } from '../../plugin/announcement/tag-read.js';
import {
  packTag,
  readPiece,
  splitTag,
  textOf,
  toWire,
  type WireEntry,
  writePiece,
} from '../../plugin/announcement/tag-write.js';
import { toEntry } from '../../plugin/node/announce/form.js';
import { seeded } from '../discovery/seeded.js';
import { writeTag } from './agents.js';

/** Tags on stdin, one a line. Each is unpacked, its quotes mended, each word prepended to a new list, and packed again. */
const REWRITE = `
  while read -r tag; do
    words=$(printf %s "$tag" | base64 -d | bunzip2 | sed "s/'/\\"/g" | jq -c '.[]')
    list=
    for word in $words; do list="$word,$list"; done
    echo "[$list$1]" | bzip2 | base64 -w0
    echo
  done`;
/** The same as a search: every word gets the node's name in front, and all must still be one JSON list. */
const SEARCH = `
  list=
  while read -r tag; do
    words=$(printf %s "$tag" | base64 -d | bunzip2 | sed "s/'/\\"/g" | jq -c '.[]')
    for word in $words; do list="$list,{\\"node_id\\":\\"x\\",\${word:1}"; done
  done
  echo "[\${list:1}]" | jq -c .`;
const THEIRS = { s: 'Docker', d: 'theirs', m: 'node.guifi.local', i: '10.1.2.3', p: '8080', e: 'demo', t: 'a=1 b=2' };
const THEIRS_WORD = JSON.stringify({ ...THEIRS, t: 'a=1' });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shell-'));
  // For globs to match.
  for (const name of ['a', 'b.txt', '{"s"', '[a]']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

function shell(script: string, tags: readonly string[], locale: string, ...args: readonly string[]): string {
  const env = { PATH: process.env.PATH, LC_ALL: locale };
  const input = `${tags.join('\n')}\n`;
  return execFileSync('bash', ['-c', script, 'readers', ...args], { cwd: folder, env, input }).toString();
}

const BITS = [
  ...["DNS de l'Hospitalet", 'Vídeo a la plaça', 'Núria', 'col·legi', 'ñ', '東京', '🛰️', '👩‍🌾', '’', '“x”', '_', ' '],
  ...[
    '"',
    "'",
    '`id`',
    '$(reboot)',
    '$HOME',
    '$((1))',
    '*',
    '?',
    '[a]',
    '/*',
    '~',
    '{a,b}',
    '!!',
    '!x',
    '%s',
    '#',
    ';',
    '|',
  ],
  ...[
    '\\',
    '\\n',
    '\\u0027',
    '\\\\',
    '\n',
    '\t',
    '\r\n',
    '\u00a0',
    '\u0085',
    '\u2003',
    '\u2028',
    '\u3000',
    '\ufeff',
    '\u1680',
  ],
  ...['\0', '\u001b[1m', '\u007f', '\u009f', '\ud800', '\udc00', '\ufffe', '\u{1ffff}', '\u200b', '\u202e', '\u00ad'],
  ...[
    '<b>',
    '</pre>',
    '&amp;',
    '&',
    'a=1 b=2',
    'a=1&b=2',
    ',',
    ':',
    '{"s":"x"}',
    '},{',
    "','p':'1",
    '-n',
    '--',
    '=',
    '\ufffd',
  ],
];
const random = seeded(12);
const pick = () => BITS[random(BITS.length)] ?? '';
const some = (most: number) => Array.from({ length: random(most + 1) }, pick).join(random(2) === 0 ? '' : ' ');

function made(at: number): WireEntry {
  const form = { description: some(6), port: String(at + 1), attributes: some(6), community: some(3) };
  return toEntry(at % 2 === 0 ? 'dnsservice' : 'My-type.2', form, '10.9.8.7');
}

/** So many entries a tag that readers keep them all beside the scripts' own. */
const PER_TAG = 60;
const entries = Array.from({ length: 1_200 }, (_, at) => made(at));
const tagged = Array.from({ length: entries.length / PER_TAG }, (_, at) =>
  entries.slice(at * PER_TAG, (at + 1) * PER_TAG),
);
const packed = () => Promise.all(tagged.map((list) => packTag(list.map(writePiece))));

describe('what the panel writes', () => {
  it.each(['C', 'C.UTF-8'])('keeps all 1,200 entries through two rewrites by the shell, locale %s', async (locale) => {
    const once = shell(REWRITE, await packed(), locale, THEIRS_WORD)
      .trim()
      .split('\n');
    const twice = shell(REWRITE, once, locale, THEIRS_WORD.replace('8080', '8081')).trim().split('\n');
    expect(twice).toHaveLength(tagged.length);
    for (const [at, tag] of twice.entries()) {
      const ours = (tagged[at] ?? []).map((entry) => textOf(writePiece(entry)));
      const read = splitTag(tag).map(textOf);
      expect(read.filter((piece) => !piece.includes('Docker')).sort()).toEqual(ours.sort());
      expect(read).toHaveLength(PER_TAG + 2);
      const { entries, skipped } = readTag(tag);
      expect([entries.length, skipped]).toEqual([PER_TAG + 2, {}]);
      for (const entry of tagged[at] ?? []) expect(entries).toContainEqual(readPiece(writePiece(entry)));
    }
  });

  it('stays one JSON list in the search of 1,200 entries', async () => {
    const found = JSON.parse(shell(SEARCH, await packed(), 'C.UTF-8')) as readonly object[];
    expect(found).toEqual(entries.map((entry) => ({ node_id: 'x', ...entry })));
  });

  it('keeps the node’s other entries when a description has an apostrophe and there are two attributes', async () => {
    const form = { description: "DNS de l'Hospitalet", port: '53', attributes: 'a=1 b=2', community: 'el meu poble' };
    const entry = toEntry('dnsservice', form, '10.9.8.7');
    expect(entry).toMatchObject({ d: 'DNS_de_l’Hospitalet', t: 'a=1&b=2', e: 'el_meu_poble' });
    const before = writeTag([1, 2, 3, 4].map((p) => ({ ...THEIRS, d: 'x', p: String(p), t: '' })));
    const tag = await packTag([...splitTag(before), writePiece(entry)]);
    const after = readTag(shell(REWRITE, [tag], 'C.UTF-8', THEIRS_WORD).trim());
    expect(after.entries.map(({ port }) => port)).toEqual([53, 4, 3, 2, 1, 8080]);
  });

  it('has no white space, quote, backslash or control character in any field, whoever made the entry', () => {
    for (let round = 0; round < 500; round++) {
      const raw = { s: some(4), d: some(4), m: some(4), i: some(4), p: some(4), e: some(4), t: some(4) };
      const text = textOf(writePiece(raw));
      expect(text.replaceAll('"', '')).not.toMatch(/[\s\p{Cc}\p{Cs}'`\\]/u);
      expect(Object.values(JSON.parse(text)).join('')).not.toContain('"');
      expect(toWire(toWire(raw))).toEqual(toWire(raw));
    }
  });
});
