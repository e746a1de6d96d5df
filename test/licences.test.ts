/** Every package that the program ships stands in the README with its licence, and may be shipped under ours. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
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
      const licence = choice.find((one) => COMPATIBLE.has(one)) ?? (license as string);
      return [{ name, licence, direct: name in dependencies && path === `node_modules/${name}` }];
    },
  );
}

/** The rows of the README's table: package, or how many more, with licence and purpose. */
function rows(): [string, string, string][] {
  const [, section = ''] = /\n## Dependencies and licences\n(.*?)\n## /s.exec(read('README.md')) ?? [];
  return [...section.matchAll(/^\| (.+?) +\| (.+?) +\| (.+?) +\|$/gm)]
    .map(([, what = '', licence = '', purpose = '']): [string, string, string] => [what, licence, purpose])
    .filter(([what]) => what !== 'package' && !what.startsWith('-'));
}

const licenceOf = (name: string) => shipped().find((one) => one.name === name)?.licence;

it('every package that is shipped may be part of a work under our licence', () => {
  expect(shipped().length).toBeGreaterThan(50);
  expect(shipped().filter(({ licence }) => !COMPATIBLE.has(licence))).toEqual([]);
});

it('the README names each package that the program asks for, with its licence and what it is for', () => {
  const named = rows().filter(([what]) => what.startsWith('`'));
  const expected = shipped().filter(({ direct }) => direct);
  expect(named.map(([what, licence]) => [what.replaceAll('`', ''), licence])).toEqual(
    expected.map(({ name, licence }) => [name, licence]),
  );
});

it('the README counts the packages that these need, by licence', () => {
  const counts = new Map<string, number>();
  for (const { licence } of shipped().filter(({ direct }) => !direct))
    counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const counted = rows().flatMap(([what, licence]) => {
    const count = /^(\d+) more/.exec(what)?.[1];
    return count === undefined ? [] : [[licence, Number(count)]];
  });
  expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(counts));
});

it('the Debian package says of everything that is bundled into it whose it is, and under which licence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'licences-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['.ci', 'debian', 'plugin', 'public', 'package.json']) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  execFileSync('node', ['.ci/bundle.mjs', 'package'], { cwd: folder });
  // Debian's own is there only where packages are built.
  const changelog = `#!/bin/sh\nsed -n '1s/.*(\\(.*\\)).*/\\1/p' debian/changelog\n`;
  writeFileSync(join(folder, 'dpkg-parsechangelog'), changelog, { mode: 0o755 });
  execFileSync('node', ['.ci/package.mjs'], {
    cwd: folder,
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
  const copyright = readFileSync(join(folder, 'build', 'copyright'), 'utf8');
  const bundled: string[] = JSON.parse(readFileSync(join(folder, 'dist', 'bundled.json'), 'utf8'));
  const names = [...bundled.map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)), 'htmx.org'];
  expect(names.length).toBeGreaterThan(30);
  const texts = new Set([...copyright.matchAll(/^License: (\S+)\n [^\n]/gm)].map((match) => match[1]));
  for (const name of names) {
    const pattern = `^Files: \\S*node_modules/${name}/\\*\\nCopyright: (\\S[^]*?)\\nLicense: (\\S+)$`;
    const [, holders, licence] = new RegExp(pattern, 'm').exec(copyright) ?? [];
    expect(holders, name).toBeTruthy();
    expect(texts, `${name}: ${licence}`).toContain(licence);
    expect(licenceOf(name), `${basename(name)} is shipped`).toBeDefined();
  }
});
