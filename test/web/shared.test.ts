/** Readers of one page share it for a second; nobody can tell from what is answered. */
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { LANGUAGES } from '../../plugin/model/language.js';
import { OWN_APP, registerWeb } from '../../plugin/web/index.js';
import { BLANK, SharedPage, SharedPages } from '../../plugin/web/reply/shared.js';
import { ROUTES } from '../../plugin/web/routes.js';
import { APPEARANCES } from '../../plugin/web/visit.js';
import { sharedTexts, Visitor } from './app.js';
import { startWhole, type Whole } from './whole.js';

const rendered = vi.fn();

const texts = sharedTexts();

let whole: Whole;
/** The same panel, where each visitor gets a page of its own. */
let unshared: FastifyInstance;
/** Cookies of readers, and of the owner. */
let cookies: readonly string[];
let tokens: readonly string[];
beforeAll(async () => {
  const render = (name: string, data: object) => {
    rendered(name);
    return texts.views.render(name, data);
  };
  whole = await startWhole({ web: { texts: { ...texts, views: { render } } } });
  whole.now = Date.now();
  // While systemctl is slow, what was read last is told: nothing of it changes in the middle of a comparison.
  const { local } = whole.panel;
  vi.spyOn(local, 'states').mockResolvedValue(await local.states());
  vi.spyOn(local, 'problem').mockResolvedValue(await local.problem());
  unshared = Fastify(OWN_APP);
  await unshared.register((scope) => registerWeb(scope, whole.panel, { now: () => whole.now, texts, shares: false }));
  const owner = await new Visitor(whole).login();
  const readers = [new Visitor(whole), new Visitor(whole)];
  for (const reader of readers) await reader.get('/help');
  const visitors = [...readers, owner];
  cookies = visitors.map((visitor) => [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; '));
  tokens = visitors.map(({ token }) => token);
});
afterAll(async () => {
  await unshared?.close();
  await whole?.close();
});
// A new second: nothing made before is good.
beforeEach(() => {
  whole.now += 5_000;
  rendered.mockClear();
});

const pages = ROUTES.filter(({ method, operation }) => method === 'GET' && operation === undefined);

interface Request {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is answered, uncompressed; what is new at random for each visitor is left out. */
async function answer(app: FastifyInstance, request: Request) {
  const { statusCode, headers, rawPayload } = await app.inject(request);
  const { date, 'content-length': length, 'set-cookie': cookie, ...others } = headers;
  const isNew = cookie !== undefined;
  const isGzip = headers['content-encoding'] === 'gzip' && rawPayload.length > 0;
  const body = (isGzip ? gunzipSync(rawPayload) : rawPayload).toString();
  return {
    ...{ statusCode, others, isNew },
    length: headers['content-encoding'] === 'gzip' ? null : length,
    body: isNew ? body.replaceAll(/name="token" value="[^"]+"/g, '') : body,
  };
}

/** What a request may differ in. */
const parts = () => ({
  method: fc.constantFrom('GET' as const, 'HEAD' as const),
  page: fc.constantFrom(...pages.map((route) => whole.addressOf(route)), '/services/Docker', '/services/nothing'),
  query: fc.constantFrom(
    ...['', '?saved=yes', '?q=a', '?sort=name', '?page=2', '?next=/help', '?since=x', `?job=${whole.job}`],
    ...[`?q=${tokens[0]}`, '?sort=nonsense', '?source=demo', '?node=a&since=b'],
  ),
  cookie: fc.constantFrom(...cookies, ''),
  appearance: fc.constantFrom(...APPEARANCES),
  'accept-language': fc.constantFrom(...LANGUAGES),
  'hx-request': fc.constantFrom('true', 'false'),
  'accept-encoding': fc.constantFrom('gzip', 'gzip;q=0'),
  host: fc.constantFrom('node.example', 'stranger.example:80', '10.1.2.3'),
  range: fc.constantFrom('bytes=0-9', 'bytes=5-'),
  'if-none-match': fc.constantFrom('*', '"x"'),
});
type Parts = { [Name in keyof ReturnType<typeof parts>]: string };

function toRequest({ method, page, query, cookie, appearance, ...headers }: Parts): Request {
  const jar = [cookie, `cloudy_services_look=${appearance}`].filter(Boolean).join('; ');
  return { method: method as Request['method'], url: page + query, headers: { ...headers, cookie: jar } };
}

/** One request, and for each part of it another one that differs in nothing else. */
const alike = () =>
  fc.tuple(fc.record(parts()), fc.record(parts())).map(([request, other]) => {
    const names = Object.keys(request) as (keyof Parts)[];
    return [request, ...names.map((name) => ({ ...request, [name]: other[name] }))].map(toRequest);
  });

describe('whoever asks for what', () => {
  it('is answered as if nothing were shared, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(alike(), async (asked) => {
        // All at once, and then again: some make a page, some wait for it, some get it ready.
        const shared = await Promise.all([...asked, ...asked].map((request) => answer(whole.app, request)));
        for (const [at, request] of asked.entries()) {
          const alone = await answer(unshared, request);
          expect(shared[at], request.url).toEqual(alone);
          expect(shared[at + asked.length], request.url).toEqual(alone);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is answered so on every page, for two readers after each other', async () => {
    for (const route of pages) {
      for (const language of LANGUAGES) {
        for (const [cookie, encoding] of [
          [cookies[0], 'gzip'],
          [cookies[1], 'gzip'],
          [cookies[1], 'identity'],
        ] as const) {
          const headers = {
            host: 'node.example',
            cookie: `${cookie}`,
            'accept-language': language,
            'accept-encoding': encoding,
          };
          const request = { method: 'GET', url: whole.addressOf(route), headers } as const;
          expect(await answer(whole.app, request), request.url).toEqual(await answer(unshared, request));
        }
      }
    }
  });
});

describe('a page that many ask for', () => {
  const get = (url: string, cookie: string | undefined, more = {}) =>
    whole.app.inject({ url, headers: { host: 'node.example', ...(cookie && { cookie }), ...more } });
  const layouts = () => rendered.mock.calls.filter(([name]) => name === 'layout').length;

  it('is made once in a second, with the token of each', async () => {
    const askTogether = () =>
      Promise.all(Array.from({ length: 50 }, (_, at) => get('/services/dnsservice', cookies[at % 2])));
    const told = () => {
      const { panel } = whole;
      const sources = panel.discovery.sources().map(({ lastUp, ...source }) => source);
      return JSON.stringify([panel.version('dnsservice'), sources]);
    };
    let [before, answers] = [told(), await askTogether()];
    // The community may have told something in the middle, and the page be another one.
    while (told() !== before) {
      whole.now += 5_000;
      rendered.mockClear();
      [before, answers] = [told(), await askTogether()];
    }
    const bodies = answers.map(({ body }) => body);
    expect(layouts()).toBe(1);
    for (const [at, body] of bodies.entries()) {
      expect(body).toContain(`name="token" value="${tokens[at % 2]}"`);
      expect(body).not.toContain(BLANK);
    }
    whole.now += 999;
    await get('/services/dnsservice', cookies[0]);
    expect(layouts()).toBe(1);
    whole.now += 1;
    await get('/services/dnsservice', cookies[0]);
    expect(layouts()).toBe(2);
  });

  it('is made anew for the owner each time, and of the owner’s nobody gets anything', async () => {
    for (let time = 0; time < 3; time++) await get('/services/dnsservice', cookies[2]);
    expect(layouts()).toBe(3);
    expect((await get('/services/dnsservice', cookies[0])).body).not.toContain('logout');
  });

  it('is made anew at once when something has happened', async () => {
    await get('/services/dnsservice', cookies[0]);
    const attempt = { type: 'dnsservice', provider: whole.provider, at: whole.now, bytes: 1, level: 0 } as const;
    whole.panel.store.attempts.add({ ...attempt, reason: 'timeout', detail: null });
    await get('/services/dnsservice', cookies[1]);
    expect(layouts()).toBe(2);
  });

  it('is no other’s page, though the addresses are alike without the stamp', async () => {
    const part = { 'hx-request': 'true' };
    const one = await get('/services/dnsservice?since=a&sort=name', cookies[0], part);
    const other = await get('/services/dnsservice&sort=name', cookies[0], part);
    expect([one.statusCode, other.statusCode]).toEqual([200, 404]);
  });
});

describe('the shared pages', () => {
  const make = vi.fn((text: string) => (share: (page: SharedPage) => void) => {
    share(new SharedPage(text));
    return text;
  });
  const send = (page: SharedPage) => `again ${page.plain('')}`;
  let shared: SharedPages;
  beforeEach(() => {
    shared = new SharedPages();
  });

  it('are few, and the oldest makes room', async () => {
    for (let page = 0; page < 33; page++) await shared.answer(`${page}`, 0, send, make(`${page}`));
    expect(await shared.answer('0', 0, send, make('new'))).toBe('new');
    expect(await shared.answer('32', 0, send, make('new'))).toBe('again 32');
  });

  it('are of so many bytes together', async () => {
    const big = 'a'.repeat(1_600_000);
    await shared.answer('a', 0, send, make(big));
    await shared.answer('b', 0, send, make(big));
    expect(await shared.answer('a', 0, send, make('new'))).toBe('new');
    expect(await shared.answer('b', 0, send, make('new'))).toContain('again');
  });

  it('leave those who wait to themselves where a page fails or is nobody else’s', async () => {
    const failing = shared.answer('a', 0, send, async () => Promise.reject(new Error('broken')));
    const waiting = shared.answer('a', 0, send, make('made'));
    await expect(failing).rejects.toThrow('broken');
    expect(await waiting).toBe('made');
    expect(await shared.answer('b', 0, send, () => 'a redirect')).toBe('a redirect');
    expect(await shared.answer('b', 0, send, make('made'))).toBe('made');
  });

  it('are not good once the clock was set, back or ahead', async () => {
    await shared.answer('a', 10_000, send, make('old'));
    expect(await shared.answer('a', 5_000, send, make('new'))).toBe('new');
  });

  it('are forgotten soon after the last reader', async () => {
    vi.useFakeTimers();
    try {
      const later = new SharedPages();
      await later.answer('a', 0, send, make('old'));
      for (let reader = 0; reader < 3; reader++) {
        vi.advanceTimersByTime(1_500);
        expect(await later.answer('a', 0, send, make('new'))).toMatch(/old$/);
      }
      vi.advanceTimersByTime(2_000);
      expect(await later.answer('a', 0, send, make('new'))).toBe('new');
    } finally {
      vi.useRealTimers();
    }
  });

  it('are whole gzip files, wherever the tokens stand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.string({ maxLength: 99 }),
        async (parts, token) => {
          const page = new SharedPage(parts.join(BLANK));
          expect(page.plain(token).toString()).toBe(Buffer.from(parts.join(token)).toString());
          expect(gunzipSync(await page.gzip(token)).toString()).toBe(page.plain(token).toString());
        },
      ),
    );
  });
});
