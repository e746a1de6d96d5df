/** The API's description is true: every route is in it, and every answer of a running panel, errors too, is as it says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { startDaemon } from '../../plugin/daemon/index.js';
import { ERROR_CODES } from '../../plugin/model/errors.js';
import { isForPrograms, openapi } from '../../plugin/web/api/openapi.js';
import { SCHEMAS } from '../../plugin/web/api/schemas.js';
import type { Route } from '../../plugin/web/route.js';
import { ROUTES } from '../../plugin/web/routes.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { document, problemOf, validatorOf } from './described.js';
import { localOf, SERF_AWAY } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web?.app.close());

describe('the description', () => {
  it('has every route that programs use, and nothing else', () => {
    const routes = ROUTES.filter(isForPrograms).map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    );
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).toEqual(routes.toSorted());
    expect(ROUTES.filter(({ path }) => path.startsWith('/api/')).every(isForPrograms)).toBe(true);
  });

  it('refuses a route for programs that nobody described', () => {
    const stray = { ...(ROUTES[0] as Route), path: '/api/v1/stray' };
    expect(() => openapi([...ROUTES, stray], { base: '/', sources: [] })).toThrow('GET /api/v1/stray');
  });

  it('is written only beside routes for programs', () => {
    expect(ROUTES.filter((route) => route.operation && !isForPrograms(route))).toEqual([]);
  });

  it('is served with the panel’s own base, and all its references resolve', async () => {
    web = await startWeb({ prefix: '/cloudy' });
    const answer = await new Visitor(web).get('/cloudy/api/v1/openapi.json');
    expect(answer.headers['content-type']).toContain('application/json');
    const served = answer.json();
    expect(served).toMatchObject({
      openapi: '3.1.0',
      servers: [{ url: '/cloudy' }],
      info: { title: 'cloudy-services' },
    });
    const names = [...answer.body.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1]);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) expect(served.components.schemas).toHaveProperty(name as string);
    const ids = [...answer.body.matchAll(/"operationId":"(\w+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names every error code, and all its schemas are valid', () => {
    expect(JSON.stringify(SCHEMAS.Error)).toContain(ERROR_CODES.map((code) => `"${code}"`).join(','));
    for (const name of Object.keys(SCHEMAS)) expect(() => validatorOf(name)).not.toThrow();
  });
});

describe('answers', () => {
  it('of every route are as described, for any visitor and any parameters', async () => {
    web = await startWeb({ config: { metricsToken: 'secret' } });
    const { panel } = web;
    panel.states.set('dnsservice', localOf({ unit: 'named.service', state: 'running', enabled: true }));
    const owner = await new Visitor(web).login();
    const reader = new Visitor(web);
    await reader.get('/api/v1/session');
    const id = panel.lists.get('dnsservice')?.[0]?.provider.id as string;
    const job = panel.scan('dnsservice').id;
    const word = fc.oneof(fc.constantFrom('dnsservice', 'webdav', 'nobody', id, job, ''), fc.string({ maxLength: 40 }));
    const value = fc.oneof(word, fc.constantFrom('on', 'off', '3', '500', 'yes'), fc.jsonValue());
    const routes = ROUTES.filter(isForPrograms).filter(({ path }) => path !== '/api/v1/node');
    const names = [
      'unit',
      'turn',
      'stars',
      'note',
      'password',
      'limit',
      'node',
      'type',
      'description',
      'port',
      'account',
    ];
    const request = fc.record({
      route: fc.constantFrom(...routes),
      words: fc.array(word, { minLength: 2, maxLength: 2 }),
      fields: fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }),
      visitor: fc.constantFrom(owner, reader),
    });
    const seen = new Map<string, Set<number>>();
    await fc.assert(
      fc.asyncProperty(request, async ({ route: { method, path }, words, fields, visitor }) => {
        const [type = '', which = ''] = words;
        const url = path.replace(':type', encodeURIComponent(type)).replace(':id', encodeURIComponent(which));
        const texts = Object.entries(fields).map(([name, value]) => [
          name,
          typeof value === 'object' ? JSON.stringify(value) : String(value),
        ]);
        const query = new URLSearchParams(texts).toString();
        const answer = method === 'GET' ? await visitor.get(`${url}?${query}`) : await visitor.postJson(url, fields);
        // An empty part of the path is another path.
        if (url.includes('//') || url.endsWith('/')) return;
        const key = `${method} ${path}`;
        seen.set(key, (seen.get(key) ?? new Set()).add(answer.statusCode));
        expect(answer.statusCode, `${key} ${answer.body}`).toBeLessThan(504);
        expect(
          problemOf(method, path, answer),
          `${key} ${url} ${answer.statusCode} ${answer.body.slice(0, 300)}`,
        ).toBeNull();
      }),
      { numRuns: 1_500 },
    );
    expect(seen.size).toBe(routes.length);
    const codes = new Set([...seen.values()].flatMap((all) => [...all]));
    for (const code of [200, 202, 400, 401, 404]) expect(codes).toContain(code);
  });

  it('are as described where a source is away, and for empty lists', async () => {
    web = await startWeb();
    web.panel.sourceList = [SERF_AWAY];
    web.panel.lists.clear();
    const visitor = await new Visitor(web).login();
    for (const path of ['/healthz', '/api/v1/services', '/api/v1/status', '/api/v1/events', '/api/v1/node']) {
      const answer = await visitor.get(path);
      expect(problemOf('GET', path, answer), answer.body).toBeNull();
    }
    expect((await visitor.get('/healthz')).statusCode).toBe(503);
  });

  it('of every provider in every condition are as described', async () => {
    web = await startWeb();
    const visitor = await new Visitor(web).login();
    const list = web.panel.lists.get('dnsservice') ?? [];
    for (const { provider } of list) {
      const answer = await visitor.get(`/api/v1/services/dnsservice/providers/${provider.id}`);
      expect(problemOf('GET', '/api/v1/services/:type/providers/:id', answer)).toBeNull();
    }
    expect(list).toHaveLength(30);
  });

  it('that lack a field or have an extra one are detected', () => {
    const answer = (body: object) => ({ statusCode: 200, body: JSON.stringify(body) });
    const path = '/api/v1/session';
    expect(problemOf('GET', path, answer({ role: 'owner', token: '' }))).toBeNull();
    expect(problemOf('GET', path, answer({ role: 'owner' }))).toContain('token');
    expect(problemOf('GET', path, answer({ role: 'owner', token: '', more: 1 }))).toContain('additional');
  });
});

describe('the daemon with a measured community', () => {
  it('answers as described, over HTTP', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'described-'));
    const listen = { host: '127.0.0.1', port: 0 };
    const config = { ...loadConfig({ env: {}, file: '' }), listen, dataDir, metricsToken: 'secret' };
    const daemon = await startDaemon(config, true);
    try {
      const { panel } = daemon;
      await panel.jobs.ended(panel.scan('owp').id);
      const get = async (path: string, route = path) => {
        const answer = await fetch(`${daemon.url}${path.slice(1)}`);
        const body = await answer.text();
        expect(
          problemOf('GET', route, { statusCode: answer.status, body }),
          `${path} ${body.slice(0, 300)}`,
        ).toBeNull();
        return body;
      };
      const { services } = JSON.parse(await get('/api/v1/services')) as { services: { type: string }[] };
      expect(services.length).toBeGreaterThan(8);
      for (const { type } of services) {
        const body = await get(`/api/v1/services/${encodeURIComponent(type)}`, '/api/v1/services/:type');
        const { providers } = JSON.parse(body) as { providers: { id: string }[] };
        for (const { id } of providers)
          await get(
            `/api/v1/services/${encodeURIComponent(type)}/providers/${id}`,
            '/api/v1/services/:type/providers/:id',
          );
      }
      for (const path of [
        '/healthz',
        '/api/v1/status',
        '/api/v1/node',
        '/api/v1/session',
        '/api/v1/events',
        '/metrics',
      ])
        await get(path);
      await get('/api/v1/help/not-listed?node=x&type=y', '/api/v1/help/not-listed');
    } finally {
      await daemon.close();
      rmSync(dataDir, { recursive: true });
    }
  });
});
