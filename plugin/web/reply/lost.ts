/** Addresses that lead to no page: typed with a slash too many, or mistaken by a proxy about the panel's path. */
import { PanelError } from '../../model/errors.js';
import type { Web } from '../context.js';
import { ROUTES } from '../routes.js';
import type { Visit } from '../visit.js';
import { ASSETS } from './assets.js';
import { noSuchPage } from './respond.js';

/** The paths of all pages, files and API calls, below the base. */
const KNOWN = [...ROUTES.map(({ path }) => path), ...ASSETS.map((name) => `/public/${name}`)];
const PATTERNS = KNOWN.map((path) => new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}$`));
const isKnown = (path: string) => PATTERNS.some((pattern) => pattern.test(path));

/** What our own paths begin with. */
const BEGINNINGS = new Set(KNOWN.map((path) => path.split('/')[1]));

/** Longest address that is looked at, characters: beyond the longest of our own. */
const MAX_ADDRESS = 4_096;
/** Deepest path under which a proxy may show the panel, segments. */
const MAX_DEPTH = 8;

/** The path below the base, without doubled slashes and without one at the end; null outside of the base. */
function tidyPath(path: string, base: string): string | null {
  const tidy = path.replace(/\/+/g, '/');
  return `${tidy}/`.startsWith(base) ? `/${tidy.slice(base.length)}`.replace(/(.)\/$/, '$1') : null;
}

/** The address that was meant, where only slashes are wrong; null for any other. */
function intended(base: string, url: string): string | null {
  if (url.length > MAX_ADDRESS) return null;
  const [, path = '', query = ''] = /^([^?]*)(.*)$/s.exec(url) ?? [];
  const tidy = tidyPath(path, base);
  // Never to another site, as `/\\evil` would be.
  const isOurs = tidy !== null && isKnown(tidy) && !/[^\x21-\x7e]|\\/.test(url);
  const address = isOurs ? base + tidy.slice(1) + query : url;
  return address === url ? null : address;
}

/** Whether a page of ours is meant under another path than ours, or the front page under one. */
function isElsewhere(base: string, url: string): boolean {
  const path = (url.slice(0, MAX_ADDRESS).split('?', 1)[0] ?? '').replace(/\/+/g, '/');
  if (!`${path}/`.startsWith(base)) return true;
  const segments = path.slice(base.length).split('/');
  if (BEGINNINGS.has(segments[0])) return false;
  return (
    path.endsWith('/') ||
    segments.slice(0, MAX_DEPTH).some((_, at) => at > 0 && isKnown(`/${segments.slice(at).join('/')}`))
  );
}

/**
 * Redirects where only slashes are wrong, with method, body and query kept.
 * @throws PanelError wrong-path, not-found
 */
export function findWay(web: Web, { request, reply }: Visit) {
  const { method, url } = request;
  const address = ['GET', 'HEAD', 'POST'].includes(method) ? intended(web.base, url) : null;
  if (address !== null) return reply.redirect(address, 308);
  // Inside another application the paths are not the reader's concern.
  if (web.embedded || !isElsewhere(web.base, url)) throw noSuchPage();
  const hint = `Behind a proxy, set BASE_PATH to the path that the browser shows, and let the proxy pass it on whole.`;
  throw new PanelError('wrong-path', `The panel answers under ${web.base}.`, hint);
}
