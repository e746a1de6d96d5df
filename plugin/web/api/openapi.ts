/**
 * The description of the API that `GET /api/v1/openapi.json` answers: OpenAPI 3.1, made of the site map, in which each
 * route has its line. Loaded by the first program that asks.
 */

import type { Route } from '../route.js';
import { type Operation, ref, type Schema, text } from './operation.js';
import { SCHEMAS } from './schemas.js';
import { VERSION } from './status.js';

/** Whether programs use the route: it is then described. */
export const isForPrograms = ({ path }: Pick<Route, 'path'>): boolean => /^\/(api\/v1\/|healthz$|metrics$)/.test(path);

/** What the document says of this very panel. */
export interface Described {
  readonly base: string;
  /** Ids of the sources. */
  readonly sources: readonly string[];
  /** A service type for the examples. */
  readonly type?: string | undefined;
}

/** @throws Error for a route for programs without a line: a mistake of ours */
export function openapi(routes: readonly Route[], { base, sources, type }: Described) {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const { route, path, operation } of describedRoutes(routes)) {
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationObject(route, operation, type) };
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
    tags: TAGS.map(({ name, description }) => ({ name, description })),
    paths,
    components: { schemas: { ...SCHEMAS, SourceName: { enum: sources } }, securitySchemes: SECURITY },
  };
}

/** The routes for programs with their lines. @throws Error for one without */
function describedRoutes(routes: readonly Route[]) {
  return routes.filter(isForPrograms).map((route) => {
    const { method, path, operation } = route;
    if (!operation) throw new Error(`${method} ${path} has no line for the API's description`);
    return { route, operation, path: path.replaceAll(/:(\w+)/g, '{$1}') };
  });
}

/** The operations under their tags, as the page for people lists them. */
export function operationsByTag(routes: readonly Route[]) {
  const all = describedRoutes(routes).map(({ route, path, operation: { summary } }) => ({
    ...{ method: route.method, path, summary, need: route.need, tag: tagOf(route).name },
  }));
  return TAGS.map((tag) => ({ ...tag, operations: all.filter((operation) => operation.tag === tag.name) }));
}

/** In the order of the page for people. The last is that of all the rest. */
const TAGS = [
  {
    name: 'services',
    description: 'The services around, ranked',
    at: /\/v1\/(services|nodes|search)(\/:\w+(\/scan)?)?$/,
  },
  { name: 'providers', description: 'One neighbour’s service', at: /\/providers\// },
  { name: 'jobs', description: 'What goes on', at: /\/jobs\// },
  { name: 'own service', description: 'This node’s own unit, and its announcement', at: /\/services\/:type\// },
  { name: 'help', description: 'Why something is not listed', at: /\/help\// },
  { name: 'login', description: 'Sessions; a token is simpler', at: /\/(login|session)$/ },
  { name: 'panel', description: 'The panel and its machine', at: /^/ },
] as const;

/** The first that fits. */
const tagOf = ({ path }: Pick<Route, 'path'>) => TAGS.find(({ at }) => at.test(path)) as (typeof TAGS)[number];

const DESCRIPTION =
  'Which neighbour’s service is best for me, from where I am? New fields may come; none changes its meaning. Every error ' +
  'has a code, a message and a hint. A program sends its token (made on the page of settings) as `Authorization: Bearer`; ' +
  'it then needs neither cookie nor form token.';

const SECURITY = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A token made on the page of settings.' },
  session: { type: 'apiKey', in: 'cookie', name: 'cloudy_services', description: 'The cookie that a login gives.' },
  token: {
    ...{ type: 'apiKey', in: 'header', name: 'x-csrf-token' },
    description: 'Only beside a cookie: the token that GET /api/v1/session answers under the same cookie.',
  },
  metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN of the configuration.' },
};

function operationObject(route: Route, operation: Operation, type: string | undefined): Schema {
  const { summary, answer, status = 200, means = 'Done.', mediaType, query = {}, body } = operation;
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true, schema: text },
    ...(name === 'type' && type !== undefined && { example: type }),
  }));
  const inQuery = Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: text,
  }));
  const schema = answer === null ? undefined : ref(answer);
  const good = { description: means, content: { [mediaType ?? 'application/json']: schema ? { schema } : {} } };
  return {
    operationId: operationId(route),
    tags: [tagOf(route).name],
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

/** Alternatives, of which a request needs one. `{}`: nothing is needed to read, where reading is public. */
function security({ method, path, need }: Route): readonly Schema[] {
  if (path === '/metrics') return [{ metrics: [] }];
  const isPost = method === 'POST';
  // The form's token is signed for the cookie: without that it opens nothing.
  const session = isPost ? { session: [], token: [] } : { session: [] };
  if (need === 'anyone') return isPost ? [session] : [{}];
  return [...(need === 'reader' && !isPost ? [{}] : []), { bearer: [] }, session];
}
