/** `doctor`: what works, what does not, and what to do about it, one line each. */
import { FAILED, type Io, OK, printJson } from '../io.js';
import { plain } from '../table.js';
import type { Check } from './check.js';
import { checks, type Subject } from './checks.js';

const SIGNS: Readonly<Record<Check['state'], string>> = {
  works: '✓ works',
  fails: '✗ fails',
  absent: '– absent',
};

/** @returns FAILED where a check fails; an absent part is not a failure */
export async function doctor(subject: Subject, io: Io, { json }: { readonly json: boolean }): Promise<number> {
  const results = await checks(subject);
  const fine = results.every(({ state }) => state !== 'fails');
  if (json) printJson(io, { fine, checks: results });
  else for (const check of results) io.stdout.write(formatLine(check));
  return fine ? OK : FAILED;
}

function formatLine({ state, name, text, hint }: Check): string {
  const line = `${SIGNS[state].padEnd(9)} ${name.padEnd(14)} ${plain(text, 300)}\n`;
  return hint === null ? line : `${line}${' '.repeat(25)}→ ${plain(hint, 300)}\n`;
}
