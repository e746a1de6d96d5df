/** The log of a unit, through a stand-in for journalctl with the real one's output. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unitLog } from '../../plugin/node/systemd/journal.js';

const path = process.env.PATH;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
  process.env.PATH = `${folder}:${path}`;
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

/** What journalctl does: lines of sh. */
function journal(script: string): void {
  const file = join(folder, 'journalctl');
  writeFileSync(file, `#!/bin/sh\necho "$@" > ${folder}/argv\n${script}\n`);
  chmodSync(file, 0o755);
}
const line = '2026-11-23T05:00:00+0000 node7 squid[7]: ready';

describe('the log of a unit', () => {
  it('is its last 200 lines, without a pager', async () => {
    journal(`echo '-- Journal begins at Mon --'; echo '${line}'; echo '-- Boot 1 --'; echo '${line} again'`);
    expect(await unitLog('squid.service')).toEqual({ unit: 'squid.service', lines: [line, `${line} again`] });
    expect(readFileSync(join(folder, 'argv'), 'utf8')).toBe(
      '--unit=squid.service --lines=200 --no-pager --output=short-iso\n',
    );
  });

  it('is capped in lines and length, without disguising characters', async () => {
    journal(
      'i=0; while [ $i -lt 300 ]; do echo "line $i"; i=$((i+1)); done; printf "%05000d\\n" 7; printf "a\\033[31mb\\007\\tc\\342\\200\\256d\\n"',
    );
    const { lines } = await unitLog('x.service');
    expect(lines).toHaveLength(200);
    expect(lines.slice(-2)).toEqual(['0'.repeat(1_000), 'ab\tcd']);
  });

  it('is empty where the unit wrote nothing', async () => {
    journal("echo '-- No entries --'");
    expect((await unitLog('x.service')).lines).toEqual([]);
  });

  it.each([
    'Hint: You are currently not seeing messages from other users and the system.',
    'No journal files were opened due to insufficient permissions.',
  ])('names the group that may read it: %s', async (stderr) => {
    journal(`echo '${stderr}' >&2; echo '-- No entries --'; exit 1`);
    await expect(unitLog('x.service')).rejects.toMatchObject({
      code: 'log-unreadable',
      hint: expect.stringContaining('systemd-journal'),
    });
  });

  it('says how to look by hand where it cannot be read', async () => {
    journal('exit 3');
    await expect(unitLog('x.service')).rejects.toMatchObject({
      code: 'log-unreadable',
      hint: expect.stringContaining('journalctl -u x.service'),
    });
    process.env.PATH = '/nonexistent';
    await expect(unitLog('x.service')).rejects.toMatchObject({ code: 'log-unreadable' });
  });

  it('has a time limit', async () => {
    journal('exec sleep 30');
    await expect(unitLog('x.service')).rejects.toMatchObject({ code: 'log-unreadable' });
  });
});
