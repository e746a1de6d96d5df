/** `passwd`: reads the owner's password, twice and without echo on a terminal, or as one line from a pipe. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { PanelError } from '../model/errors.js';
import type { Words } from '../present/i18n.js';
import type { Store } from '../store/index.js';
import { setOwnerPassword } from '../web/auth/password.js';
import { BY_HAND, type Io, OK, printJson, SpokenError } from './io.js';

/** Longest line read, characters. */
const MAX_LINE = 1024;

/** @throws SpokenError bad-request when the password is too short, is repeated differently, or is missing */
export async function passwd(
  { settings, events }: Pick<Store, 'settings' | 'events'>,
  io: Io,
  { json, words }: { readonly json: boolean; readonly words: Words },
  signal: AbortSignal,
): Promise<number> {
  const password = io.stdin.isTTY ? await askTwice(io, words, signal) : await readLine(io, words);
  await setOwnerPassword(settings, password).catch((error) => {
    throw isRefused(error) ? new SpokenError('bad-request', words.t('login.short'), words.t('passwd.longer')) : error;
  });
  events.add({ ...BY_HAND, what: 'password', type: null, result: 'done', job: null });
  if (json) printJson(io, { owner: true });
  else io.stderr.write(`${words.t('passwd.set')}\n`);
  return OK;
}

const isRefused = (error: unknown) => error instanceof PanelError && error.code === 'bad-request';

async function askTwice({ stdin, stderr }: Io, words: Words, signal: AbortSignal): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Created before the first question: from here on the terminal does not echo.
  const terminal = createInterface({ input: stdin, output: silent, terminal: true, historySize: 0, signal });
  terminal.on('SIGINT', () => terminal.close());
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question: string) => {
    stderr.write(question);
    const { done, value } = await lines.next();
    stderr.write('\n');
    if (done) throw noPassword(words);
    return value;
  };
  try {
    const first = await ask(`${words.t('passwd.new')} `);
    if (first === (await ask(`${words.t('passwd.again')} `))) return first;
    throw new SpokenError('bad-request', words.t('passwd.differ'), words.t('passwd.differ.todo'));
  } finally {
    terminal.close();
  }
}

async function readLine({ stdin }: Io, words: Words): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > MAX_LINE) break;
  }
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line === '' || line.length > MAX_LINE) throw noPassword(words);
  return line;
}

function noPassword({ t }: Words): SpokenError {
  return new SpokenError('bad-request', t('passwd.none'), t('passwd.none.todo'));
}
