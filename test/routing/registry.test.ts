/** The folder of routing daemons: each is one file with one test, and keeps the contract. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROUTING_DIR } from '../../plugin/config/paths.js';
import { loadDaemons } from '../../plugin/routing/index.js';

it('loads every file, by name', async () => {
  const names = readdirSync(ROUTING_DIR).map((file) => file.replace(/\.ts$/, ''));
  expect(names.length).toBeGreaterThan(6);
  expect((await loadDaemons()).map(({ id }) => id)).toEqual(names.sort());
});

it('has a test for each', async () => {
  const untested = (await loadDaemons()).filter(
    ({ id }) => !existsSync(join(import.meta.dirname, 'daemons', `${id}.test.ts`)),
  );
  expect(untested).toEqual([]);
});

it('refuses one that breaks the contract, and names all that is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daemons-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'odd.mjs'), "export default { id: 'other', usual: [], ask: () => '' };");
  await expect(loadDaemons(folder)).rejects.toThrow(
    /odd.mjs: id must equal the file name "odd"; usual needs a place; hint .*; routes must be a function/,
  );
});
