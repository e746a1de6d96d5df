/** Web applications that tell what they are, each on a page that takes no account. */
import { type HttpAnswer, readJson } from '../../probe/http.js';
import type { Failed } from '../../probe/index.js';
import { readStatus, STATUS_CAP, STATUS_PAGE, statusFacts } from '../owncloud/status.js';
import type { Program } from './images.js';

interface Page {
  readonly path: string;
  /** What the answer says; null where it is of something else. */
  read(answer: HttpAnswer): Readonly<Record<string, string>> | Failed | null;
}

/** Bytes of a page's body. */
export const PAGE_CAP = STATUS_CAP;

export const PAGES: Partial<Readonly<Record<Program, Page>>> = {
  // The images have it at the root.
  cloud: {
    path: STATUS_PAGE,
    read: (answer) => {
      const status = readStatus(answer);
      return status && statusFacts(status);
    },
  },
  etherpad: {
    path: '/api',
    read: (answer) => {
      const { currentVersion: version } = readJson(answer);
      return typeof version === 'string' && /^\d[\d.]{0,9}$/.test(version)
        ? { software: `Etherpad, API ${version}` }
        : null;
    },
  },
  registry: {
    path: '/v2/',
    read: ({ status, headers }) => {
      if (!headers.get('docker-distribution-api-version')?.startsWith('registry/2')) return null;
      return { speaks: REGISTRY, ...(status === 401 && { login: 'required' }) };
    },
  },
  // How many share files that nobody has; to be asked for none at all, some take for a fault of the browser.
  tracker: {
    path: `/scrape?info_hash=${'x'.repeat(20)}`,
    read: ({ body }) => (/^d(?:5:files|14:failure reason)/.test(body) ? { speaks: TRACKER } : null),
  },
};

export const REGISTRY = 'Docker registry';
export const TRACKER = 'BitTorrent';
