/**
 * What strangers put into addresses, queries and forms: ways out of a folder, halves of characters, markup, other sites. No
 * route breaks, shows a file that is not its own, leads to another site or says it again unescaped.
 */
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../plugin/web/routes.js';
import { PASSWORD, Visitor } from '../web/app.js';
import { type Route, startWhole, UNIT, type Whole } from '../web/whole.js';

let whole: Whole;
let owner: Visitor;
let stranger: Visitor;
beforeAll(async () => {
  whole = await startWhole();
  owner = await new Visitor(whole).login();
  stranger = new Visitor(whole);
  await stranger.get('/');
});
afterAll(() => whole.close());

const MARKUP = `cs"'><svg/onload=alert(1)>`;
const LONG = 'a'.repeat(100_000);

/** As they are meant; sent encoded. */
const WORDS = [
  ...['../', '../../../../etc/passwd', '..\\..\\package.json', '/etc/passwd', 'file:///etc/passwd', '.', '..', '~', ''],
  ...['\0', 'style.css\0.html', '..\0/', '．．／package.json', '..／..／package.json', '\u2025/package.json', '\ufeff'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'undefined', 'null', 'NaN', '-1', '1e99'],
  ...['{{7*7}}', '<%= 1 %>', '@layout', '#{7*7}', `'; DROP TABLE jobs; --`, '%', '%2e%2e%2f', '%252e%252e%252f'],
  ...['//evil.example', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)', '\r\nX-Injected: 1', MARKUP],
  ...['\ud800', '\u202e', '💥', 'a'.repeat(99), 'a'.repeat(1_000), LONG],
];

/** Halves of characters have no encoding. */
const encoded = (word: string) => encodeURIComponent(word.replace(/\p{Cs}/gu, '\ufffd'));

/** Segments of a path as they are sent, encoded well, badly or not at all. */
const SEGMENTS = [
  ...WORDS.map(encoded),
  ...['..%2f..%2fpackage.json', '%2e%2e/%2e%2e/package.json', '..%5c..%5cpackage.json', '%252e%252e%252fpackage.json'],
  ...['%00', '%', '%zz', '%c0%ae%c0%ae%2f', '%ff', '..;/', '....//', ';', '*', '%0d%0aX-Injected:%201', '?', '//'],
];

/** Every parameter that a page or a form knows, and some that none does. */
const NAMES = [
  ...[
    'node',
    'type',
    'q',
    'sort',
    'page',
    'rows',
    'since',
    'next',
    'back',
    'language',
    'community',
    'source',
    'reason',
  ],
  ...['reachable', 'measured', 'pinned', 'hidden', 'job', 'saved', 'limit', 'unit', 'turn', 'stars', 'note', 'runBy'],
  ...['description', 'port', 'attributes', 'user', 'password', 'code', 'token', '__proto__', 'constructor'],
  ...['reserve', 'x[y][z]'],
];

/** Of files that no route may show: the system's, the program's, the panel's own database. */
const FORBIDDEN = /root:[x*]:0:0|"allowScripts"|SQLite format 3|owner-password|form-secret/;

/** What is wrong with the answer; null where nothing is. */
function findProblem({ statusCode, headers, body }: LightMyRequestResponse): string | null {
  const location = String(headers.location ?? '/');
  const isHtml = /text\/html/.test(String(headers['content-type']));
  const wrong = [
    // That no Serf agent answers is no fault of the word.
    statusCode >= 500 && !body.includes('"serf-away"') && `answered ${statusCode}`,
    FORBIDDEN.test(body) && 'showed a file',
    !/^\/(?![/\\])/.test(location) && `led to ${location.slice(0, 80)}`,
    'x-injected' in headers && 'let a header in',
    isHtml && /<svg\/onload|cs"'|href="(?:javascript|https?:\/\/evil|\/\/evil)/i.test(body) && 'said it unescaped',
  ].filter(Boolean);
  return wrong.length === 0 ? null : wrong.join(', ');
}

/** The same address without doubled slashes and without one at the end: all that a stranger may be redirected to. */
function withTidySlashes(url: string): string {
  const [path = '', ...query] = url.split('?');
  return [`/${path.split('/').filter(Boolean).join('/')}`, ...query].join('?');
}

/** The answer; of an address in which only slashes are wrong, the one to where it leads. */
async function answerTo(visitor: Visitor, url: string): Promise<LightMyRequestResponse> {
  const answer = await visitor.get(url);
  if (answer.statusCode !== 308) return answer;
  const { location } = answer.headers;
  expect([location, answer.body], url.slice(0, 120)).toEqual([withTidySlashes(answer.raw.req.url ?? ''), '']);
  return visitor.get(String(location));
}

/** Asks for each address, and lists what is wrong. */
async function problems(visitor: Visitor, urls: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const url of urls) {
    const problem = findProblem(await visitor.get(url, { accept: 'text/html' }));
    if (problem !== null) found.push(`${url.slice(0, 120)} ${problem}`);
  }
  return found;
}

const gets = ROUTES.filter(({ method }) => method === 'GET');
/** Takes a moment, and no parameter. */
const plain = gets.filter(({ path }) => !/\/node$|openapi/.test(path));
const pathParams = ({ path }: Route) => path.match(/:\w+/g) ?? [];

/** The route's addresses with each word in the place of each parameter, the others being real. */
function addresses(route: Route, words: readonly string[]): string[] {
  const real = whole.addressOf(route).split('/');
  return route.path
    .split('/')
    .flatMap((part, at) => (part.startsWith(':') ? words.map((word) => real.with(at, word).join('/')) : []));
}

describe('as a parameter of a path', () => {
  it.each(ROUTES.filter((route) => pathParams(route).length > 0))(
    '$method $path withstands every word',
    async (route) => {
      const urls = addresses(route, SEGMENTS);
      if (route.method === 'GET') return expect(await problems(owner, urls)).toEqual([]);
      const found: string[] = [];
      for (const url of urls) {
        const problem = findProblem(await owner.post(url, { unit: UNIT }));
        if (problem !== null) found.push(`${url.slice(0, 120)} ${problem}`);
      }
      expect(found).toEqual([]);
    },
  );

  it('nothing else is found below the folder of the public files', async () => {
    const urls = SEGMENTS.flatMap((word) => [
      `/public/${word}`,
      `/public/${word}/package.json`,
      `/public/style.css/${word}`,
    ]);
    expect(await problems(stranger, urls)).toEqual([]);
    for (const url of urls) {
      const { statusCode, headers, raw } = await answerTo(stranger, url);
      const isFile = raw.req.url === '/public/style.css';
      // Where dots lead up to a page, it is that page.
      const page = statusCode === 200 ? /^text\/html/ : /^(?:text\/html|application\/json)/;
      const expected = isFile ? /^text\/css/ : page;
      expect(headers['content-type'], url.slice(0, 120)).toMatch(expected);
    }
  });
});

describe('in queries', () => {
  const shapes = (name: string, word: string) => {
    const [key, value] = [encoded(name), encoded(word)];
    return [`${key}=${value}`, `${key}=${value}&${key}=${value}`, `${key}[]=${value}`, `${key}[x]=${value}`, `${key}`];
  };

  it.each(plain)('$path withstands every word in all parameters at once', async (route) => {
    const queries = WORDS.map((word) => NAMES.map((name) => shapes(name, word)[0]).join('&'));
    expect(
      await problems(
        owner,
        queries.map((query) => `${whole.addressOf(route)}?${query.slice(0, 200_000)}`),
      ),
    ).toEqual([]);
  });

  const asking = ['/', '/services/:type', '/services/:type/providers/:id', '/help/not-listed', '/login', '/events'];
  it.each([...asking, '/services/:type/log', '/services/:type/confirm/stop', '/api/v1/services/:type/preview'])(
    '%s holds against each parameter in every shape',
    async (path) => {
      const words = [MARKUP, '../../etc/passwd', '//evil.example', '__proto__', 'a'.repeat(101), '1'];
      const queries = NAMES.flatMap((name) => words.flatMap((word, nth) => shapes(name, word)[nth % 5] ?? []));
      expect(
        await problems(
          owner,
          queries.map((query) => `${whole.addressOf({ path })}?${query}`),
        ),
      ).toEqual([]);
    },
  );
});

describe('in forms', () => {
  const posts = ROUTES.filter(({ method, path }) => method === 'POST' && path !== '/logout');

  it.each(posts)('$path withstands every word in every field, by form and as JSON', async (route) => {
    const visitor = route.need === 'owner' ? owner : stranger;
    const found: string[] = [];
    for (const word of WORDS) {
      const text = word.slice(0, 1_500);
      const fields = Object.fromEntries(NAMES.map((name) => [name, text]));
      const { token: _, ...rest } = fields;
      const odd = {
        account: { user: text, password: [text] },
        unit: { toString: text },
        next: [text],
        __proto__: text,
      };
      for (const answer of [
        await visitor.post(whole.addressOf(route), rest),
        await visitor.postJson(whole.addressOf(route), { ...rest, ...odd }),
      ]) {
        const problem = findProblem(answer);
        if (problem !== null) found.push(`${JSON.stringify(text.slice(0, 60))} ${problem}`);
      }
    }
    expect(found).toEqual([]);
  });

  it('the redirect after a login or a choice of language stays on this site', async () => {
    for (const word of WORDS) {
      const next = word.slice(0, 20_000);
      const visitor = new Visitor(whole);
      const form = await visitor.get(`/login?next=${encoded(next)}`);
      expect(form.body).toMatch(/name="next" value="\/(?![/\\])/);
      const chosen = await visitor.post('/language', { language: 'es', back: next });
      expect([chosen.statusCode, findProblem(chosen)], next).toEqual([303, null]);
    }
    // The wrong passwords of before have been waited for.
    whole.now += 3_600_000;
    for (const next of WORDS.filter((word) => /evil|javascript|X-Injected/.test(word))) {
      const visitor = new Visitor(whole);
      await visitor.get('/login');
      const { headers } = await visitor.post('/login', { password: PASSWORD, next });
      expect(headers.location, next).toBe('/');
    }
  });
});

describe('where reading needs a login', () => {
  let closed: Whole;
  beforeAll(async () => {
    closed = await startWhole({ config: { publicRead: false } });
  });
  afterAll(() => closed.close());

  it('no word opens anything for a stranger', async () => {
    const visitor = new Visitor(closed);
    for (const route of gets.filter(({ need }) => need !== 'anyone')) {
      const query = `?q=${encodeURIComponent(MARKUP)}&next=//evil.example&job=../../x`;
      const real = closed.addressOf(route);
      for (const url of [real, real + query, ...addresses(route, SEGMENTS)]) {
        const answer = await answerTo(visitor, url);
        expect([303, 401, 404, 414], `${url.slice(0, 120)} ${answer.body.slice(0, 200)}`).toContain(answer.statusCode);
        expect(findProblem(answer), url.slice(0, 120)).toBeNull();
      }
    }
  });
});
