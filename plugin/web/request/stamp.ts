/** The stamp of a page that is left open: it asks with it whether there is anything new; and what readers of one page share. */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { MINUTE_MS } from '../../lib/time.js';
import type { Visit } from '../visit.js';

/** While nothing else changes: then scores have faded a little, or a day has ended. */
const MAX_AGE_MS = 15 * MINUTE_MS;

/** Versions count from 0 in each process. */
const RUN = randomBytes(9).toString('base64url');

/**
 * Names the version, and when the page was made. Nobody gains from two pages with the same stamp: it need not withstand an
 * attack.
 * @param now ms since the epoch
 */
export function toStamp({ role, words }: Visit, version: string, now: number): string {
  const name = [RUN, role, words.language, version].join();
  return `${crc32(name).toString(36)}-${name.length.toString(36)}-${now.toString(36)}`;
}

/** Whether the part of the page that the request has (`?since=`) is as it would be now. */
export function isUnchanged({ fragment, request, stamp }: Visit, now: number): boolean {
  const { since } = request.query as { since?: unknown };
  if (!fragment || stamp === null || typeof since !== 'string') return false;
  const [, version, at] = /^(\w+-\w+)-(\w{1,9})$/.exec(since) ?? [];
  const age = now - Number.parseInt(at ?? '', 36);
  return version !== undefined && stamp.startsWith(`${version}-`) && age >= 0 && age < MAX_AGE_MS;
}

/** All that a page for readers depends on. */
export function sharingKey({ request, words, appearance, fragment }: Visit, version: string): string {
  // Of a whole page, each form leads back to the whole address.
  const address = fragment ? request.url.replace(/([?&])since=[^&]*/, '$1') : request.url;
  const origin = [request.protocol, request.host, request.headers.host];
  return [address, words.language, appearance, fragment, ...origin, version].join('\n');
}
