/** One type's page: what its rows and buttons say, and how it follows a running job with and without scripts. */
import { afterEach, describe, expect, it } from 'vitest';
import { PanelError } from '../../plugin/model/errors.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { localOf, NOW, NUMBERLESS, ranked } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

async function open(): Promise<Visitor> {
  web = await startWeb();
  return new Visitor(web);
}

describe('a type', () => {
  it('shows an unchecked port as neutral, never as good', async () => {
    const visitor = await open();
    web.panel.lists.set('tincvpn', [
      ranked('tincvpn', 1, { ...NUMBERLESS, level: 2, score: null, reason: 'not-checked' }),
    ]);
    const { body } = await visitor.get('/services/tincvpn');
    expect(body).toContain('cs-is-unchecked');
    expect(body).toContain('port open, service not checked');
    expect(body).not.toContain('cs-is-good');
  });

  it('never shows an open port as good, whatever its score', async () => {
    const visitor = await open();
    web.panel.lists.set('tincvpn', [ranked('tincvpn', 1, { level: 2, score: 90 })]);
    expect((await visitor.get('/services/tincvpn')).body).not.toContain('cs-is-good');
  });

  it('does not say that the port is open where only the machine answered', async () => {
    const visitor = await open();
    web.panel.lists.set('tincvpn', [
      ranked('tincvpn', 1, { ...NUMBERLESS, level: 1, score: null, reason: 'not-checked' }),
    ]);
    const { body } = await visitor.get('/services/tincvpn');
    expect(body).toContain('the machine answers, service not checked');
    expect(body).not.toContain('port open');
  });

  it('shows a failure with its reason and without any measured value', async () => {
    const visitor = await open();
    web.panel.lists.set('dnsservice', [
      ranked('dnsservice', 1, { ...NUMBERLESS, score: 0, reason: 'timeout', samples: 0 }),
    ]);
    const { body } = await visitor.get('/services/dnsservice');
    expect(body).toContain('does not answer in time');
    expect(body).not.toMatch(/\d ms|cs-range/);
  });

  it('offers its measurements as files once there are any', async () => {
    const visitor = await open();
    const exported = async () => {
      const { body } = await visitor.get('/services/dnsservice');
      const [exports = ''] = /<p class="cs-exports">.*?<\/p>/s.exec(body) ?? [];
      return [...exports.matchAll(/<a href="([^"]+)" download>(\w+)</g)].map(([, href = '', name]) => [href, name]);
    };
    const links = await exported();
    expect(links).toEqual(
      ['csv', 'json'].map((kind) => [`/services/dnsservice/measurements.${kind}`, kind.toUpperCase()]),
    );
    for (const [href = ''] of links)
      expect((await visitor.get(href)).headers['content-disposition']).toMatch(/^attachment/);
    web.panel.lists.set('dnsservice', [
      ranked('dnsservice', 1, { ...NUMBERLESS, score: null, attempts: 0, measuredAt: null }),
    ]);
    expect(await exported()).toEqual([]);
  });

  it('shows the cost of a scan before it runs, and offers it only to the owner', async () => {
    const visitor = await open();
    const asReader = await visitor.get('/services/dnsservice');
    expect(asReader.body).not.toContain('hx-post');
    await visitor.login();
    const asOwner = await visitor.get('/services/dnsservice');
    expect(asOwner.body).toMatch(/28 providers<\/a>, up to [\d.]+\skB/);
  });

  it('says why the first row is not the recommended one while another provider leads', async () => {
    const visitor = await open();
    const headline = async (...scores: readonly number[]) => {
      const recommended = scores.length - 1;
      web.panel.lists.set(
        'dnsservice',
        scores.map((score, at) => ranked('dnsservice', at, { score, high: 99, recommended: at === recommended })),
      );
      const { body } = await visitor.get('/services/dnsservice');
      return /<p class="cs-headline">(.*?)<\/p>/s.exec(body)?.[1]?.replaceAll(/<[^>]+>/g, '') ?? '';
    };
    expect(await headline(92, 73)).toContain('node0 now leads with 92; if it stays ahead, the recommendation changes.');
    for (const scores of [[74, 73], [73]]) expect(await headline(...scores)).not.toContain('leads');
  });

  it('leads from the best provider to its steps, and to the comparison with the runner-up', async () => {
    const visitor = await open();
    const [best, next] = web.panel.lists.get('dnsservice') ?? [];
    const { body } = await visitor.get('/services/dnsservice');
    const href = (id: string) =>
      new RegExp(`<a id="${id}"[^>]* href="([^"]+)"`).exec(body)?.[1]?.replaceAll('&amp;', '&');
    expect(href('cs-use')).toBe(`/services/dnsservice/providers/${best?.provider.id}#use`);
    expect(href('cs-versus')).toBe(`/services/dnsservice/compare?p=${best?.provider.id}&p=${next?.provider.id}`);
    expect(body).toMatch(/next best 12\.4.ms; both answered every time/);
  });

  it('says what to do where no node announces it', async () => {
    const { body } = await (await open()).get('/services/syncthing');
    expect(body).toContain('Nobody is announcing this service right now.');
  });

  it('offers to start a stopped unit and to stop a running one, and names the package of an absent one', async () => {
    const visitor = await open();
    await visitor.login();
    web.panel.states.set('dnsservice', localOf({ unit: 'unbound.service', state: 'stopped', enabled: false }));
    expect((await visitor.get('/services/dnsservice')).body).toContain('action="/services/dnsservice/start"');
    web.panel.states.set('dnsservice', localOf({ unit: 'unbound.service', state: 'running', enabled: true }));
    expect((await visitor.get('/services/dnsservice')).body).toContain('action="/services/dnsservice/stop"');
    web.panel.states.delete('dnsservice');
    expect((await visitor.get('/services/dnsservice')).body).toContain('apt install unbound');
    web.panel.problem = new PanelError('no-systemd', 'x', 'x');
    const unknown = await visitor.get('/services/dnsservice');
    expect(unknown.body).toContain('This machine does not run systemd.');
    expect(unknown.body).not.toContain('not installed');
    expect((await visitor.get('/')).body).not.toContain('not installed');
  });
});

describe('while a scan runs', () => {
  const HTMX = { 'hx-request': 'true' };

  it('the changing part polls itself, shows the progress, and stops at the end', async () => {
    const visitor = await open();
    await visitor.login();
    const started = await visitor.post('/services/dnsservice/scan', {}, HTMX);
    expect(started.statusCode).toBe(200);
    expect(started.body).toMatch(
      /^<section id="type"[^>]* hx-get="\/services\/dnsservice\?job=[\w-]+" hx-trigger="every 1s"/,
    );
    const poll = /hx-get="([^"]+)"/.exec(started.body)?.[1] ?? '';
    web.panel.handle?.progress(12);
    const during = await visitor.get(poll, HTMX);
    expect(during.body).toContain('Scan of DNS server…</strong>');
    expect(during.body).toContain('12 of 30 tries');
    expect(during.body).toContain('value="12"');
    await web.panel.end();
    const after = await visitor.get(poll, HTMX);
    expect(after.body).toContain('Done');
    expect(after.body).not.toContain('every 1s');
  });

  it('its end says how many providers it has left for later', async () => {
    const visitor = await open();
    await visitor.login();
    const started = await visitor.post('/services/dnsservice/scan', {}, HTMX);
    const poll = /hx-get="([^"]+)"/.exec(started.body)?.[1] ?? '';
    web.panel.handle?.progress(12, 1_300);
    expect((await visitor.get(poll, HTMX)).body).not.toContain('left for later');
    await web.panel.end();
    expect((await visitor.get(poll, HTMX)).body).toContain('1,288 providers are left for later scans');
  });

  it('the fragment is drawn by the same templates as the page', async () => {
    const visitor = await open();
    const page = await visitor.get('/services/dnsservice');
    const part = await visitor.get('/services/dnsservice', HTMX);
    expect(part.body).not.toContain('<html');
    expect(page.body.replaceAll(/\s+/g, ' ')).toContain(part.body.trim().replaceAll(/\s+/g, ' '));
  });

  it('without scripts the scan leads to the page of its job, which reloads until it ends', async () => {
    const visitor = await open();
    await visitor.login();
    const { statusCode, headers } = await visitor.post('/services/dnsservice/scan');
    expect(statusCode).toBe(303);
    expect(headers.location).toMatch(/^\/jobs\/[\w-]+$/);
    const running = await visitor.get(String(headers.location));
    const [job] = web.panel.jobs.running();
    expect(running.body).toContain(`Started</dt><dd><time datetime="${job?.startedAt}">Nov 20, 2026, `);
    expect(running.body).toContain('<noscript><meta http-equiv="refresh"');
    await web.panel.end();
    const ended = await visitor.get(String(headers.location));
    expect(ended.body).not.toContain('http-equiv="refresh"');
    expect(ended.body).toContain('href="/services/dnsservice"');
  });

  it('starting or stopping an own service shows its progress and how it ended', async () => {
    const visitor = await open();
    await visitor.login();
    const { body } = await visitor.post('/services/dnsservice/stop', {}, HTMX);
    expect(body).toContain('<strong role="status">Stopping DNS server…</strong>');
    await web.panel.end();
    const poll = /hx-get="([^"]+)"/.exec(body)?.[1] ?? '';
    expect((await visitor.get(poll, HTMX)).body).toContain('<strong role="status">Stopping DNS server: Done</strong>');
  });

  it('the page of its job lists the tried providers and their results, the last one first', async () => {
    const visitor = await open();
    await visitor.login();
    const { headers } = await visitor.post('/services/dnsservice/scan');
    const tried = async () => {
      const { body } = await visitor.get(String(headers.location));
      return [...body.matchAll(/providers\/[^"]+">([^<]+)<\/a>: ([^<]+)</g)].map(([, ...of]) => of.join(': '));
    };
    expect(await tried()).toEqual([]);
    const failed = { ...NUMBERLESS, level: 0 as const, score: 0, reason: 'timeout' as const };
    web.panel.lists.set('dnsservice', [
      ranked('dnsservice', 1, { measuredAt: NOW }),
      ranked('dnsservice', 2, { measuredAt: NOW + 1, ...failed }),
      ranked('dnsservice', 3),
    ]);
    expect(await tried()).toEqual(['node2: does not answer in time', 'node1: works']);
    await web.panel.end();
    expect(await tried()).toEqual(['node1: works']);
    web.panel.lists.clear();
    expect(await tried()).toEqual([]);
  });

  it('a job that failed says why and what to do', async () => {
    const visitor = await open();
    await visitor.login();
    const { headers } = await visitor.post('/services/dnsservice/start');
    await web.panel.end(new PanelError('unit-not-permitted', 'polkit said no to <unbound>', 'Ask root.'));
    const { body } = await visitor.get(String(headers.location));
    expect(body).toContain('The panel is not permitted to do that.');
    expect(body).toContain('polkit said no to &lt;unbound&gt;');
  });

  it('an interrupted scan is shown on its type’s page until the next scan of the type', async () => {
    const visitor = await open();
    await visitor.login();
    const { headers } = await visitor.post('/services/dnsservice/scan');
    await web.panel.end();
    const job = web.panel.jobs.get(String(headers.location).replace('/jobs/', ''));
    const isSaid = async () =>
      (await visitor.get('/services/dnsservice')).body.includes('The panel stopped before this ended.');
    web.panel.store.jobs.put({ ...job, state: 'running', finishedAt: null, error: null });
    web.panel.store.jobs.closeOrphans();
    expect(await isSaid()).toBe(true);
    web.panel.store.jobs.put({
      ...job,
      id: 'next',
      startedAt: new Date(Date.parse(job.startedAt) + 1).toISOString(),
      state: 'done',
    });
    expect(await isSaid()).toBe(false);
  });

  it('the scan can be cancelled', async () => {
    const visitor = await open();
    await visitor.login();
    const { headers } = await visitor.post('/services/dnsservice/scan');
    const cancelled = await visitor.post(`${headers.location}/cancel`, {}, HTMX);
    expect(cancelled.body).toMatch(/^<section id="job"/);
    expect(cancelled.body).toContain('Cancelled');
  });

  it('an error for htmx is an HTML message that leaves the page as it is', async () => {
    const visitor = await open();
    await visitor.login();
    const { body, headers, statusCode } = await visitor.post('/services/nothing/start', {}, HTMX);
    expect(statusCode).toBe(404);
    expect(headers['hx-retarget']).toBe('#cs-message');
    expect(body).toMatch(/^<div class="cs-alert">/);
  });
});
