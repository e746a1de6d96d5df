/** What the owner sends as hours and budget of measuring in the background. */
import { PanelError } from '../../model/errors.js';
import type { Choice } from '../../scan/scheduler/terms.js';
import type { Visit } from '../visit.js';

/** As typed, so that a mistake costs nobody the rest. */
export interface TypedTerms {
  readonly from: string;
  readonly to: string;
  readonly megabytes: string;
}

export function readTyped({ request: { body } }: Visit): TypedTerms {
  const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const typed = (name: string) => {
    const value = fields[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  };
  return { from: typed('from'), to: typed('to'), megabytes: typed('megabytes') };
}

/**
 * A comma or a point before the decimals; no megabytes are as many as the configuration allows.
 * @throws PanelError bad-request
 */
export function toChoice({ from, to, megabytes }: TypedTerms): Choice {
  const hour = (text: string) => (/^\d{1,2}$/.test(text) ? Number(text) : Number.NaN);
  const hours = { from: hour(from), to: hour(to) };
  if (megabytes === '') return { hours, bytes: null };
  if (!/^\d{1,6}(?:[.,]\d{1,6})?$/.test(megabytes))
    throw new PanelError('bad-request', '“megabytes” is not a number.', 'Send a number such as 2.5, or nothing.');
  return { hours, bytes: Math.round(Number(megabytes.replace(',', '.')) * 1e6) };
}
