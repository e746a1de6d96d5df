/** The shape of the program: one order of rooms, no import circle, small folders, types and sources in their own rooms. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** A room imports only from itself and from rooms before it. */
const ORDER = [
  ...['lib', 'model', 'config', 'announcement', 'serf', 'discovery', 'probe', 'services', 'store', 'jobs', 'score'],
  ...['scan', 'node', 'community', 'routing', 'demo', 'panel', 'present', 'alerts', 'web', 'daemon', 'index', 'cli'],
];
const MAX_FILES = 15;

const files = readdirSync(join(ROOT, 'plugin'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  /(?<!\.d)\.ts$/.test(name),
);
const textOf = (file: string) => readFileSync(join(ROOT, 'plugin', file), 'utf8');
const room = (file: string) => file.split('/')[0]?.replace(/\.ts$/, '') ?? '';

/** The plugin's files that each file imports, including types and dynamic imports. */
const imports = new Map(
  files.map((file) => [
    file,
    [...textOf(file).matchAll(/(?:\bfrom|\bimport\()\s*'(\.{1,2}\/[^']+)'/g)]
      .map(([, path = '']) => normalize(join(dirname(file), path)).replace(/\.js$/, '.ts'))
      .filter((path) => files.includes(path)),
  ]),
);

/** The files of a circle of imports; empty where there is none. */
function circle(): readonly string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const found = visit(next, [...path, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  for (const file of files) {
    const found = visit(file, []);
    if (found.length > 0) return found;
  }
  return [];
}

describe('the plugin', () => {
  it('has rooms that are all in the order', () => {
    expect(files.length).toBeGreaterThan(200);
    expect([...new Set(files.map(room))].filter((name) => !ORDER.includes(name))).toEqual([]);
  });

  it('imports nothing against the order of its rooms', () => {
    const against = [...imports].flatMap(([file, targets]) =>
      targets
        .filter((target) => ORDER.indexOf(room(target)) > ORDER.indexOf(room(file)))
        .map((target) => `${file} imports ${target}`),
    );
    expect(against).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(circle()).toEqual([]);
  });

  it(`has no folder of over ${MAX_FILES} files`, () => {
    const counts = new Map<string, number>();
    for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MAX_FILES)).toEqual([]);
  });

  it('says in the first line of each file what it holds', () => {
    expect(files.filter((file) => !/^(#!.*\n)?\/\*\*/.test(textOf(file)))).toEqual([]);
  });

  it('names a service type in its own room only, the demo community apart', () => {
    const types = readdirSync(join(ROOT, 'plugin', 'services'))
      .map((name) => name.replace(/\.ts$/, ''))
      .filter((name) => !['README.md', 'index', 'check', 'contract', 'steps', 'other'].includes(name));
    expect(types.length).toBeGreaterThan(9);
    const named = new RegExp(`['"\`](?:${types.filter((type) => type !== 'serf').join('|')})['"\`]`);
    const elsewhere = files.filter((file) => !['services', 'demo'].includes(room(file)) && named.test(textOf(file)));
    expect(elsewhere).toEqual([]);
  });

  it('names a source in its own room only, the demo community apart', () => {
    const ids = readdirSync(join(ROOT, 'plugin', 'discovery', 'sources')).map((name) => name.replace(/\.ts$/, ''));
    expect(ids).toContain('serf');
    // `serf` is a service type too, `list` a command, `demo` a community: there the rest of the line tells.
    const unmistakable = ids.filter((id) => !['serf', 'list'].includes(id)).join('|');
    const quoted = new RegExp(`['"\`](?:${unmistakable})['"\`]`);
    const asSource = new RegExp(`\\b(?:sources?|name|announcements|skipped)\\b.*['"\`](?:demo|${ids.join('|')})['"\`]`);
    // Options of the configuration are called after what they configure, and a demo after the network that it looks like.
    const called = /Pick<Config,[^>]*>|DEMO_NAMES = \[[^\]]*\]/g;
    const names = (text: string) => [quoted, asSource].some((named) => named.test(text.replace(called, '')));
    const elsewhere = files.filter(
      (file) => !/^(?:discovery\/sources|demo|services)\//.test(file) && names(textOf(file)),
    );
    const views = readdirSync(join(ROOT, 'views'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.eta') && names(readFileSync(join(ROOT, 'views', name), 'utf8')),
    );
    expect([...elsewhere, ...views]).toEqual([]);
  });

  it('names a routing daemon in its own room only', () => {
    const ids = readdirSync(join(ROOT, 'plugin', 'routing', 'daemons')).map((name) => name.replace(/\.ts$/, ''));
    expect(ids).toContain('babeld');
    // olsrd is a program that a source looks for, too.
    const named = new RegExp(`['"\`](?:${ids.filter((id) => id !== 'olsrd').join('|')})['"\`]`);
    expect(files.filter((file) => !file.startsWith('routing/') && named.test(textOf(file)))).toEqual([]);
  });

  it('cites no document that is not in the repository', () => {
    const documents = new Set(
      execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' })
        .split('\n')
        .map((name) => name.split('/').at(-1)),
    );
    const cited = files.flatMap((file) =>
      [...textOf(file).matchAll(/\b([A-Z]{3,}\.md)\b/g)].flatMap(([, name = '']) =>
        documents.has(name) ? [] : `${file}: ${name}`,
      ),
    );
    expect(cited).toEqual([]);
  });
});
