/** The plugin in applications that are not ours: under a prefix, with their login, twice in one, closed in the middle of a scan. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import cloudyServices, { type CloudyServicesOptions } from '../../plugin/index.js';
import { createHost } from '../host/host.js';
import { until } from './agents.js';

let folder: string;
const apps: FastifyInstance[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-'));
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  rmSync(folder, { recursive: true });
});

async function start(config: CloudyServicesOptions['config'] = {}): Promise<FastifyInstance> {
  const app = await createHost({ dataDir: folder, demo: 'on', language: 'en', ...config });
  apps.push(app);
  return app;
}

/** What a visitor with that word (or none) is answered. */
function visitor(app: FastifyInstance, word?: string) {
  const headers = {
    host: 'host.example',
    'accept-language': 'en',
    ...(word ? { authorization: `Bearer ${word}` } : {}),
  };
  const cookies = new Map<string, string>();
  const send = async (method: 'GET' | 'POST', url: string, fields?: Record<string, string>) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const form = fields && {
      payload: new URLSearchParams(fields).toString(),
      headers: { ...headers, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    };
    const answer = await app.inject({ method, url, headers: { ...headers, cookie }, ...form });
    for (const { name, value } of answer.cookies) cookies.set(name, value);
    return answer;
  };
  return {
    get: (url: string) => send('GET', url),
    post: (url: string, fields: Record<string, string>) => send('POST', url, fields),
    /** The form token of a page. */
    token: async (url: string) => /name="token" value="([^"]+)"/.exec((await send('GET', url)).body)?.[1] ?? '',
  };
}

describe('in an application that has a login of its own', () => {
  it('shows the panel under the prefix to whom the application knows', async () => {
    const app = await start();
    expect((await visitor(app).get('/neighbours/')).statusCode).toBe(401);
    const biel = visitor(app, 'biel');
    const page = await biel.get('/neighbours/services/dnsservice');
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('href="/neighbours/public/style.css');
    expect(page.body).not.toMatch(/\/log(in|out)"|\/scan"/);
    expect((await biel.get('/neighbours/login')).statusCode).toBe(404);
    const anna = visitor(app, 'anna');
    const token = await anna.token('/neighbours/services/dnsservice');
    const scan = '/neighbours/services/dnsservice/scan';
    expect((await biel.post(scan, { token: await biel.token('/neighbours/') })).statusCode).toBe(401);
    const started = await anna.post(scan, { token });
    expect(started.headers.location).toMatch(/^\/neighbours\/jobs\//);
  });

  it('leaves the application’s own pages, forms, errors and headers as they are', async () => {
    const app = await start();
    const { get, post } = visitor(app, 'anna');
    const home = await get('/');
    expect(home.body).toBe('the application');
    expect(home.headers).not.toHaveProperty('content-security-policy');
    expect((await post('/form', { a: '1', b: '2' })).body).toBe('a=1&b=2');
    expect(await get('/broken')).toMatchObject({ statusCode: 500, body: 'an error of the application' });
    expect(await get('/nowhere')).toMatchObject({ statusCode: 404, body: 'not a page of the application' });
    const ours = await get('/neighbours/nowhere');
    expect(ours.statusCode).toBe(404);
    expect(ours.body).toContain('class="cs"');
  });

  it('refuses options that do not exist when the application is compiled, and wrong values when it starts', async () => {
    // @ts-expect-error no such option
    const wrong: CloudyServicesOptions = { authentication: async () => 'owner' };
    // @ts-expect-error no such role
    const role: CloudyServicesOptions = { authenticate: async () => 'admin' };
    expect([wrong, role]).toHaveLength(2);
    writeFileSync(join(folder, 'file'), '');
    await expect(createHost({ dataDir: join(folder, 'file') })).rejects.toThrow(/directory|EEXIST|ENOTDIR/);
  });
});

it('two of them side by side share nothing', async () => {
  const app = Fastify();
  apps.push(app);
  const config = (name: string) => ({ dataDir: join(folder, name), demo: 'on', language: 'en' }) as const;
  const authenticate = async () => 'owner' as const;
  await app.register(cloudyServices, { prefix: '/one', authenticate, config: config('one') });
  await app.register(cloudyServices, { prefix: '/two', authenticate, config: { ...config('two'), language: 'ca' } });
  const { get, post, token } = visitor(app);

  const given = await token('/one/');
  expect((await post('/two/background', { token: given, turn: 'on' })).statusCode).toBe(403);
  expect((await post('/one/background', { token: given, turn: 'on' })).statusCode).toBe(303);
  const on = async (prefix: string) => (await get(`${prefix}/api/v1/status`)).json().background.on;
  expect([await on('/one'), await on('/two')]).toEqual([true, false]);

  const { id } = (await get('/one/api/v1/services/syncthing')).json().providers[0];
  const opinion = `/services/syncthing/providers/${id}/opinion`;
  await post(`/one${opinion}`, { token: await token('/one/'), pinned: 'yes', note: 'mine' });
  const pinned = async (prefix: string) => {
    const { providers } = (await get(`${prefix}/api/v1/services/syncthing`)).json();
    return providers.filter((one: { pinned: boolean }) => one.pinned).length;
  };
  expect([await pinned('/one'), await pinned('/two')]).toEqual([1, 0]);

  const started = await post('/one/services/owp/scan', { token: await token('/one/') });
  const job = started.headers.location?.split('/').at(-1);
  expect((await get(`/one/api/v1/jobs/${job}`)).statusCode).toBe(200);
  expect((await get(`/two/api/v1/jobs/${job}`)).statusCode).toBe(404);
});

/** Open files and sockets of this process. */
const descriptors = () => readdirSync('/proc/self/fd').length;
const timers = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;

it('closing the application in the middle of a scan leaves nothing open and no timer', async () => {
  // The first use of some rooms opens what stays, such as the threads of the system's own calls.
  await (await start({ dataDir: join(folder, 'first') })).close();
  const before = descriptors();
  const app = await start({ backgroundScan: true });
  const anna = visitor(app, 'anna');
  const token = await anna.token('/neighbours/');
  const started = await anna.post('/neighbours/services/dnsservice/scan', { token });
  const job = `/neighbours/api/v1/jobs/${started.headers.location?.split('/').at(-1)}`;
  await until('the scan has begun', async () => (await anna.get(job)).json().done > 0);
  expect(descriptors()).toBeGreaterThan(before);
  await app.close();
  await until('all is closed', () => descriptors() === before && timers() === 0);
});
