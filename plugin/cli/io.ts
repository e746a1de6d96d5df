/** What a command reads and writes: the process's streams, or a test's. */
import type { Readable } from 'node:stream';
import { COMMANDS } from '../lib/text.js';
import { PanelError } from '../model/errors.js';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Io {
  /** What the person's shell says of language and terminal. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Only the requested output. */
  readonly stdout: Output;
  /** Progress, questions, warnings. */
  readonly stderr: Output;
}

/** The actor in the event log. */
export const BY_HAND = { by: 'command-line', name: '', provider: null } as const;

/** An error that is in the person's language already. */
export class SpokenError extends PanelError {}

/** Exit codes. */
export const OK = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;

/** JSON does not escape everything that a terminal obeys. The line ends are ours. */
export function printJson(io: Io, value: unknown): void {
  const escaped = (letter: string) =>
    letter === '\n' ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  io.stdout.write(`${JSON.stringify(value, null, 2).replace(COMMANDS, escaped)}\n`);
}
