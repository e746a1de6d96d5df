import { fstatSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { log } from '../plugin/log.js';

let said: unknown[];

beforeEach(() => {
  said = [];
  vi.spyOn(console, 'error').mockImplementation((what) => said.push(what));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** As systemd does where standard error is its journal. */
function intoJournal(): void {
  const { dev, ino } = fstatSync(2);
  vi.stubEnv('JOURNAL_STREAM', `${dev}:${ino}`);
}

describe('the log', () => {
  it('gives every line its level where it is the journal', () => {
    intoJournal();
    log.error('It broke.\nLook at the disk.');
    log.warning('It goes on.');
    log.info('It is there.');
    expect(said).toEqual(['<3>It broke.\n<3>Look at the disk.', '<4>It goes on.', '<6>It is there.']);
  });

  it('gives the lines of a stack and of what caused it their level, too', () => {
    intoJournal();
    log.error(new Error('no room', { cause: new Error('the disk is full') }));
    const lines = String(said[0]).split('\n');
    expect(lines[0]).toBe('<3>Error: no room');
    expect(lines.filter((line) => !line.startsWith('<3>'))).toEqual([]);
    expect(lines.some((line) => /^<3> +at .*log\.test\.ts/.test(line))).toBe(true);
    expect(lines.some((line) => line.includes('the disk is full'))).toBe(true);
  });

  it('changes nothing in a terminal, also in one whose session came from the journal', () => {
    const error = new Error('no room');
    log.error(error);
    vi.stubEnv('JOURNAL_STREAM', '0:1');
    log.info('It is there.');
    expect(said).toEqual([error, 'It is there.']);
  });
});
