/** `npm run installed`: what `npm start` and the tests do first. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PACKAGE_FILE } from '../plugin/config/paths.js';

const { scripts } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { scripts: { installed: string } };

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'installed-'));
  for (const folder of ['bin', 'node_modules']) mkdirSync(join(clone, folder));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(clone, 'bin', 'npm'), '#!/bin/sh\necho "npm $1"\n', { mode: 0o755 });
});
afterEach(() => rmSync(clone, { recursive: true }));

/** What a person sees. */
function installed(): string {
  const env = { PATH: `${join(clone, 'bin')}:${process.env.PATH}` };
  return execFileSync('sh', ['-c', `(${scripts.installed}) 2>&1`], { cwd: clone, env, encoding: 'utf8' });
}

it('warns before the first installation that it takes some minutes', () => {
  expect(installed()).toBe('Installing and building; the first time takes some minutes.\nnpm ci\n');
});

it('is silent where all is installed, and warns again once there is more to install', () => {
  const lock = join(clone, 'node_modules', '.package-lock.json');
  writeFileSync(lock, '{}');
  utimesSync(join(clone, 'package-lock.json'), 1, 1);
  expect(installed()).toBe('');
  utimesSync(lock, 0, 0);
  expect(installed()).toContain('npm ci');
});
