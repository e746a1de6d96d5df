/** An addon of another Node beside the built program: told as such, and no disk is blamed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PACKAGE_FILE } from '../../plugin/config/paths.js';

/** What Node's own macros make of an addon; the first field is the version of Node's binary interface. */
const OF_ANOTHER_NODE = `
  struct addon { int version; unsigned flags; void *handle; const char *file; void *init, *context; const char *name; void *more[2]; };
  extern "C" void node_module_register(void *);
  static addon own = {1, 0, nullptr, "addon.cc", &own, nullptr, "addon", {nullptr, nullptr}};
  __attribute__((constructor)) static void start() { node_module_register(&own); }`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'addon-'));
  const root = dirname(PACKAGE_FILE);
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const name of ['node_modules', 'views', 'public', 'package.json'])
    symlinkSync(join(root, name), join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  [
    'another Node',
    (file: string) => {
      writeFileSync(join(folder, 'addon.cc'), OF_ANOTHER_NODE);
      execFileSync('g++', ['-shared', '-fPIC', '-o', file, join(folder, 'addon.cc')]);
    },
    /different Node\.js version/,
  ],
  ['another machine', (file: string) => writeFileSync(file, Buffer.alloc(4_096, 'ELF of another machine')), /ELF/],
])('of %s', (_, make, reason) => {
  make(join(folder, 'dist', 'better_sqlite3.node'));
  const env = { PATH: process.env.PATH, CLOUDY_SERVICES_DATA_DIR: join(folder, 'data'), CLOUDY_SERVICES_DEMO: 'off' };
  const { stderr, status } = spawnSync(process.execPath, [join(folder, 'dist', 'cli.mjs'), 'serve'], {
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^SQLite was not compiled for this Node \(v\d+/);
  expect(stderr).toMatch(reason);
  expect(stderr).toMatch(/Compile or install it again: /);
  expect(stderr).not.toMatch(/DATA_DIR|disk/);
});
