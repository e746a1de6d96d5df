/** Reads one parameter of an address. What makes no sense is refused by name, and nothing is guessed. */
import { PanelError } from '../model/errors.js';

/** Characters. */
const MAX_TEXT_LENGTH = 128;
/** The pages of a list. */
export const PAGES = { from: 1, to: 100_000 } as const;

/**
 * A text, trimmed; empty where it is missing.
 * @throws PanelError bad-query where it comes twice or is too long
 */
export function queryText(query: unknown, name: string): string {
  const value = (query as Readonly<Record<string, unknown>> | null)?.[name] ?? '';
  if (typeof value === 'string' && value.length <= MAX_TEXT_LENGTH) return value.trim();
  throw badQuery(name, `one text of at most ${MAX_TEXT_LENGTH} characters`);
}

/**
 * One of the choices; null where it is missing.
 * @throws PanelError bad-query
 */
export function queryChoice<Choice extends string>(
  query: unknown,
  name: string,
  choices: readonly Choice[],
): Choice | null {
  const text = queryText(query, name);
  const found = choices.find((choice) => choice === text);
  if (found !== undefined || text === '') return found ?? null;
  throw badQuery(name, `one of ${choices.join(', ')}`);
}

/**
 * A whole number; null where it is missing.
 * @throws PanelError bad-query
 */
export function queryInteger(
  query: unknown,
  name: string,
  { from, to }: { readonly from: number; readonly to: number },
) {
  const text = queryText(query, name);
  if (text === '') return null;
  if (/^\d+$/.test(text) && Number(text) >= from && Number(text) <= to) return Number(text);
  throw badQuery(name, `a whole number from ${from} to ${to}`);
}

/** The refusal of a parameter that makes no sense. */
export const badQuery = (name: string, wanted: string) =>
  new PanelError('bad-query', `“${name}” cannot be that.`, `Give it ${wanted}, or leave it out.`);
