/**
 * The description of the API that `GET /api/v1/openapi.json` answers: OpenAPI 3.1, made of the site map, in which each
 * route has its line. Loaded by the first program that asks.
 */

import type { Need } from '../../model/role.js';
import type { Route } from '../route.js';
import { type Operation, ref, type Schema, text } from './operation.js';
import { SCHEMAS } from './schemas.js';
import { VERSION } from './status.js';

/** Whether programs use the route: it is then described. */
export const isForPrograms = ({ path }: Pick<Route, 'path'>): boolean => /^\/(api\/v1\/|healthz$|metrics$)/.test(path);

/** @throws Error for a route for programs without a line: a mistake of ours */
export function openapi(routes: readonly Route[], base: string, sources: readonly string[]) {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes.filter(isForPrograms)) {
    const { method, path, operation } = route;
    if (!operation) throw new Error(`${method} ${path} has no line for the API's description`);
    const template = path.replaceAll(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [method.toLowerCase()]: operationObject(route, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'cloudy-services',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'GPL-2.0-or-later' },
    },
    servers: [{ url: base === '/' ? '/' : base.slice(0, -1) }],
    paths,
    components: { schemas: { ...SCHEMAS, SourceName: { enum: sources } }, securitySchemes: SECURITY },
  };
}

const DESCRIPTION =
  'Which neighbour’s service is best for me, from where I am? New fields may come; none changes its meaning. Every error ' +
  'has a code, a message and a hint. A POST needs the token of GET /api/v1/session in x-csrf-token.';

const SECURITY = {
  session: { type: 'apiKey', in: 'cookie', name: 'cloudy_services', description: 'The cookie that a login gives.' },
  token: { type: 'apiKey', in: 'header', name: 'x-csrf-token' },
  metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN of the configuration.' },
};

function operationObject(
  route: Route,
  { summary, answer, status = 200, mediaType, query = {}, body }: Operation,
): Schema {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: text,
  }));
  const inQuery = Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: text,
  }));
  const schema = answer === null ? undefined : ref(answer);
  const good = { description: 'Done.', content: { [mediaType ?? 'application/json']: schema ? { schema } : {} } };
  return {
    operationId: operationId(route),
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: {
      [status]: good,
      ...(answer === 'Health' && { 503: { ...good, description: 'A source is away.' } }),
      default: { description: 'It did not work.', content: { 'application/json': { schema: ref('Error') } } },
    },
    security: security(route),
  };
}

/** `getServicesTypeProvidersId`. */
function operationId({ method, path }: Route): string {
  const words = path.replace('/api/v1', '').match(/[A-Za-z]+/g) ?? [];
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** `{}`: no session is needed to read, where reading is public. */
function security({ method, path, need }: Route): readonly Schema[] {
  if (path === '/metrics') return [{ metrics: [] }];
  const token = method === 'POST' ? { token: [] } : {};
  const byNeed: Readonly<Record<Need, readonly Schema[]>> = {
    anyone: [{ ...token }],
    reader: [{ ...token }, { session: [], ...token }],
    owner: [{ session: [], ...token }],
  };
  return byNeed[need];
}
