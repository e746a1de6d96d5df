/** Killed at random moments of its scans, the program comes back with all that it had said over HTTP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { seeded } from '../discovery/seeded.js';
import { killAgainAndAgain } from './killed.js';

it('killed ten times in the middle of its scans, the panel serves again, and has lost nothing that it had said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kill-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { done, attempts, cut, wrong } = await killAgainAndAgain(folder, 10, seeded(10));
  expect(wrong).toEqual([]);
  // Some were over before the panel died, some were cut off: or nothing was tested.
  expect(done).toBeGreaterThanOrEqual(10);
  expect(attempts).toBeGreaterThan(10);
  expect(cut).toBeGreaterThan(10);
}, 240_000);
