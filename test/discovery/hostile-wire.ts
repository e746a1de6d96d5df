/** Hostile announcements on their ways to a node as text: tags of Serf members, lines of a list. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf, type Hostile, hostileEntry, hostileText, pick, type Random } from './hostile.js';

/** What must become of everything that was delivered. */
export class Tally {
  readonly skipped: Record<string, number> = {};
  /** Type, address and port of each that must be listed. */
  readonly listed: string[] = [];

  /** @param problem why it must be skipped; null = it must be listed */
  add(problem: string | null, key = ''): void {
    if (problem === null) this.listed.push(key);
    else this.skipped[problem] = (this.skipped[problem] ?? 0) + 1;
  }

  get delivered(): number {
    return this.listed.length + Object.values(this.skipped).reduce((sum, count) => sum + count, 0);
  }
}

/** A tag before it is packed, and what must become of what is in it. */
interface Draft {
  readonly json: Buffer | string;
  readonly fates: readonly (Pick<Hostile, 'key'> & { readonly problem: string | null })[];
  /** Packed bytes → the tag's text; base64 when left out. */
  readonly wrap?: (packed: Buffer) => string;
}

/** Caps of a tag: characters of base64, bytes of JSON. */
const TEXT_CAP = 16 * 1024;
const JSON_CAP = 64 * 1024;

/**
 * So many tags' texts.
 * @param next numbers the entries
 */
export function hostileTags(random: Random, count: number, tally: Tally, next: () => number): string[] {
  const drafts = Array.from({ length: count }, () => draft(random, next));
  const packed = pack(drafts.map(({ json }) => (typeof json === 'string' ? bytesOf(json) : json)));
  return drafts.map(({ json, fates, wrap }, at) => {
    const bytes = packed[at] ?? Buffer.alloc(0);
    const text = wrap ? wrap(bytes) : bytes.toString('base64');
    const length = typeof json === 'string' ? bytesOf(json).length : json.length;
    if (text.length > TEXT_CAP || (length > JSON_CAP && !wrap)) tally.add('too-large');
    else for (const { problem, key } of fates) tally.add(problem, key);
    return text;
  });
}

function draft(random: Random, next: () => number): Draft {
  const kind = random(100);
  if (kind < 70) return list(random, next);
  if (kind < 80) return oldList(random, next);
  if (kind < 88) return brokenList(random, next);
  const { json } = list(random, next);
  if (kind < 92) return { json, fates: one('bad-base64'), wrap: (packed) => spoilText(random, packed) };
  if (kind < 96) return { json, fates: one('bad-bzip2'), wrap: (packed) => spoilBytes(random, packed) };
  const [rubbish, problem] = pick(random, RUBBISH);
  return { json: rubbish, fates: one(problem) };
}

const one = (problem: string) => [{ problem, key: '' }];

function entries(random: Random, next: () => number, tame: boolean): Hostile[] {
  return Array.from({ length: 1 + random(14) }, () => hostileEntry(random, next(), tame));
}

function list(random: Random, next: () => number): Draft {
  const fates = entries(random, next, false);
  const json = `[${fates.map((entry) => entry.json).join(pick(random, [',', ' , ', ',\n']))}]`;
  const broken = (packed: Buffer) =>
    packed.toString('base64').replace(/.{76}/g, pick(random, ['$&\n', '$& ', '$&\r\n']));
  return json.length < JSON_CAP / 4 && random(3) === 0 ? { json, fates, wrap: broken } : { json, fates };
}

/** Quotes of the wrong kind, and commas before which and behind which nothing stands. */
function oldList(random: Random, next: () => number): Draft {
  const fates = entries(random, next, true);
  const json = `[,${fates.map((entry) => entry.json).join(pick(random, [',', ',,', ', ,']))},]`;
  return { json: json.replaceAll('"', "'"), fates };
}

/** Good entries among parts that nobody can read. */
function brokenList(random: Random, next: () => number): Draft {
  const parts = entries(random, next, true).flatMap((entry): { json: string; key: string; problem: string | null }[] =>
    random(3) === 0
      ? [
          entry,
          { json: pick(random, ['{broken}', '{"s":}', '{"s" "x"}', '{"<x-canary>']), key: '', problem: 'bad-json' },
        ]
      : [entry],
  );
  const last = { json: '{"s":"dnsserv', key: '', problem: 'bad-json' };
  return { json: `[${[...parts, last].map(({ json }) => json).join(',')}`, fates: [...parts, last] };
}

const RUBBISH: readonly (readonly [Buffer | string, string])[] = [
  ...(['', ' ', 'rubbish', '<x-canary>', 'NaN', '[', '"', '['.repeat(60_000), `${'['.repeat(9e3)}1`] as const).map(
    (json) => [json, 'bad-json'] as const,
  ),
  ...(['null', '5', '"<x-canary>"', 'true', `${'['.repeat(9_000)}${']'.repeat(9_000)}`] as const).map(
    (json) => [json, 'bad-entry'] as const,
  ),
  ...(['{}', `${'{"s":'.repeat(5_000)}1${'}'.repeat(5_000)}`] as const).map((json) => [json, 'bad-type'] as const),
  [Buffer.alloc(8 * 1024 * 1024), 'too-large'],
  [Buffer.alloc(1024 * 1024, '{"s":"proxy3","i":"10.0.0.1","p":"1"},'), 'too-large'],
];

function spoilText(random: Random, packed: Buffer): string {
  const text = packed.toString('base64').slice(0, TEXT_CAP - 100);
  const at = random(text.length);
  return pick(random, [
    ...[`${text.slice(0, at)}<x-canary>${text.slice(at)}`, `${text.slice(0, at)}\u0000${text.slice(at)}`, '', ' \n'],
    ...[
      `${text.replace(/=*$/, '')}===`,
      text.slice(0, 4 * Math.floor(at / 4) + 1),
      `-${text}`,
      `<${hostileText(random, 50)}`,
    ],
  ]);
}

/** The magic, the sum over the block, or the end; what is left of it is bzip2 no more. */
function spoilBytes(random: Random, packed: Buffer): string {
  const bytes = Buffer.from(packed.subarray(0, TEXT_CAP / 2));
  const kind = random(4);
  if (kind === 0) bytes[random(4)] = 0xff;
  else if (kind === 1) bytes.writeUInt32BE(~bytes.readUInt32BE(10) >>> 0, 10);
  else if (kind === 2) return bytes.subarray(0, 1 + random(bytes.length - 10)).toString('base64');
  else bytes.fill(random(256), 4);
  return bytes.toString('base64');
}

/** All by one run of the system's bzip2. */
function pack(all: readonly Buffer[]): Buffer[] {
  const folder = mkdtempSync(join(tmpdir(), 'pack-'));
  const names = all.map((_, at) => `${at}`);
  for (const [at, bytes] of all.entries()) writeFileSync(join(folder, `${at}`), bytes);
  execFileSync('/usr/bin/bzip2', ['-9', ...names], { cwd: folder });
  const packed = names.map((name) => readFileSync(join(folder, `${name}.bz2`)));
  rmSync(folder, { recursive: true });
  return packed;
}

/** A hand-kept list of so many bytes at most. */
export function hostileList(random: Random, bytes: number, tally: Tally, next: () => number): Buffer {
  const lines: Buffer[] = [];
  for (let size = 0; size < bytes; size += lines.at(-1)?.length ?? 0) {
    if (random(20) === 0) lines.push(Buffer.from(`# <x-canary> ${hostileText(random, 9).replace(/\n/g, '')}\n`));
    const { json, problem, key } = hostileEntry(random, next());
    const spoilt = random(12) === 0;
    lines.push(
      Buffer.concat([bytesOf(spoilt ? pick(random, SPOILT)(json) : json), Buffer.from(random(2) ? '\n' : '\r\n')]),
    );
    tally.add(spoilt ? 'bad-json' : problem, key);
  }
  return Buffer.concat(lines);
}

const SPOILT: readonly ((json: string) => string)[] = [
  (json) => json.slice(0, -1),
  (json) => `${json},`,
  (json) => `\u0000${json}`,
  (json) => `\u202e${json}`,
  (json) => `{"d":"\t",${json.slice(1)}`,
  () => '['.repeat(5_000),
  () => '<x-canary onx=1>',
];
