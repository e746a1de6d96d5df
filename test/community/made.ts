/** Documents, rows and keys for the tests of the room. */

import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { makeDocument, type OpinionDocument, type OpinionRow, readDocument } from '../../plugin/community/document.js';
import { NOW } from '../web/fake-panel.js';

export { NOW };
export const HOUR = 3_600_000;

export const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;
export const providerId = (): string => randomBytes(16).toString('hex');
/** The same for the same number. */
export const idOf = (number: number): string => number.toString(16).padStart(32, '0');

export const row = (more: Partial<OpinionRow> = {}): OpinionRow => ({
  ...{ provider: idOf(1), type: 'dnsservice', level: 4, looks: 12, ageHours: 3, mark: 82, answered: 96 },
  ...more,
});

export const content = (more: Partial<OpinionDocument> = {}): Omit<OpinionDocument, 'key'> => ({
  node: 'la-torre',
  at: NOW / 1_000,
  infrastructure: { upDays: 12, load: 40, memory: 60, disk: 30 },
  rows: [row(), row({ provider: idOf(2), mark: 0, answered: 0, level: 0 })],
  ...more,
});

export const sent = (more: Partial<OpinionDocument> = {}, key = newKey()): Buffer =>
  Buffer.from(makeDocument(content(more), key));

/** @throws Error where it is not taken */
export function taken(bytes: Uint8Array, now = NOW): OpinionDocument {
  const read = readDocument(bytes, now);
  if (typeof read === 'string') throw new Error(read);
  return read;
}
