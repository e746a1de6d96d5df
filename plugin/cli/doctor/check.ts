/** One line of `doctor`: a check, its plain result and, where it does not work, what to do. */
import type { PanelError } from '../../model/errors.js';

export interface Check {
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
export const failsWith = (name: string, { message, hint }: PanelError) => fails(name, message, hint);
