/** The form that announces an own service: checked field by field, and written as old nodes read it. */
import { toWire, type WireEntry } from '../../announcement/tag-write.js';
import { canonicalAddress } from '../../lib/address.js';
import { cleanText } from '../../lib/text.js';
import { PanelError } from '../../model/errors.js';
import type { Language } from '../../model/language.js';
import type { ServiceType } from '../../services/contract.js';
import { announcedHost } from './host.js';

/** The fields as typed; an absent one gets the type's default. */
export interface PublishForm {
  readonly description?: string;
  readonly port?: string;
  /** `name=value` pairs separated by spaces or `&`. */
  readonly attributes?: string;
  /** Name of the community ("microcloud"). */
  readonly community?: string;
  /** Port of the announced entry that the form started from and replaces. */
  readonly replaces?: string;
}

/** The fields of an entry. */
export type CompleteForm = Required<Omit<PublishForm, 'replaces'>>;

/** A field that cannot be announced as typed. */
export class FieldError extends PanelError {
  readonly field: keyof CompleteForm;

  constructor(field: keyof CompleteForm, message: string) {
    super('bad-request', message, 'Correct it and send the form again.');
    this.field = field;
  }
}

/** Characters: far more than fits beside other services, and as much as readers keep. */
const MAX_LENGTH = { description: 100, attributes: 256, community: 64 } as const;

/** What is announced where the owner types nothing. */
export function defaultForm(type: ServiceType, language: Language, community: string): CompleteForm {
  const port = type.defaultPort === null ? '' : String(type.defaultPort);
  return { description: type.title[language], port, attributes: '', community };
}

/** The form that would make the entry. */
export function toForm({ d, p, t, e }: WireEntry): CompleteForm {
  return { description: d.replaceAll('_', ' '), port: p, attributes: t, community: e };
}

/**
 * @param host the name announced as this node's
 * @throws FieldError
 */
export function toEntry(
  typeId: string,
  form: CompleteForm,
  address: string,
  host: string = announcedHost(),
): WireEntry {
  const text = (field: keyof typeof MAX_LENGTH) => {
    const value = cleanText(form[field], MAX_LENGTH[field] + 1);
    if (value.length > MAX_LENGTH[field])
      throw new FieldError(field, `The ${field} has over ${MAX_LENGTH[field]} characters.`);
    return value;
  };
  const port = form.port.trim();
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new FieldError('port', 'The port is not a number from 1 to 65535.');
  return toWire({
    s: typeId,
    d: text('description'),
    m: host,
    i: canonicalAddress(address) ?? address,
    p: String(Number(port)),
    e: text('community'),
    t: text('attributes'),
  });
}
