/** `doctor`: what works, what does not, and what to do about it, one line each. */

import { FAILED, type Io, OK, printJson } from '../io.js';
import { plain } from '../table.js';
import type { Check } from './check.js';
import { checks, type Patient } from './checks.js';

const SIGNS: Readonly<Record<Check['state'], string>> = {
  works: '✓ works',
  fails: '✗ fails',
  absent: '– absent',
};

/** Ends with FAILED when anything fails; what is merely absent is no failure. */
export async function doctor(patient: Patient, io: Io, { json }: { readonly json: boolean }): Promise<number> {
  const found = await checks(patient);
  const fine = found.every(({ state }) => state !== 'fails');
  if (json) printJson(io, { fine, checks: found });
  else for (const check of found) io.stdout.write(lineOf(check));
  return fine ? OK : FAILED;
}

function lineOf({ state, name, text, hint }: Check): string {
  const line = `${SIGNS[state].padEnd(9)} ${name.padEnd(14)} ${plain(text, 300)}\n`;
  return hint === null ? line : `${line}${' '.repeat(25)}→ ${plain(hint, 300)}\n`;
}
