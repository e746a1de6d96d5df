/** The JSON API: the shapes that other programs rely on, and errors that say what to do. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SourceStatus } from '../../plugin/discovery/index.js';
import { PanelError } from '../../plugin/model/errors.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NUMBERLESS, ranked, SERF_AWAY, SERF_UP } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

async function open(options?: Parameters<typeof startWeb>[0]): Promise<Visitor> {
  web = await startWeb(options);
  return new Visitor(web);
}
const list = () => web.panel.lists.get('dnsservice') ?? [];

describe('services', () => {
  it('come in registry order with the best provider, the local state and the sources', async () => {
    const visitor = await open();
    web.panel.lists.set('Docker', [ranked('Docker', 1)]);
    const { services, sources } = (await visitor.get('/api/v1/services')).json();
    expect(services.map(({ type }: { type: string }) => type)).toEqual([
      ...web.panel.services.types.map(({ id }) => id),
      'Docker',
    ]);
    expect(services[0]).toMatchObject({
      type: 'dnsservice',
      builtin: true,
      providers: 30,
      measured: 24,
      best: { id: list()[0]?.provider.id, score: 94.4 },
      local: { unit: null, state: 'absent', enabled: false, published: false },
    });
    expect(services.at(-1)).toMatchObject({ type: 'Docker', title: 'Docker applications', builtin: false });
    expect(sources).toMatchObject([{ name: 'serf', state: 'up', skipped: { 'bad-json': 2 } }]);
  });
});

describe('one type', () => {
  it('lists its providers in ranked order with every field', async () => {
    const visitor = await open();
    const body = (await visitor.get('/api/v1/services/dnsservice', { 'accept-language': 'ca' })).json();
    expect(body).toMatchObject({ type: 'dnsservice', providers: expect.any(Array), scan: { providers: 28 } });
    expect(body.providers.map(({ id }: { id: string }) => id)).toEqual(list().map(({ provider }) => provider.id));
    expect(Object.keys(body.providers[0])).toEqual(
      expect.arrayContaining(
        'id,node,host,address,port,description,self,sources,stale,level,unproven,reason,reasonText,detail,score,low,high,confidence,recommended,parts,samples,attempts,measuredAt,facts'.split(
          ',',
        ),
      ),
    );
    expect(body.providers[0]).toMatchObject({ measuredAt: '2026-11-20T09:57:00.000Z', score: 94.4, recommended: true });
    expect(body.providers[0].parts[0]).toEqual({
      ...{
        metric: 'answer',
        label: 'temps de resposta',
        value: 12.3457,
        unit: 'ms',
        valueText: '12,3\u00a0ms',
        mark: 0.8123,
        weight: 0.45,
        lost: 12.35,
      },
    });
    const refused = body.providers.find(({ reason }: { reason: string }) => reason === 'refused');
    expect(refused).toMatchObject({ score: 0, low: null, high: null, parts: [], reasonText: 'el port és tancat' });
    expect(body.providers.at(-1)).toMatchObject({ score: null, measuredAt: null, reason: null });
  });

  it('answers 404 for a type that nobody announces', async () => {
    const visitor = await open();
    const answer = await visitor.get('/api/v1/services/nothing');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({
      error: { code: 'unknown-type', message: expect.any(String), hint: expect.any(String) },
    });
  });
});

describe('one provider', () => {
  it('has its row, its steps for use and its announcement', async () => {
    const visitor = await open();
    const id = list()[0]?.provider.id;
    const body = (await visitor.get(`/api/v1/services/dnsservice/providers/${id}`)).json();
    expect(body).toMatchObject({ type: 'dnsservice', id, address: '10.139.40.1', use: expect.any(Array), details: [] });
    expect(body.use[0]).toEqual({ kind: 'copy', label: 'DNS server 1', text: '10.139.40.1' });
    expect((await visitor.get('/api/v1/services/dnsservice/providers/nobody')).json().error.code).toBe(
      'unknown-provider',
    );
  });
});

describe('a scan', () => {
  it('answers with its job, which can be followed to its end', async () => {
    const visitor = await open();
    await visitor.login();
    const answer = await visitor.postJson('/api/v1/services/dnsservice/scan');
    expect(answer.statusCode).toBe(202);
    const { job } = answer.json();
    expect(job).toMatchObject({
      kind: 'scan',
      state: 'running',
      done: 0,
      total: 30,
      startedAt: '2026-11-20T10:00:00.000Z',
    });
    expect((await visitor.postJson('/api/v1/services/dnsservice/scan')).json().job.id).toBe(job.id);
    await web.panel.end();
    expect((await visitor.get(`/api/v1/jobs/${job.id}`)).json()).toMatchObject({
      ...{ id: job.id, kind: 'scan', type: 'dnsservice', state: 'done', error: null },
      finishedAt: '2026-11-20T10:00:00.000Z',
    });
  });

  it('can be cancelled', async () => {
    const visitor = await open();
    await visitor.login();
    const { job } = (await visitor.postJson('/api/v1/services/dnsservice/scan')).json();
    const { statusCode, body } = await visitor.postJson(`/api/v1/jobs/${job.id}/cancel`);
    expect([statusCode, JSON.parse(body).job.state]).toEqual([202, 'cancelled']);
  });

  it.each(['start', 'stop'])('starts a job for %s of the own service', async (verb) => {
    const visitor = await open();
    await visitor.login();
    const answer = await visitor.postJson(`/api/v1/services/dnsservice/${verb}`);
    expect([answer.statusCode, answer.json().job.kind]).toEqual([202, verb]);
    await web.panel.end();
  });
});

describe('a program', () => {
  it('logs in with the token of its session', async () => {
    const visitor = await open();
    const { role } = (await visitor.get('/api/v1/session')).json();
    expect(role).toBe('reader');
    const wrong = await visitor.postJson('/api/v1/login', { password: 'wrong' });
    expect([wrong.statusCode, wrong.json().error.code]).toEqual([401, 'wrong-password']);
    const right = await visitor.postJson('/api/v1/login', { password: 'four words in a row' });
    expect(right.json()).toEqual({ role: 'owner', token: expect.any(String) });
    expect((await visitor.postJson('/api/v1/services/dnsservice/scan')).statusCode).toBe(202);
  });

  it('learns what is wrong with its request', async () => {
    const visitor = await open();
    await visitor.login();
    const url = '/api/v1/services/dnsservice/scan';
    const headers = { 'content-type': 'application/json', 'x-csrf-token': visitor.token };
    const broken = await web.app.inject({ method: 'POST', url, headers, payload: '{' });
    expect([broken.statusCode, broken.json().error.code]).toEqual([400, 'bad-request']);
    const strange = await web.app.inject({ method: 'POST', url, headers: { 'content-type': 'a/b' }, payload: 'x' });
    expect([strange.statusCode, strange.json().error.code]).toEqual([415, 'bad-request']);
    expect((await visitor.get('/api/v1/nothing')).json().error.code).toBe('not-found');
  });

  it('learns nothing of an internal error, which is logged', async () => {
    const visitor = await open();
    const cause = new Error('disk /secret/path is full');
    web.panel.overview = () => Promise.reject(cause);
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const answer = await visitor.get('/api/v1/services');
    expect([answer.statusCode, answer.json().error.code]).toEqual([500, 'internal']);
    expect(answer.body).not.toContain('secret');
    expect(log).toHaveBeenCalledWith(cause);
    log.mockRestore();
  });
});

describe('health', () => {
  it('is 200 while every source answers or is switched off', async () => {
    const visitor = await open();
    web.panel.sourceList = [SERF_UP, { name: 'avahi', state: 'off', lastUp: null, read: 0, skipped: {} }];
    const answer = await visitor.get('/healthz');
    expect([answer.statusCode, answer.json().ok]).toEqual([200, true]);
  });

  it('is 503 with the reason while a source is away', async () => {
    const visitor = await open();
    web.panel.sourceList = [SERF_AWAY];
    const answer = await visitor.get('/healthz');
    expect([answer.statusCode, answer.json()]).toMatchObject([
      503,
      { ok: false, reason: 'serf: No agent on 127.0.0.1:7373.' },
    ]);
  });

  const source = (name: string, state: SourceStatus['state'], more: Partial<SourceStatus> = {}): SourceStatus => ({
    ...{ name, state, lastUp: null, read: 0, skipped: {} },
    ...more,
  });
  const isSet = { isSet: true } as const;

  it('is 200 while one of the set sources answers, unless the Serf agent is away', async () => {
    const visitor = await open();
    const code = async (...list: SourceStatus[]) => {
      web.panel.sourceList = list;
      return (await visitor.get('/healthz')).statusCode;
    };
    expect(await code(source('serf', 'off'), source('list', 'up', isSet), source('aredn', 'away', isSet))).toBe(200);
    // Listening to the local network always works.
    expect(await code(source('serf', 'off'), source('avahi', 'up'), source('aredn', 'away', isSet))).toBe(503);
    expect(await code({ ...SERF_AWAY, ...isSet }, source('list', 'up', isSet))).toBe(503);
  });

  it('is 200 in the demo', async () => {
    const visitor = await open({ demo: true });
    web.panel.sourceList = [SERF_AWAY];
    expect((await visitor.get('/healthz')).json()).toMatchObject({ ok: true, demo: true });
  });
});

describe('this node', () => {
  it('tells version, sources and uptime', async () => {
    const body = (await (await open()).get('/api/v1/status')).json();
    expect(body).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      demo: false,
      sources: [{ name: 'serf' }],
    });
    expect(body.uptime).toBeGreaterThanOrEqual(0);
    expect(body).toMatchObject({ unkept: null, doubtedClock: null });
  });

  it('tells what cannot be kept, and of a clock that is not set', async () => {
    const visitor = await open();
    Object.defineProperty(web.panel.store, 'unkept', { value: new PanelError('disk-full', 'full', 'room') });
    Object.assign(web.panel.time, { doubted: 0 });
    const body = (await visitor.get('/api/v1/status')).json();
    expect(body).toMatchObject({
      unkept: { code: 'disk-full', hint: 'room' },
      doubtedClock: '1970-01-01T00:00:00.000Z',
    });
  });

  it('tells platform, memory, load and layer', async () => {
    const body = (await (await open()).get('/api/v1/node')).json();
    expect(body.memory.total).toBeGreaterThan(body.memory.available);
    expect(body.platform.arch).toBeTruthy();
    expect(body.load.average).toBeGreaterThanOrEqual(0);
    expect(body.layer).toMatchObject({ hosts: expect.any(Array), proxmox: expect.any(Boolean) });
  });
});

it('puts no number into the answer for a failed provider', async () => {
  const visitor = await open();
  web.panel.lists.set('dnsservice', [
    ranked('dnsservice', 1, { ...NUMBERLESS, score: 0, reason: 'refused', samples: 0 }),
  ]);
  const [row] = (await visitor.get('/api/v1/services/dnsservice')).json().providers;
  expect(row).toMatchObject({ score: 0, reason: 'refused', low: null, high: null, confidence: null, parts: [] });
});
