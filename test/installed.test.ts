/** `npm run ready`: what `npm start` does before it builds. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PACKAGE_FILE } from '../plugin/config/paths.js';

const { scripts } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { scripts: { ready: string } };

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'ready-'));
  for (const folder of ['.ci', 'bin', 'node_modules']) mkdirSync(join(clone, folder));
  writeFileSync(join(clone, '.ci', 'prepare'), '');
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(clone, 'bin', 'npm'), '#!/bin/sh\necho "npm $1"\n', { mode: 0o755 });
});
afterEach(() => rmSync(clone, { recursive: true }));

/** What a person sees. */
function ready(): string {
  const env = { PATH: `${join(clone, 'bin')}:${process.env.PATH}` };
  return execFileSync('sh', ['-c', `(${scripts.ready}) 2>&1`], { cwd: clone, env, encoding: 'utf8' });
}

it('warns before the first installation that it takes some minutes', () => {
  expect(ready()).toBe('Installing and building; the first time takes some minutes.\nnpm ci\n');
});

it('is silent where all is installed, and warns again once there is more to install', () => {
  const installed = join(clone, 'node_modules', '.package-lock.json');
  writeFileSync(installed, '{}');
  utimesSync(join(clone, 'package-lock.json'), 1, 1);
  expect(ready()).toBe('');
  utimesSync(installed, 0, 0);
  expect(ready()).toContain('npm ci');
});
