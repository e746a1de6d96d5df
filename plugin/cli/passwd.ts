/** `passwd`: reads the owner's password, twice and without echo on a terminal, or as one line from a pipe. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { PanelError } from '../model/errors.js';
import type { Store } from '../store/index.js';
import { setOwnerPassword } from '../web/auth/password.js';
import { BY_HAND, type Io, OK, printJson } from './io.js';

/** Longest line read, characters. */
const MAX_LINE = 1024;

/** @throws PanelError bad-request when the password is too short, is repeated differently, or is missing */
export async function passwd(
  { settings, events }: Pick<Store, 'settings' | 'events'>,
  io: Io,
  { json }: { readonly json: boolean },
  signal: AbortSignal,
): Promise<number> {
  await setOwnerPassword(settings, io.stdin.isTTY ? await askTwice(io, signal) : await readLine(io));
  events.add({ ...BY_HAND, what: 'password', type: null, result: 'done', job: null });
  if (json) printJson(io, { owner: true });
  else io.stderr.write('The owner’s password is set; every session has ended.\n');
  return OK;
}

async function askTwice({ stdin, stderr }: Io, signal: AbortSignal): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  // Created before the first question: from here on the terminal does not echo.
  const terminal = createInterface({ input: stdin, output: silent, terminal: true, historySize: 0, signal });
  terminal.on('SIGINT', () => terminal.close());
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question: string) => {
    stderr.write(question);
    const { done, value } = await lines.next();
    stderr.write('\n');
    if (done) throw noPassword();
    return value;
  };
  try {
    const first = await ask('New password: ');
    if (first === (await ask('Again: '))) return first;
    throw new PanelError('bad-request', 'The two passwords differ.', 'Nothing was changed; try again.');
  } finally {
    terminal.close();
  }
}

async function readLine({ stdin }: Io): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.includes('\n') || text.length > MAX_LINE) break;
  }
  const line = text.split(/\r?\n/, 1)[0] ?? '';
  if (line === '' || line.length > MAX_LINE) throw noPassword();
  return line;
}

function noPassword(): PanelError {
  return new PanelError('bad-request', 'No password was given.', 'Type it, or pipe one line into the command.');
}
