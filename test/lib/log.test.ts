import { fstatSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { log, pairs } from '../../plugin/lib/log.js';

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
  it('prefixes every line with its level where stderr is the journal', () => {
    intoJournal();
    log.error('It broke.\nLook at the disk.');
    log.warning('It goes on.');
    log.info('It is there.');
    expect(said).toEqual(['<3>It broke.\n<3>Look at the disk.', '<4>It goes on.', '<6>It is there.']);
  });

  it('prefixes the lines of a stack and of its cause, too', () => {
    intoJournal();
    log.error(new Error('no room', { cause: new Error('the disk is full') }));
    const lines = String(said[0]).split('\n');
    expect(lines[0]).toBe('<3>Error: no room');
    expect(lines.filter((line) => !line.startsWith('<3>'))).toEqual([]);
    expect(lines.some((line) => /^<3> +at .*log\.test\.ts/.test(line))).toBe(true);
    expect(lines.some((line) => line.includes('the disk is full'))).toBe(true);
  });

  it('changes nothing in a terminal, even in a session that inherited the journal’s variable', () => {
    const error = new Error('no room');
    log.error(error);
    vi.stubEnv('JOURNAL_STREAM', '0:1');
    log.info('It is there.');
    expect(said).toEqual([error, 'It is there.']);
  });
});

describe('a line of pairs', () => {
  it('leaves out empty values', () => {
    expect(pairs({ what: 'start', name: '', type: 'proxy3', provider: null, times: 0 })).toBe(
      'what=start type=proxy3 times=0',
    );
  });

  it('quotes what could pass for a pair or a line, and escapes hidden characters', () => {
    expect(pairs({ name: 'Núria by=owner' })).toBe('name="Núria by=owner"');
    expect(pairs({ name: '"\\' })).toBe(String.raw`name="\"\\"`);
    expect(pairs({ name: 'a\n<3>what=x\r\u0085\u2028\u202e\u{e0041}' })).toBe(
      String.raw`name="a\n<3>what=x\r\u{85}\u{2028}\u{202e}\u{e0041}"`,
    );
    expect(pairs({ name: 'x'.repeat(500) })).toBe(`name=${'x'.repeat(128)}`);
  });
});
