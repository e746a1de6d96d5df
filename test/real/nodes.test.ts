/**
 * Other versions of Node than this one: they take the flags of `npm start`, and the program is one that they can read. The
 * panel itself needs SQLite's addon, which is made for this one.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodeFlags } from '../node-flags.js';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');
const KEPT = join(ROOT, 'node_modules', '.cache', 'nodes');
const VERSIONS = ['22', '24'];
const programOf = (version: string) => join(KEPT, 'node_modules', `node${version}`, 'bin', 'node');

beforeAll(async () => {
  if (VERSIONS.every((version) => existsSync(programOf(version)))) return;
  // The official binaries, as packages of the registry.
  const packages = VERSIONS.map((version) => `node${version}@npm:node-linux-${process.arch}@${version}`);
  await run('npm', ['install', '--prefix', KEPT, '--no-audit', '--no-fund', '--loglevel=error', ...packages]);
}, 300_000);

describe.each(VERSIONS)('Node %s', (version) => {
  it('takes the flags of `npm start`, and runs the command', async () => {
    const program = programOf(version);
    const said = (await run(program, ['--version'])).stdout.trim();
    expect(said).toMatch(new RegExp(`^v${version}\\.`));
    const { stdout, stderr } = await run(program, [...nodeFlags(said), join(ROOT, 'dist', 'cli.mjs'), '--help']);
    expect(stdout).toContain('dist/cli.mjs COMMAND');
    expect(stderr).toBe('');
  });
});

it('no version takes a flag that it does not know', async () => {
  const wrong = run(programOf('22'), [...nodeFlags('v20.19.0'), '--version']);
  await expect(wrong).rejects.toThrow('bad option');
});
