/** What a command reads and writes: the process itself, or streams of a test. */
import type { Readable } from 'node:stream';

interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Only what was asked for. */
  readonly stdout: Output;
  /** Progress, questions, warnings. */
  readonly stderr: Output;
}

/** Who did it, in the list of what was done. */
export const BY_HAND = { by: 'command-line', name: '', provider: null } as const;

/** Exit codes. */
export const OK = 0;
export const FAILED = 1;
export const WRONG_USAGE = 2;

/** What a terminal may obey, or be misled by, in a stranger's text; JSON itself lets it stand. The line end is ours. */
const UNPRINTABLE = /(?!\n)[\p{Cc}\p{Bidi_Control}]/gu;

export function printJson(io: Io, value: unknown): void {
  const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  io.stdout.write(`${JSON.stringify(value, null, 2).replace(UNPRINTABLE, escaped)}\n`);
}
