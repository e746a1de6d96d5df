/** The pages: complete in every language, safe against strangers' texts, at any base path, whole or in parts. */
import { afterEach, describe, expect, it } from 'vitest';
import { LANGUAGES } from '../../plugin/model/language.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { ASSETS } from '../../plugin/web/reply/assets.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW, NUMBERLESS, ranked, SERF_AWAY } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

async function open(options?: Parameters<typeof startWeb>[0]): Promise<Visitor> {
  web = await startWeb(options);
  return new Visitor(web);
}
const first = () => web.panel.lists.get('dnsservice')?.[0]?.provider.id ?? '';

describe.each(LANGUAGES)('in %s', (language) => {
  it('serves every page with its language and without inline styles or scripts', async () => {
    const visitor = await open();
    await visitor.login();
    const job = web.panel.scan('dnsservice');
    const provider = `/services/dnsservice/providers/${first()}`;
    const pages = ['/', '/services/dnsservice', '/services/tincvpn', provider, `/jobs/${job.id}`, '/login', '/nothing'];
    for (const url of pages) {
      const asking = url === '/login' ? new Visitor(web) : visitor;
      const { body, headers, statusCode } = await asking.get(url, { 'accept-language': language });
      expect(statusCode, url).toBe(url === '/nothing' ? 404 : 200);
      expect(headers['content-type'], url).toBe('text/html; charset=utf-8');
      expect(body, url).toContain(`<html lang="${language}">`);
      expect(body, url).not.toMatch(/undefined|\[object|NaN|\{\w+\}(?!')/);
      expect(body, url).not.toMatch(/ style=|<style| on\w+=|<script>|javascript:/);
      for (const [, address] of body.matchAll(/(?:href|src|action|hx-get|hx-post)="([^"]*)"/g)) {
        expect(address, url).toMatch(/^[/#](?!\/)/);
      }
    }
  });
});

describe('every answer', () => {
  it('carries the security headers, also a file and an error', async () => {
    const visitor = await open();
    for (const url of ['/', '/public/style.css', '/nothing', '/api/v1/services', '/api/v1/nothing', '/healthz']) {
      const { headers } = await visitor.get(url);
      expect(headers['content-security-policy'], url).toBe(
        "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'",
      );
      expect(headers['x-content-type-options'], url).toBe('nosniff');
      // `no-referrer` would make browsers send `Origin: null` with our own forms.
      expect(headers['referrer-policy'], url).toBe('same-origin');
    }
  });

  it('for a page is not cached, and varies by what it depends on', async () => {
    const { headers } = await (await open()).get('/');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers.vary).toBe('Cookie, Accept-Language, Accept-Encoding, HX-Request');
  });

  it('for a file is cached for ever under an address that changes with it', async () => {
    const visitor = await open();
    const { body } = await visitor.get('/');
    const style = /href="(\/public\/style\.css\?v=[0-9a-f]{8})"/.exec(body)?.[1] ?? '';
    const { headers, statusCode } = await visitor.get(style);
    expect(statusCode).toBe(200);
    expect(headers['cache-control']).toMatch(/max-age=31536000.*immutable/);
  });

  it('is compressed only for clients that accept it', async () => {
    const visitor = await open();
    const codingFor = async (accepted: string) =>
      (await visitor.get('/', { 'accept-encoding': accepted })).headers['content-encoding'];
    for (const accepted of ['gzip', 'br, gzip;q=0.5', 'GZIP, *'])
      expect(await codingFor(accepted), accepted).toBe('gzip');
    for (const accepted of ['', 'br', 'gzip;q=0', 'gzip; q=0.0, br'])
      expect(await codingFor(accepted), accepted).toBe(undefined);
  });

  it('for a first view is at most 45 kB compressed: page, style and script together', async () => {
    const { gunzipSync, gzipSync } = await import('node:zlib');
    const visitor = await open();
    const page = await visitor.get('/services/dnsservice', { 'accept-encoding': 'gzip' });
    expect(page.headers['content-encoding']).toBe('gzip');
    const html = gunzipSync(page.rawPayload).toString();
    // The icons for the home screen are fetched when the panel is installed, and those of an alarm when there is one.
    const named = ASSETS.filter((name) => !name.endsWith('.png') && html.includes(`/public/${name}?`));
    expect(named.length).toBeGreaterThan(4);
    const files = await Promise.all(named.map((name) => visitor.get(`/public/${name}`)));
    const bytes = files.reduce((sum, { rawPayload }) => sum + gzipSync(rawPayload).length, page.rawPayload.length);
    expect(bytes).toBeLessThanOrEqual(45_000);
  });
});

describe('what strangers wrote', () => {
  const EVIL = `"'><script>alert(1)</script><img src=x onerror=alert(2)>`;

  it('is escaped in every field on every page', async () => {
    const visitor = await open();
    await visitor.login();
    const evil = ranked(EVIL, 1, {
      detail: EVIL,
      reason: 'broken',
      score: 0,
      ...NUMBERLESS,
      facts: { [EVIL]: EVIL },
      provider: {
        ...{ node: EVIL, host: EVIL, description: EVIL, community: EVIL, address: EVIL },
        txt: new Map([[EVIL, EVIL]]),
      },
    });
    web.panel.lists.set(EVIL, [evil]);
    web.panel.lists.set('dnsservice', [{ ...evil, provider: { ...evil.provider, type: 'dnsservice' } }]);
    web.panel.sourceList = [
      { ...SERF_AWAY, skipped: { [EVIL]: 1 }, error: { code: 'other', message: EVIL, hint: EVIL } },
    ];
    const word = encodeURIComponent(EVIL);
    const { id } = evil.provider;
    const job = web.panel.scan(EVIL);
    for (const url of [
      '/',
      `/services/${word}`,
      `/services/${word}/providers/${id}`,
      '/services/dnsservice',
      `/services/dnsservice/providers/${id}`,
      `/jobs/${job.id}`,
    ]) {
      const { body, statusCode } = await visitor.get(url);
      expect(statusCode, url).toBe(200);
      expect(body, url).toContain('&lt;script&gt;');
      expect(body, url).not.toMatch(/<script>|<img|"'>/);
    }
  });

  it('never becomes a link that is not http', async () => {
    const visitor = await open();
    const { services } = web.panel;
    const label = { ca: 'x', es: 'x', en: 'open it', de: 'open it' };
    const use = () => [
      { kind: 'link' as const, label, url: 'javascript:alert(1)' },
      { kind: 'link' as const, label, url: 'http://10.1.2.3:80/' },
    ];
    web.panel.services.of = (word) =>
      ({ ...services.types[0], ...services.types.find(({ id }) => id === word), use }) as never;
    const provider = await visitor.get(`/services/dnsservice/providers/${first()}`);
    expect(provider.body).toContain('href="http://10.1.2.3:80/"');
    expect(provider.body).not.toContain('javascript:');
  });
});

describe('every page says', () => {
  it('that it is a demo', async () => {
    const visitor = await open({ demo: true });
    for (const url of ['/', '/services/dnsservice', '/login', '/nothing']) {
      expect((await visitor.get(url)).body, url).toContain('Demo: all of it is made up');
    }
  });

  it('how the people of the network that it looks like see their own', async () => {
    const visitor = await open({ demo: true, config: { demo: 'aredn' } });
    const { body } = await visitor.get('/');
    expect(body).toContain('AREDN_NODE=auto');
    expect(body).not.toContain('Serf agent and leave DEMO');
  });

  it('which source is away, since when, and what to do', async () => {
    const visitor = await open();
    web.panel.sourceList = [SERF_AWAY];
    const { body } = await visitor.get('/services/dnsservice', { 'accept-language': 'ca' });
    expect(body).toContain('Serf no respon.');
    expect(body).toContain(loadLocales()('ca').date(NOW - 600_000));
    expect(body).toContain('systemctl start serf');
  });
});

it.each(['/%', '/services/%zz', `/services/${'a'.repeat(500)}`, '/public/', '/public/%E0%A4%A'])(
  'the address %s leads nowhere, as a page in the reader’s language',
  async (url) => {
    const visitor = await open();
    const { statusCode, headers, body } = await visitor.get(url, { 'accept-language': 'ca' });
    expect([statusCode, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(body).toContain('<html lang="ca">');
    expect(body).not.toContain('lang="en"><');
  },
);

describe('under /cloudy/', () => {
  it('every link, form, redirect and cookie stays there', async () => {
    const visitor = await open({ prefix: '/cloudy' });
    await visitor.login('/cloudy/');
    const job = await visitor.post('/cloudy/services/dnsservice/scan');
    expect(job.headers.location).toMatch(/^\/cloudy\/jobs\//);
    for (const url of [
      '/cloudy/',
      '/cloudy/services/dnsservice',
      `/cloudy/services/dnsservice/providers/${first()}`,
      String(job.headers.location),
      '/cloudy/login',
      '/cloudy/nothing',
    ]) {
      const { body } = await (url === '/cloudy/login' ? new Visitor(web) : visitor).get(url);
      const addresses = [...body.matchAll(/(?:href|src|action|hx-get|hx-post)="([^"#][^"]*)"/g)].map(
        (match) => match[1],
      );
      expect(addresses.length, url).toBeGreaterThan(5);
      expect(
        addresses.filter((address) => !address?.startsWith('/cloudy/')),
        url,
      ).toEqual([]);
    }
    const fresh = await new Visitor(web).get('/cloudy/');
    expect(fresh.headers['set-cookie']).toContain('Path=/cloudy/;');
    expect((await visitor.get('/cloudy/public/style.css')).statusCode).toBe(200);
    expect((await visitor.get('/cloudy')).headers.location).toBe('/cloudy/');
    expect((await visitor.get('/cloudy/healthz')).json()).toMatchObject({ ok: true });
  });
});

describe('the appearance', () => {
  it('is switched by a reader’s form, kept in a cookie of the panel’s path, and leads back to the page', async () => {
    const visitor = await open({ prefix: '/cloudy' });
    const page = await visitor.get('/cloudy/services/dnsservice');
    expect(page.body).toContain('media="screen and (prefers-color-scheme: dark)"');
    const form = /<form[^>]*action="\/cloudy\/appearance"[\s\S]*?<\/form>/.exec(page.body)?.[0] ?? '';
    expect(form.match(/name="appearance" value="\w+"/g)).toHaveLength(3);
    expect(form).toMatch(/value="system" aria-current="true"/);
    const back = /name="back" value="([^"]*)"/.exec(form)?.[1] ?? '';
    const chosen = await visitor.post('/cloudy/appearance', { appearance: 'dark', back });
    expect([chosen.statusCode, chosen.headers.location]).toEqual([303, '/cloudy/services/dnsservice']);
    expect(chosen.headers['set-cookie']).toMatch(/^cloudy_services_look=dark; Path=\/cloudy\/; .*HttpOnly/);
    const dark = await visitor.get('/cloudy/');
    expect(dark.body).toContain('<meta name="color-scheme" content="dark">');
    expect(dark.body).toMatch(/dark\.css\?v=\w+" media="screen">/);
    await visitor.post('/cloudy/appearance', { appearance: 'light' });
    expect((await visitor.get('/cloudy/')).body).not.toContain('dark.css');
  });

  it('is refused where it does not exist, in a form or a cookie', async () => {
    const visitor = await open();
    await visitor.get('/');
    expect((await visitor.post('/appearance', { appearance: '"><b>' })).statusCode).toBe(400);
    const { body } = await new Visitor(web, { cookie: 'cloudy_services_look=pink' }).get('/');
    expect(body).toMatch(/value="system" aria-current="true"/);
  });

  it('is Cloudy’s inside Cloudy: without a switch, and never dark', async () => {
    web = await startWeb({ web: { embedded: true, authenticate: async () => 'owner' } });
    const { body } = await new Visitor(web, { cookie: 'cloudy_services_look=dark' }).get('/');
    expect(body).not.toMatch(/appearance|dark\.css/);
  });
});

describe('the language', () => {
  it('is switched by a form, kept in a cookie, and leads back to the page', async () => {
    const visitor = await open();
    const page = await visitor.get('/services/dnsservice');
    expect(page.body).toContain('name="back" value="/services/dnsservice"');
    const { headers, statusCode } = await visitor.post('/language', { language: 'es', back: '/services/dnsservice' });
    expect([statusCode, headers.location]).toEqual([303, '/services/dnsservice']);
    expect((await visitor.get('/')).body).toContain('<html lang="es">');
  });

  it.each(['//evil.example/', '/\\evil.example', 'https://evil.example', '/\t/evil.example', ''])(
    'does not lead to %j',
    async (back) => {
      const visitor = await open();
      await visitor.get('/');
      expect((await visitor.post('/language', { language: 'es', back })).headers.location).toBe('/');
    },
  );

  it('is refused where it does not exist', async () => {
    const visitor = await open();
    await visitor.get('/');
    expect((await visitor.post('/language', { language: 'xx' })).statusCode).toBe(400);
  });
});
