/** What a route is, and the ways to declare one. */
import type { Need } from '../model/role.js';
import type { Version } from '../panel/contract.js';
import type { Operation } from './api/operation.js';
import type { Web } from './context.js';
import type { Visit } from './visit.js';

export type Handler = (web: Web, visit: Visit) => unknown;
export type VersionReader = (web: Web, visit: Visit) => Promise<Version>;

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly need: Need;
  readonly handler: Handler;
  /** Of the page, where that is cheaper than the page. */
  readonly version?: VersionReader;
  /** Its line in the API's description; only routes for programs have one. */
  readonly operation?: Operation;
}

export const get = (path: string, need: Need, handler: Handler, version?: VersionReader): Route => ({
  ...{ method: 'GET', path, need, handler },
  ...(version && { version }),
});
export const post = (path: string, need: Need, handler: Handler): Route => ({ method: 'POST', path, need, handler });

/** For programs only: `GET /api/v1/services`. */
export function api(
  address: `${Route['method']} /${string}`,
  need: Need,
  handler: Handler,
  operation: Operation,
): Route {
  const [method, path] = address.split(' ') as [Route['method'], string];
  return { method, path, need, handler, operation };
}

interface Twins<T> {
  readonly operation: Operation;
  /** Of the page. */
  readonly version?: VersionReader;
  /** Does the work, whoever asks. */
  load(web: Web, visit: Visit): T | Promise<T>;
  /** Answers a browser. */
  page(web: Web, visit: Visit, loaded: T): unknown;
  /** Answers a program, where that gets anything but what was loaded. */
  json?(visit: Visit, loaded: T): unknown;
}

/** A page, or an order of one, and its twin under `/api/v1`: one load, two replies. */
export function twins<T>(
  method: Route['method'],
  path: string,
  need: Need,
  { operation, version, load, page, json = (_, loaded) => loaded }: Twins<T>,
): readonly Route[] {
  return [
    {
      ...{ method, path, need, handler: async (web, visit) => page(web, visit, await load(web, visit)) },
      ...(version && { version }),
    },
    {
      ...{ method, path: `/api/v1${path}`, need, operation },
      handler: async (web, visit) => json(visit, await load(web, visit)),
    },
  ];
}
