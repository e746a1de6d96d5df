/** What the panel has to say to whoever looks after it: on standard error, with a level where that is the journal. */
import { fstatSync } from 'node:fs';
import { inspect } from 'node:util';
import { HIDDEN_IN_LINE } from './text.js';

/** How a line for the journal begins: https://www.freedesktop.org/software/systemd/man/sd-daemon.html */
const LEVELS = { error: '<3>', warning: '<4>', info: '<6>' } as const;

/** Takes a text, or an error to be written with its stack. */
type Say = (what: unknown) => void;

export const log = {
  /** A mistake of ours, or what broke. */
  error: say('error'),
  /** It goes on, and somebody should know. */
  warning: say('warning'),
  info: say('info'),
} satisfies Record<keyof typeof LEVELS, Say>;

/** Longest value in a line, characters. */
const VALUE_CAP = 128;

/** One line of `name=value` pairs, for people and for programs: what is empty is left out, no value can pass for a pair or a line. */
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

function say(level: keyof typeof LEVELS): Say {
  return (what) => {
    if (!isJournal()) console.error(what);
    // A level holds for one line.
    else console.error((typeof what === 'string' ? what : inspect(what)).replace(/^/gm, LEVELS[level]));
  };
}

/** systemd names the socket that it gave us: what was started from our terminal has the name, and writes elsewhere. */
function isJournal(): boolean {
  const { JOURNAL_STREAM } = process.env;
  if (JOURNAL_STREAM === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return JOURNAL_STREAM === `${dev}:${ino}`;
}
