/** What a command reads and writes: the process's streams, or a test's. */
import type { Readable } from 'node:stream';

interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Only the requested output. */
  readonly stdout: Output;
  /** Progress, questions, warnings. */
  readonly stderr: Output;
}

/** The actor in the event log. */
export const BY_HAND = { by: 'command-line', name: '', provider: null } as const;

/** Exit codes. */
export const OK = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;

/** Characters of a stranger's text that a terminal may obey or be misled by; JSON does not escape them. The line end is ours. */
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Bidi_Control}]/gu;

export function printJson(io: Io, value: unknown): void {
  const toEscape = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  io.stdout.write(`${JSON.stringify(value, null, 2).replace(UNPRINTABLE, toEscape)}\n`);
}
