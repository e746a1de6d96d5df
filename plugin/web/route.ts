/** What a route is. */
import type { Need } from '../model/role.js';
import type { Web } from './context.js';
import type { Visit } from './visit.js';

export type Handler = (web: Web, visit: Visit) => unknown;

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly need: Need;
  readonly handler: Handler;
}
