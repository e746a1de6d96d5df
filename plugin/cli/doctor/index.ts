/** `doctor`: what works, what does not, and what to do about it, one line each. */
import type { Words } from '../../present/i18n.js';
import { FAILED, type Io, OK, printJson } from '../io.js';
import type { Show } from '../list.js';
import { plain } from '../table.js';
import type { Check } from './check.js';
import { checks, type Subject } from './checks.js';

const SIGNS: Readonly<Record<Check['state'], string>> = { works: '✓', fails: '✗', absent: '–' };

/** @returns FAILED where a check fails; an absent part is not a failure */
export async function doctor(subject: Subject, io: Io, { json, words }: Show): Promise<number> {
  const results = await checks(subject, words);
  const fine = results.every(({ state }) => state !== 'fails');
  if (json) printJson(io, { fine, checks: results });
  else for (const check of results) io.stdout.write(formatLine(check, words));
  return fine ? OK : FAILED;
}

function formatLine({ state, name, text, hint }: Check, words: Words): string {
  const sign = `${SIGNS[state]} ${words.t(`doctor.${state}`)}`;
  const start = `${sign.padEnd(9)} ${spokenName(name, words).padEnd(14)} `;
  const line = `${start}${plain(text, 300)}\n`;
  return hint === null ? line : `${line}${' '.repeat(25)}→ ${plain(hint, 300)}\n`;
}

/** Programs and sources keep their own names. */
function spokenName(name: string, words: Words): string {
  const [, source] = /^(.+) entries$/.exec(name) ?? [];
  if (source !== undefined) return words.t('doctor.entries', { source });
  const key = `doctor.name.${name.replaceAll(' ', '-')}`;
  return words.has(key) ? words.t(key) : name;
}
