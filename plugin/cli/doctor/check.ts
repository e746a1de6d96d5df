/** One line of `doctor`: a check, its plain result and, where it does not work, what to do. */
import { spokenError } from '../../present/everywhere/error.js';
import type { Words } from '../../present/i18n.js';

export interface Check {
  /** In English: programs know the check by it. */
  readonly name: string;
  readonly state: 'works' | 'fails' | 'absent';
  readonly text: string;
  readonly hint: string | null;
}

export const works = (name: string, text: string): Check => ({ name, state: 'works', text, hint: null });
export const fails = (name: string, text: string, hint: string): Check => ({ name, state: 'fails', text, hint });
export const absent = (name: string, text: string, hint: string | null): Check => ({
  name,
  state: 'absent',
  text,
  hint,
});

/** An error of the panel or of a source. */
interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function failsWith(name: string, error: Trouble, words: Words): Check {
  const { message, hint } = spokenError(error, words);
  return fails(name, message, hint);
}

export function absentWith(name: string, error: Trouble, words: Words): Check {
  return { ...failsWith(name, error, words), state: 'absent' };
}
