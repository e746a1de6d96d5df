/** Everything that is shipped has a licence that ours allows, and the build says whose it is. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const json = (file: string) => JSON.parse(read(file));

/**
 * May be part of a work under GPL-2.0-or-later; Apache-2.0 because of the "or later", being compatible with version 3
 * (https://www.gnu.org/licenses/license-list.html).
 */
const COMPATIBLE: ReadonlySet<string> = new Set([
  ...['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BSD-0-Clause', 'BlueOak-1.0.0', 'Apache-2.0'],
]);

interface Shipped {
  readonly name: string;
  /** As its own package.json says; of several to choose from, the first that may be used. */
  readonly licence: string;
  readonly direct: boolean;
}

function shipped(): Shipped[] {
  const { dependencies } = json('package.json');
  type Locked = { readonly dev?: boolean; readonly license?: string };
  return Object.entries(json('package-lock.json').packages as Record<string, Locked>).flatMap(
    ([path, { dev, license }]) => {
      if (path === '' || dev) return [];
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const choice = (license ?? 'none').replace(/[()]/g, '').split(' OR ');
      const licence = choice.find((name) => COMPATIBLE.has(name)) ?? (license as string);
      return [{ name, licence, direct: name in dependencies && path === `node_modules/${name}` }];
    },
  );
}

const licenceOf = (name: string) => shipped().find((known) => known.name === name)?.licence;

it('every package that is shipped may be part of a work under our licence', () => {
  expect(shipped().length).toBeGreaterThan(50);
  expect(shipped().filter(({ licence }) => !COMPATIBLE.has(licence))).toEqual([]);
});

it('the build writes whose everything is that it bundles, and under which licence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'licences-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['.ci', 'debian', 'plugin', 'public'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  execFileSync('node', ['.ci/bundle.mjs', 'package'], { cwd: folder });
  const copyright = readFileSync(join(folder, 'dist', 'copyright'), 'utf8');
  const texts = new Set([...copyright.matchAll(/^License: (\S+)\n [^\n]/gm)].map((match) => match[1]));
  const paragraphs = [
    ...copyright.matchAll(/^Files: \S*node_modules\/(\S+)\/\*\nCopyright: (\S[\s\S]*?)\nLicense: (\S+)\n/gm),
  ];
  const names = paragraphs.map(([, name = '']) => name.replace(/^better-sqlite3\/deps$/, 'better-sqlite3'));
  expect(names.length).toBeGreaterThan(30);
  expect(names).toHaveLength(copyright.match(/^Files: \S*node_modules/gm)?.length ?? 0);
  expect(names).toEqual(expect.arrayContaining(shipped().flatMap(({ name, direct }) => (direct ? [name] : []))));
  expect(names.filter((name) => licenceOf(name) === undefined)).toEqual([]);
  expect(paragraphs.filter(([, , , licence]) => !texts.has(licence))).toEqual([]);
});
