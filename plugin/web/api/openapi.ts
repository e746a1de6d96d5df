/**
 * The description of the API that `GET /api/v1/openapi.json` answers: OpenAPI 3.1, made of the site map and of one line
 * for each route here. Loaded by the first program that asks.
 */

import type { Need } from '../../model/role.js';
import { VERBS } from '../../model/unit.js';
import type { Web } from '../context.js';
import type { Route } from '../route.js';
import type { Visit } from '../visit.js';
import { oneOf, ref, SCHEMAS, type Schema, text } from './schemas.js';
import { VERSION } from './status.js';

interface Operation {
  readonly summary: string;
  /** Name of the schema of a good answer; null = it is no JSON of ours. */
  readonly answer: string | null;
  /** Where it is not 200. */
  readonly status?: number;
  readonly mediaType?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Schema;
}

const fields = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
});
const limited = (maxLength: number): Schema => ({ type: 'string', maxLength });

const reads = (summary: string, answer: string, query: Operation['query'] = {}): Operation => ({
  summary,
  answer,
  query,
});
const begins = (summary: string, body?: Schema): Operation => ({
  ...{ summary, answer: 'JobAnswer', status: 202 },
  ...(body && { body }),
});

const TYPE = '/api/v1/services/:type';
const PROVIDER = `${TYPE}/providers/:id`;
const unit = fields({
  unit: { ...text, description: 'One of the type’s units here; without it the one that stands for it.' },
});
const FORM_QUERY = {
  description: 'As in the form.',
  port: 'As in the form.',
  attributes: 'name=value, parted by spaces.',
  community: 'As in the form.',
};
const FIND_QUERY = {
  q: 'Words that name, host, address, description or community contain.',
  reachable: 'yes: only what answered.',
  measured: 'yes: only what was ever measured.',
  measurable: 'yes: only what may be measured.',
  pinned: 'yes: only what the owner has pinned.',
  hidden: 'no: without what the owner has hidden; only: nothing else.',
  community: 'Only of that community.',
  source: 'Only what that source tells of.',
  sort: 'score, name, rtt or measured; score without it.',
  rows: 'Providers of a page, 10 to 1000; all without it.',
  page: 'From 1; past the end, the last one.',
};
const account = fields({ account: fields({ user: limited(64), password: limited(128) }, ['user', 'password']) });
const opinion = fields({
  ...{ pinned: oneOf(true, false, 'yes', ''), hidden: oneOf(true, false, 'yes', ''), known: oneOf('yes', 'no', '') },
  ...{ stars: oneOf(1, 2, 3, 4, 5, '1', '2', '3', '4', '5', '', null), note: limited(1000) },
  ...{ runBy: limited(100), language: limited(100), help: limited(100) },
});

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /api/v1/services': reads('Every service type, its best provider, and this node’s own', 'Services'),
  [`GET ${TYPE}`]: reads('One type with its providers, best first', 'Type', FIND_QUERY),
  [`GET ${PROVIDER}`]: reads('One provider: its score in parts, why, and how to use it', 'Provider'),
  'GET /api/v1/jobs/:id': reads('A job, running or ended', 'Job'),
  'GET /api/v1/events': reads('What was done here, newest first', 'Events', {
    limit: 'Lines, 1 to 500; 100 without it.',
  }),
  'GET /api/v1/help/not-listed': reads(
    'Why is something not listed? Each link of the chain, as it is now',
    'NotListed',
    {
      node: 'Name, host or address; empty = this node.',
      type: 'Wire word of the service; empty = any.',
    },
  ),
  'GET /api/v1/help/skipped': reads(
    'What the sources have left out, by reason, with the rows that are kept',
    'Skipped',
    {
      source: 'Name of a source; empty = all.',
      reason: 'As in the source’s `skipped`; empty = any.',
      node: 'Only what that node has announced.',
    },
  ),
  'GET /api/v1/status': reads('The panel: version, sources, measuring in the background', 'Status'),
  'GET /api/v1/node': reads('This machine: platform, memory in bytes, load', 'Node'),
  'GET /api/v1/session': reads('Who asks, and the token that a POST must carry', 'Session'),
  'POST /api/v1/login': {
    ...reads('Opens a session, under a new cookie', 'Session'),
    body: fields({
      password: text,
      code: { ...text, description: 'The first-run code, as long as there is no owner.' },
    }),
  },
  [`POST ${TYPE}/scan`]: begins('Measures all providers of the type'),
  [`POST ${PROVIDER}/scan`]: begins('Measures one provider', account),
  [`POST ${PROVIDER}/connect`]: begins('Tells a program of this node to use it'),
  [`POST ${PROVIDER}/opinion`]: { ...reads('Saves what the owner thinks of it', 'Opinion'), body: opinion },
  [`GET ${TYPE}/own`]: reads('This node’s own service: units, port, what is announced', 'Own'),
  [`GET ${TYPE}/log`]: reads('The last lines of its log', 'Log', { unit: 'One of the type’s units here.' }),
  [`GET ${TYPE}/preview`]: reads('Exactly what neighbours would see', 'Preview', FORM_QUERY),
  ...Object.fromEntries(VERBS.map((verb) => [`POST ${TYPE}/${verb}`, begins(`systemctl ${verb}, for its unit`, unit)])),
  [`POST ${TYPE}/publish`]: begins('Announces it to the neighbours', ref('PublishForm')),
  [`POST ${TYPE}/unpublish`]: begins('Ends the announcement'),
  'POST /api/v1/background': {
    ...reads('Turns measuring in the background on or off', 'BackgroundAnswer'),
    body: fields({ turn: oneOf('on', 'off') }, ['turn']),
  },
  'POST /api/v1/jobs/:id/cancel': begins('Ends a job'),
  'GET /api/v1/openapi.json': { summary: 'This document', answer: null, mediaType: 'application/json' },
  'GET /healthz': reads('Whether all sources answer; 503 with the reason where one does not', 'Health'),
  'GET /metrics': { summary: 'Figures for Prometheus', answer: null, mediaType: 'text/plain' },
};

/** Whether programs use the route: it is then described here. */
export const isDescribed = ({ path }: Pick<Route, 'path'>): boolean => /^\/(api\/v1\/|healthz$|metrics$)/.test(path);

export const openapi =
  (routes: readonly Route[]) =>
  async (web: Web, { reply }: Visit) => {
    reply.type('application/json; charset=utf-8');
    const sources = web.panel.discovery.sourceTypes.map(({ id }) => id);
    return documentOf(routes, web.base, sources);
  };

/** @throws Error for a route that has no line here, or a line that has no route: a mistake of ours */
export function documentOf(routes: readonly Route[], base: string, sources: readonly string[]) {
  const described = routes.filter(isDescribed);
  const lost = new Set(Object.keys(OPERATIONS));
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of described) {
    const key = `${route.method} ${route.path}`;
    const operation = OPERATIONS[key];
    if (!operation) throw new Error(`openapi.ts does not describe ${key}`);
    lost.delete(key);
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, operation) };
  }
  if (lost.size > 0) throw new Error(`openapi.ts describes what is no route: ${[...lost].join(', ')}`);
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

function operationOf(route: Route, { summary, answer, status = 200, mediaType, query = {}, body }: Operation): Schema {
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
    operationId: idOf(route),
    summary,
    parameters: [...inPath, ...inQuery],
    ...(body && { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: {
      [status]: good,
      ...(answer === 'Health' && { 503: { ...good, description: 'A source is away.' } }),
      default: { description: 'It did not work.', content: { 'application/json': { schema: ref('Error') } } },
    },
    security: securityOf(route),
  };
}

/** `getServicesTypeProvidersId`. */
function idOf({ method, path }: Route): string {
  const words = path.replace('/api/v1', '').match(/[A-Za-z]+/g) ?? [];
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** Where reading is public, no session is needed for it; `{}` says so. */
function securityOf({ method, path, need }: Route): readonly Schema[] {
  if (path === '/metrics') return [{ metrics: [] }];
  const token = method === 'POST' ? { token: [] } : {};
  const byNeed: Readonly<Record<Need, readonly Schema[]>> = {
    anyone: [{ ...token }],
    reader: [{ ...token }, { session: [], ...token }],
    owner: [{ session: [], ...token }],
  };
  return byNeed[need];
}
