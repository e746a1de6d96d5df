/** What the `status.php` of ownCloud and Nextcloud tells everybody. */
import { type HttpAnswer, readJson } from '../../probe/http.js';
import type { Failed } from '../../probe/index.js';

export const STATUS_PAGE = '/status.php';
/** Bytes; it has some 200. */
export const STATUS_CAP = 2_048;

interface Status {
  readonly installed: boolean;
  readonly maintenance: boolean;
  readonly software: string;
}

/** null where the answer is of something else. */
export function readStatus(answer: HttpAnswer): Status | null {
  if (answer.status !== 200 && answer.status !== 503) return null;
  const { installed, maintenance, versionstring, productname } = readJson(answer);
  if (typeof installed !== 'boolean' || typeof versionstring !== 'string') return null;
  const product = typeof productname === 'string' && productname !== '' ? productname : 'ownCloud';
  return { installed, maintenance: maintenance === true, software: `${product} ${versionstring}`.slice(0, 100) };
}

/** The software that serves, or why it does not. */
export function statusFacts({ installed, maintenance, software }: Status): { readonly software: string } | Failed {
  if (!installed) return { level: 3, reason: 'broken', detail: 'not set up yet' };
  if (maintenance) return { level: 3, reason: 'broken', detail: 'in maintenance' };
  return { software };
}
