/** One parameter of an address, read; what cannot be meant is refused by name, and nothing is guessed. */
import { PanelError } from '../model/errors.js';

/** Characters of a text. */
const TEXT_LENGTH = 128;
/** Of a list. */
export const PAGES = { from: 1, to: 100_000 } as const;

/**
 * One text, trimmed; empty where it is not given.
 * @throws PanelError bad-query for one that comes twice, or is too long
 */
export function textOf(query: unknown, name: string): string {
  const value = (query as Readonly<Record<string, unknown>> | null)?.[name] ?? '';
  if (typeof value === 'string' && value.length <= TEXT_LENGTH) return value.trim();
  throw badQuery(name, `one text of at most ${TEXT_LENGTH} characters`);
}

/**
 * One of the words given; null where it is not given.
 * @throws PanelError bad-query for any other
 */
export function wordOf<Word extends string>(query: unknown, name: string, words: readonly Word[]): Word | null {
  const text = textOf(query, name);
  const found = words.find((word) => word === text);
  if (found !== undefined || text === '') return found ?? null;
  throw badQuery(name, `one of ${words.join(', ')}`);
}

/**
 * A whole number; null where it is not given.
 * @throws PanelError bad-query for any other
 */
export function wholeOf(query: unknown, name: string, { from, to }: { readonly from: number; readonly to: number }) {
  const text = textOf(query, name);
  if (text === '') return null;
  if (/^\d+$/.test(text) && Number(text) >= from && Number(text) <= to) return Number(text);
  throw badQuery(name, `a whole number from ${from} to ${to}`);
}

const badQuery = (name: string, wanted: string) =>
  new PanelError('bad-query', `“${name}” cannot be that.`, `Give it ${wanted}, or leave it out.`);
