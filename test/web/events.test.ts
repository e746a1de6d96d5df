/** What was done here: who, what, when and how it ended, on its page, for the owner alone, and in the system's log. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { log } from '../../plugin/lib/log.js';
import { PanelError } from '../../plugin/model/errors.js';
import { cloudyLogin } from '../../plugin/web/cloudy.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW } from './fake-panel.js';

let web: TestWeb;
afterEach(async () => {
  vi.restoreAllMocks();
  await web.app.close();
});

async function readEvents(visitor: Visitor) {
  return (await visitor.get('/api/v1/events')).json().events as Record<string, unknown>[];
}

describe('events', () => {
  it('record who acted and how it ended', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    const id = web.panel.lists.get('dnsservice')?.[0]?.provider.id as string;
    await owner.post('/services/dnsservice/scan');
    await owner.post('/services/dnsservice/scan');
    await web.panel.end();
    await owner.postJson('/api/v1/services/syncthing/start');
    await web.panel.end(new Error('no'));
    await owner.post(`/services/dnsservice/providers/${id}/opinion`, { note: 'my secret note', stars: '5' });
    await owner.post('/background', { turn: 'on' });
    await owner.postJson('/api/v1/background', { turn: 'off' });
    const events = await readEvents(owner);
    expect(events.map(({ what, result, by, type }) => [what, result, by, type])).toEqual([
      ['background-off', 'done', 'owner', null],
      ['background-on', 'done', 'owner', null],
      ['opinion', 'done', 'owner', 'dnsservice'],
      ['start', 'failed', 'owner', 'syncthing'],
      ['scan', 'done', 'owner', 'dnsservice'],
      ['login', 'done', 'owner', null],
    ]);
    expect(events[2]).toMatchObject({ provider: id, providerName: 'node1' });
    expect(JSON.stringify(events)).not.toContain('my secret note');
  });

  it('count wrong passwords from all clients in one line', async () => {
    web = await startWeb();
    const stranger = new Visitor(web);
    await stranger.get('/login');
    for (let index = 0; index < 4; index++) await stranger.post('/login', { password: 'wrong' });
    await stranger.postJson('/api/v1/login', { password: 'wrong too' });
    const owner = new Visitor({ app: web.app });
    web.panel.store.sessions.removeAll();
    const { newest } = web.panel.store.events;
    expect(newest(9)).toMatchObject([{ what: 'login', by: 'stranger', result: 'failed', count: 5, name: '' }]);
    expect((await owner.get('/events')).statusCode).toBe(303);
  });

  it('name Cloudy’s user, sanitised and truncated, only where Cloudy vouches for the name', async () => {
    web = await startWeb({ web: { embedded: true, authenticate: cloudyLogin } });
    const name = `<b>anna</b>\t${'x'.repeat(100)}`;
    const cloudy = new Visitor(web, { 'x-cloudy-user': name });
    await cloudy.get('/');
    await cloudy.post('/services/dnsservice/scan');
    const [event] = await readEvents(cloudy);
    expect(event).toMatchObject({ by: 'cloudy', name: expect.stringMatching(/^<b>anna<\/b> x+$/), what: 'scan' });
    expect(String(event?.name).length).toBeLessThanOrEqual(64);
    const { body } = await cloudy.get('/events');
    expect(body).toContain('&lt;b&gt;anna&lt;/b&gt;');
    expect(body).not.toContain('<b>anna');
    await web.app.close();
    web = await startWeb();
    const liar = new Visitor(web, { 'x-cloudy-user': 'anna' });
    await liar.login();
    expect(await readEvents(liar)).toMatchObject([{ by: 'owner', name: '' }]);
  });

  it('record who cancelled a job', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    const { job } = (await owner.postJson('/api/v1/services/dnsservice/scan')).json();
    await owner.post(`/jobs/${job.id}/cancel`);
    expect(await readEvents(owner)).toMatchObject([
      { what: 'cancel', type: 'dnsservice' },
      { what: 'scan', result: 'cancelled', job: job.id },
      { what: 'login' },
    ]);
  });

  it('an action succeeds although it cannot be recorded', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    const { events } = web.panel.store;
    Object.assign(events, {
      add: () => {
        throw new Error('disk full');
      },
    });
    expect((await owner.postJson('/api/v1/services/dnsservice/scan')).statusCode).toBe(202);
  });
});

describe('the log', () => {
  /** The lines as they are written. */
  function heard(): string[] {
    const lines: string[] = [];
    const level = (name: 'info' | 'warning') =>
      vi.spyOn(log, name).mockImplementation((line) => void lines.push(`${name} ${line}`));
    level('info');
    level('warning');
    return lines;
  }

  it('has one line for each action: a job’s once it has ended, and none for a second click', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    const lines = heard();
    const id = web.panel.lists.get('dnsservice')?.[0]?.provider.id as string;
    await owner.post('/services/dnsservice/scan');
    await owner.postJson('/api/v1/services/dnsservice/scan');
    expect(lines).toEqual([]);
    await web.panel.end();
    await owner.post('/services/syncthing/start', { unit: 'syncthing@anna.service\n<3>by=root' });
    await web.panel.end(new PanelError('unit-failed', 'No.', 'Look.'));
    await owner.post(`/services/dnsservice/providers/${id}/opinion`, { note: 'my secret note' });
    await owner.post('/logout');
    expect(lines.map((line) => line.replace(/job=[\w-]+/, 'job=JOB'))).toEqual([
      'info by=owner what=scan type=dnsservice job=JOB result=done',
      String.raw`info by=owner what=start type=syncthing job=JOB unit="syncthing@anna.service\n<3>by=root" result=failed error=unit-failed`,
      `info by=owner what=opinion type=dnsservice provider=${id} result=done`,
      'info by=owner what=logout result=done',
    ]);
  });

  it('quotes Cloudy’s user so that no name can forge a field', async () => {
    web = await startWeb({ web: { embedded: true, authenticate: cloudyLogin } });
    const lines = heard();
    const cloudy = new Visitor(web, { 'x-cloudy-user': 'anna result=done by=owner' });
    await cloudy.get('/');
    await cloudy.post('/background', { turn: 'on' });
    expect(lines).toEqual(['info by=cloudy name="anna result=done by=owner" what=background-on result=done']);
  });

  it('warns of failed logins with address and count, at most once a minute, without what was typed', async () => {
    let now = NOW;
    web = await startWeb({ web: { now: () => now } });
    const lines = heard();
    const stranger = new Visitor(web);
    await stranger.get('/login');
    const tries = async (count: number) => {
      for (let index = 0; index < count; index++) await stranger.post('/login', { password: 'my bank’s password' });
    };
    await tries(3);
    now += 59_999;
    await tries(1);
    now += 1;
    await tries(1);
    now += 3_600_000;
    await tries(1);
    now += 3_600_000;
    await new Visitor(web).login();
    const failed = 'warning by=stranger what=login from=127.0.0.1 result=failed';
    expect(lines).toEqual([failed, `${failed} times=4`, failed, 'info by=owner what=login from=127.0.0.1 result=done']);
  });
});

describe('the page', () => {
  it.each([
    ['en', 'Activity', 'Scan of', 'Running'],
    ['es', 'Actividad', 'Medición de ', 'En curso'],
    ['ca', 'Activitat', 'Mesurament de ', 'En curs'],
  ])(
    'in %s names the deed, links it to its job and is linked from every page',
    async (language, title, deed, state) => {
      web = await startWeb();
      const owner = await new Visitor(web, { 'accept-language': language }).login();
      const { job } = (await owner.postJson('/api/v1/services/dnsservice/scan')).json();
      const { body } = await owner.get('/events');
      expect(body).toContain(`<h1>${title}</h1>`);
      expect(body).toContain(`href="/jobs/${job.id}"`);
      expect(body).toContain(deed);
      expect(body).toContain(state);
      expect((await owner.get('/')).body).toContain('href="/events"');
    },
  );

  it('is neither open to readers nor linked for them', async () => {
    web = await startWeb();
    const reader = new Visitor(web);
    expect((await reader.get('/')).body).not.toContain('/events"');
    expect((await reader.get('/events')).statusCode).toBe(303);
    expect((await reader.get('/api/v1/events')).statusCode).toBe(401);
  });

  it('shows a hundred lines, and all stored ones on request', async () => {
    web = await startWeb();
    const owner = await new Visitor(web).login();
    for (let index = 0; index < 600; index++)
      web.panel.store.events.add({
        ...{ by: 'owner', name: '', what: 'opinion', type: 't', provider: `p${index}`, result: 'done', job: null },
      });
    const lines = (body: string) => body.match(/<time /g)?.length;
    const { body } = await owner.get('/events');
    expect(lines(body)).toBe(100);
    expect(body).toContain('href="/events?limit=500"');
    expect(lines((await owner.get('/events?limit=500')).body)).toBe(500);
    expect(await readEvents(owner)).toHaveLength(100);
    for (const limit of ['0', '-1', 'x', '99999', '1&limit=2'])
      expect((await owner.get(`/api/v1/events?limit=${limit}`)).statusCode).toBe(400);
  });

  it('says that nothing was done yet', async () => {
    web = await startWeb({ web: { authenticate: async () => 'owner' } });
    expect((await new Visitor(web).get('/events')).body).toContain('Nothing has been done here yet.');
  });
});
