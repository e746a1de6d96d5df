/** What the owner sends about a provider: pinned, hidden, in reserve, stars, a note and the answers that no probe can give. */
import { PanelError } from '../../model/errors.js';
import type { Opinion } from '../../store/index.js';
import type { Visit } from '../visit.js';

/** Longest texts, in characters; the form says the same. */
export const NOTE_LENGTH = 1000;
export const TEXT_LENGTH = 100;

/** By field; a missing field changes nothing. */
type Fields = Readonly<Record<string, unknown>>;

export interface OpinionChange {
  /** null takes the stars back; undefined leaves them as they are. */
  readonly stars: 1 | 2 | 3 | 4 | 5 | null | undefined;
  readonly other: Partial<Omit<Opinion, 'stars'>>;
}

/**
 * Reads the form or the JSON body.
 * @throws PanelError bad-request, naming the field: nothing is truncated or ignored silently
 */
export function readOpinion({ request: { body } }: Visit): OpinionChange {
  const fields = typeof body === 'object' && body !== null ? (body as Fields) : {};
  return { stars: readStars(fields.stars), other: readOther(fields) };
}

function readOther(fields: Fields): OpinionChange['other'] {
  const change = {
    ...{ pinned: readFlag(fields, 'pinned'), hidden: readFlag(fields, 'hidden'), reserve: readFlag(fields, 'reserve') },
    known: readKnown(fields.known),
    ...{ note: readText(fields, 'note', NOTE_LENGTH), runBy: readText(fields, 'runBy', TEXT_LENGTH) },
    ...{ language: readText(fields, 'language', TEXT_LENGTH), help: readText(fields, 'help', TEXT_LENGTH) },
  };
  if (change.pinned && change.reserve) throw badField('reserve', 'Pin it or keep it in reserve, not both.');
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

function readStars(sent: unknown): OpinionChange['stars'] {
  if (sent === undefined) return undefined;
  if (sent === '' || sent === null) return null;
  const stars = ([1, 2, 3, 4, 5] as const).find((count) => count === sent || String(count) === sent);
  if (stars === undefined) throw badField('stars', 'Give it 1 to 5, or nothing to take them back.');
  return stars;
}

function readFlag(fields: Fields, name: string): boolean | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'yes' || value === '') return value === 'yes';
  throw badField(name, 'Give it yes, or nothing.');
}

function readKnown(sent: unknown): Opinion['known'] | undefined {
  if (sent === undefined || sent === 'yes' || sent === 'no' || sent === '') return sent;
  throw badField('known', 'Give it yes, no, or nothing.');
}

/** Browsers send two characters for the end of a line, and count one. */
function readText(fields: Fields, name: string, length: number): string | undefined {
  const value = fields[name];
  const text = typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : value;
  if (text === undefined || (typeof text === 'string' && text.length <= length)) return text;
  throw badField(name, `Give it a text of at most ${length} characters.`);
}

const badField = (name: string, hint: string) => new PanelError('bad-request', `“${name}” cannot be that.`, hint);
