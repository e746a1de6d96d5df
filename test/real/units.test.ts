/** The package's units, read by systemd itself: an old version warns of every key that it does not know. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const DEBIAN = join(import.meta.dirname, '..', '..', 'debian');

/** What `systemd-analyze` says of the unit. */
const verify = (file: string): Promise<string> =>
  new Promise((resolve) => {
    execFile('systemd-analyze', ['verify', '--man=no', file], { timeout: 30_000 }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });

it.each(readdirSync(DEBIAN).filter((name) => name.endsWith('.service')))('%s says nothing strange', async (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'units-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  copyFileSync(join(DEBIAN, name), join(folder, name));
  const strange = /Unknown (?:key|section|lvalue)|Failed to parse|Invalid|ignoring/;
  expect(await verify(join(folder, name.replace('@.', '@x.')))).not.toMatch(strange);
  // A key of no version at all shows that this would be seen.
  writeFileSync(
    join(folder, name),
    readFileSync(join(DEBIAN, name), 'utf8').replace('[Service]', '[Service]\nNoKey=1'),
  );
  expect(await verify(join(folder, name.replace('@.', '@x.')))).toMatch(strange);
});
