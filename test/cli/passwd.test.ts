/** `passwd`: from a pipe, from a terminal, and refusals. */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { passwd } from '../../plugin/cli/passwd.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { checkOwnerPassword, hasOwner } from '../../plugin/web/auth/password.js';
import { fakeIo, fakePanel } from './fake-panel.js';

const never = new AbortController().signal;
const EN = loadLocales()('en');
const text = { json: false, words: EN };
const stored = () => fakePanel().store;

it('reads one line from a pipe', async () => {
  const store = stored();
  const io = fakeIo({ typed: 'correct horse\r\nbattery\n' });
  expect(await passwd(store, io, text, never)).toBe(0);
  expect(await checkOwnerPassword(store.settings, 'correct horse')).toBe(true);
  expect(io.written.out).toBe('');
});

/** Types each answer once its question has been asked, as a person does. */
function terminal(...answers: string[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const written = { out: '', err: '' };
  const write = (text: string) => {
    written.err += text;
    if (text.endsWith(': ')) setImmediate(() => stdin.write(answers.shift() ?? '\u0004'));
  };
  return { stdin, written, stdout: { write: () => {} }, stderr: { isTTY: true, write } };
}

it('asks twice on a terminal, without echo', async () => {
  const store = stored();
  const io = terminal('correct horse\r', 'correct horse\r');
  expect(await passwd(store, io, text, never)).toBe(0);
  expect(await checkOwnerPassword(store.settings, 'correct horse')).toBe(true);
  expect(io.written.err).toContain('Again: ');
  expect(io.written.err).not.toContain('horse');
});

it('takes both lines when they are pasted at once', async () => {
  const store = stored();
  await passwd(store, terminal('correct horse\rcorrect horse\r'), text, never);
  expect(await checkOwnerPassword(store.settings, 'correct horse')).toBe(true);
});

it('gives up when aborted', async () => {
  const abort = new AbortController();
  const io = fakeIo({ isTTY: true });
  const silent = Object.assign(new PassThrough(), { isTTY: true });
  const asking = passwd(stored(), { ...io, stdin: silent }, text, abort.signal);
  abort.abort();
  await expect(asking).rejects.toMatchObject({ code: 'bad-request' });
});

it.each([
  ['the two differ', () => terminal('correct horse\r', 'wrong horse\r')],
  ['it is interrupted', () => terminal('correct\u0003')],
  ['the input ends', () => terminal()],
  ['the pipe is empty', () => fakeIo()],
  ['the line has no end', () => fakeIo({ typed: 'x'.repeat(5000) })],
  ['it is too short', () => fakeIo({ typed: 'short\n' })],
])('changes nothing when %s', async (_, io) => {
  const store = stored();
  await expect(passwd(store, io(), text, never)).rejects.toMatchObject({ code: 'bad-request' });
  expect(hasOwner(store.settings)).toBe(false);
});

it('reports JSON with --json, and logs who set the password but not the password', async () => {
  const store = stored();
  const io = fakeIo({ typed: 'correct horse\n' });
  await passwd(store, io, { json: true, words: EN }, never);
  expect([JSON.parse(io.written.out), io.written.err]).toEqual([{ owner: true }, '']);
  const events = store.events.newest(9);
  expect(events).toMatchObject([{ by: 'command-line', what: 'password', result: 'done' }]);
  expect(JSON.stringify(events)).not.toContain('horse');
});
