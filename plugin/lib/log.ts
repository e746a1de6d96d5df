/** The log, on standard error: with a level on each line where that is the journal. */
import { fstatSync } from 'node:fs';
import { inspect } from 'node:util';
import { HIDDEN_IN_LINE } from './text.js';

/** Prefixes of a line in the journal: https://www.freedesktop.org/software/systemd/man/sd-daemon.html */
const LEVELS = { error: '<3>', warning: '<4>', info: '<6>' } as const;

/** Takes a text, or an error to be written with its stack. */
type Write = (what: unknown) => void;

export const log = {
  /** A mistake of ours, or something that broke. */
  error: writer('error'),
  /** The panel goes on, but its owner should know. */
  warning: writer('warning'),
  info: writer('info'),
} satisfies Record<keyof typeof LEVELS, Write>;

/** Longest value in a line, characters. */
const VALUE_CAP = 128;

/** One line of `name=value` pairs, for people and programs: empty values are left out, none can pass for a pair or a line. */
export function pairs(fields: Readonly<Record<string, string | number | null>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name}=${quoted(String(value).slice(0, VALUE_CAP))}`)
    .join(' ');
}

function quoted(text: string): string {
  if (/^[\w.:@/-]+$/.test(text)) return text;
  return JSON.stringify(text).replace(HIDDEN_IN_LINE, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`);
}

function writer(level: keyof typeof LEVELS): Write {
  return (what) => {
    if (!isJournal()) console.error(what);
    // A level applies to one line only.
    else console.error((typeof what === 'string' ? what : inspect(what)).replace(/^/gm, LEVELS[level]));
  };
}

/** Whether stderr is the socket that systemd named: a program started from such a session inherits the name, not the socket. */
function isJournal(): boolean {
  const { JOURNAL_STREAM } = process.env;
  if (JOURNAL_STREAM === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return JOURNAL_STREAM === `${dev}:${ino}`;
}
