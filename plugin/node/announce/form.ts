/** What a person wants announced of this node's own service, checked field by field and put as old nodes read it. */

import { toWire, type WireEntry } from '../../announcement/tag-write.js';
import { canonicalAddress } from '../../lib/address.js';
import { cleanText } from '../../lib/text.js';
import { PanelError } from '../../model/errors.js';
import type { Language } from '../../model/language.js';
import type { ServiceType } from '../../services/contract.js';
import { announcedHost } from './host.js';

/** The fields as typed; what is left out has the type's default. */
export interface PublishForm {
  readonly description?: string;
  readonly port?: string;
  /** `name=value` pairs parted by spaces or `&`. */
  readonly attributes?: string;
  /** Name of the community ("microcloud"). */
  readonly community?: string;
  /** Port of the announced entry that the form started from, and that it is to replace. */
  readonly replaces?: string;
}

/** The fields that make an entry. */
export type WholeForm = Required<Omit<PublishForm, 'replaces'>>;

/** A field that cannot be announced as it is. */
export class FieldError extends PanelError {
  readonly field: keyof WholeForm;

  constructor(field: keyof WholeForm, message: string) {
    super('bad-request', message, 'Correct it and send the form again.');
    this.field = field;
  }
}

/** Characters: far more than fits beside other services, and as much as readers keep. */
const CAPS = { description: 100, attributes: 256, community: 64 } as const;

/** What is announced where a person says nothing else. */
export function standardForm(type: ServiceType, language: Language, community: string): WholeForm {
  const port = type.defaultPort === null ? '' : String(type.defaultPort);
  return { description: type.title[language], port, attributes: '', community };
}

/** The entry as a form again. */
export function formOf({ d, p, t, e }: WireEntry): WholeForm {
  return { description: d.replaceAll('_', ' '), port: p, attributes: t, community: e };
}

/**
 * @param host the name that is announced as this node's
 * @throws FieldError
 */
export function entryOf(word: string, form: WholeForm, address: string, host: string = announcedHost()): WireEntry {
  const text = (field: keyof typeof CAPS) => {
    const value = cleanText(form[field], CAPS[field] + 1);
    if (value.length > CAPS[field]) throw new FieldError(field, `The ${field} has over ${CAPS[field]} characters.`);
    return value;
  };
  const port = form.port.trim();
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new FieldError('port', 'The port is not a number from 1 to 65535.');
  return toWire({
    s: word,
    d: text('description'),
    m: host,
    i: canonicalAddress(address) ?? address,
    p: String(Number(port)),
    e: text('community'),
    t: text('attributes'),
  });
}
