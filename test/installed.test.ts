/** `npm run installed`: what `npm start` and the tests do first. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';

import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PACKAGE_FILE } from '../plugin/config/paths.js';

const { scripts } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { scripts: { installed: string } };

let clone: string;
let log: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'installed-'));
  for (const folder of ['.ci', 'bin', 'node_modules/better-sqlite3'])
    mkdirSync(join(clone, folder), { recursive: true });
  copyFileSync(join(dirname(PACKAGE_FILE), '.ci', 'install.mjs'), join(clone, '.ci', 'install.mjs'));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  log = join(clone, 'called');
  npmSays('');
  addon('');
});
afterEach(() => rmSync(clone, { recursive: true }));

/** A program in place of npm. */
function npmSays(script: string): void {
  writeFileSync(join(clone, 'bin', 'npm'), `#!/bin/sh\necho "npm $1 $2" >> ${log}\n${script}`, { mode: 0o755 });
}
/** What loading SQLite does. */
function addon(script: string): void {
  writeFileSync(
    join(clone, 'node_modules', 'better-sqlite3', 'index.js'),
    `module.exports = function () { ${script} }`,
  );
}
function installed(): void {
  const file = join(clone, 'node_modules', '.package-lock.json');
  writeFileSync(file, '{}');
  utimesSync(join(clone, 'package-lock.json'), 1, 1);
}
const calls = () => execFileSync('sh', ['-c', `cat "$0" 2>/dev/null || true`, log], { encoding: 'utf8' });

/** What a person sees, and how it ends. */
function ready() {
  const env = { PATH: `${join(clone, 'bin')}:${process.env.PATH}` };
  const { stdout, status } = spawnSync('sh', ['-c', `(${scripts.installed}) 2>&1`], {
    cwd: clone,
    env,
    encoding: 'utf8',
  });
  return { said: stdout, status };
}

it('warns before the first installation that it takes some minutes', () => {
  expect(ready()).toEqual({ said: 'Installing and building; the first time takes some minutes.\n', status: 0 });
  expect(calls()).toBe('npm ci --engine-strict\n');
});

it('is silent where all is installed, and warns again once there is more to install', () => {
  installed();
  expect(ready()).toEqual({ said: '', status: 0 });
  utimesSync(join(clone, 'node_modules', '.package-lock.json'), 0, 0);
  expect(ready().said).toContain('some minutes');
  expect(calls()).toBe('npm ci --engine-strict\n');
});

it('compiles SQLite again, and says so, where it was compiled for another Node', () => {
  installed();
  addon(
    `throw Object.assign(new Error('was compiled against a different Node.js version'), { code: 'ERR_DLOPEN_FAILED' })`,
  );
  expect(ready()).toEqual({ said: expect.stringMatching(/^SQLite was compiled for another Node .*\n$/), status: 0 });
  expect(calls()).toBe('npm rebuild better-sqlite3\n');
});

it('says how it goes while it takes long', { timeout: 60_000 }, () => {
  npmSays(`echo 'gyp info it worked if it ends with ok'; sleep 5.5`);
  expect(ready().said).toMatch(/… compiling SQLite: \d s\n/);
});

describe('an installation that fails', () => {
  const GYP = [
    [
      'gyp info using node@20.20.2 | linux | arm',
      'gyp http GET https://nodejs.org/download/release/v20.20.2/node-v20.20.2-headers.tar.gz',
    ],
    [
      'gyp ERR! configure error',
      'gyp ERR! stack FetchError: request to https://nodejs.org/ failed, reason: getaddrinfo EAI_AGAIN nodejs.org',
    ],
    Array.from({ length: 25 }, (_, line) => `gyp ERR! stack     at line ${line}`),
  ].flat();
  it.each([
    ['no headers and no Internet', GYP, /headers of this Node .*\n.*libnode-dev/],
    [
      'no registry',
      ['npm error code ENOTFOUND', 'npm error network request to https://packages.example failed'],
      /registry does not answer.*\n.*Debian package/,
    ],
    [
      'too little memory',
      ['gyp info', 'g++: fatal error: Killed signal terminated program cc1plus', 'gyp ERR! build error'],
      /memory .*\n.*swap/,
    ],
    ['no room', ['npm error code ENOSPC', 'npm error nospc no space left on device'], /disk is full.*\nMake room/],
    [
      'a compiler that fails',
      ['gyp ERR! build error', 'gyp ERR! stack Error: `make` failed with exit code: 2'],
      /could not be compiled.*\n.*g\+\+/,
    ],
    ['something else', ['npm error Cannot read properties'], /could not install.*\n.*Cannot read properties/],
  ])('for %s says so in a sentence, with the way out', (_, lines, expected) => {
    writeFileSync(join(clone, 'says'), `${lines.join('\n')}\n`);
    npmSays(`cat ${join(clone, 'says')} >&2; exit 1`);
    const { said, status } = ready();
    expect(status).toBe(1);
    expect(said).toMatch(expected);
    const all = said.trim().split('\n');
    expect(all).toHaveLength(4);
    const file = /is in (\S+)\.$/.exec(all[3] ?? '')?.[1] ?? '';
    expect(readFileSync(file, 'utf8')).toContain(lines[0]);
    rmSync(dirname(file), { recursive: true });
  });
});
