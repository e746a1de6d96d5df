/**
 * Unauthorised attempts on every address of the panel, from one table: each is refused, and nothing has happened. A new
 * route is covered by being in the site map.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../plugin/web/routes.js';
import { PASSWORD, startWeb, Visitor } from './app.js';
import { ATTEMPTS, type Attempt, changes, form, type Shot } from './attempted.js';
import { type Route, startWhole, type Whole } from './whole.js';

const HOST = 'node.example:7001';

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

async function send(route: Route, { method = route.method, query = '', headers, payload }: Shot) {
  const isBodyless = method === 'GET' || method === 'HEAD';
  const url = whole.addressOf(route) + query;
  return whole.app.inject({
    method: method as 'GET',
    url,
    headers: { host: HOST, ...headers },
    ...(payload === undefined || isBodyless ? {} : { payload }),
  });
}

/** What is wrong with how the attempt ended; null where it was refused and nothing has happened. */
async function findProblem(route: Route, { shot, refused }: Attempt): Promise<string | null> {
  const { now } = whole;
  const sent = await shot({ whole, owner, stranger });
  const before = whole.state();
  const { statusCode, headers } = await send(route, sent);
  whole.now = now;
  const stillOwner = (await owner.get('/api/v1/session')).json().role === 'owner';
  // Only whoever asks for a page is led to the login, and is shown nothing.
  const led = statusCode !== 303 || (route.method === 'GET' && /^\/login\?next=/.test(headers.location ?? ''));
  const wrong = [
    !(refused.includes(statusCode) && led) && `answered ${statusCode}`,
    whole.state() !== before && 'changed something',
    /cloudy_services_(lang|look)/.test(String(headers['set-cookie'])) && 'chose the language or the look',
    !stillOwner && 'ended the session',
  ].filter(Boolean);
  // What one attempt breaks must not hide how the next one ends.
  if (!stillOwner) await owner.login();
  return wrong.length === 0 ? null : `${route.method} ${route.path} ${wrong.join(', ')}`;
}

describe('every address refuses and ignores', () => {
  it.each(ATTEMPTS)('$name', async (attempt) => {
    const routes = ROUTES.filter(attempt.on);
    expect(routes.length).toBeGreaterThan(15);
    const problems: (string | null)[] = [];
    for (const route of routes) problems.push(await findProblem(route, attempt));
    expect(problems.filter((problem) => problem !== null)).toEqual([]);
  });
});

/** What a deed takes that another takes otherwise. */
const INSTEAD: Readonly<Record<string, Record<string, string>>> = {
  '/settings/neighbours': { turn: '', stars: 'on' },
  '/api/v1/settings/neighbours': { turn: '', stars: 'off' },
};

describe('the same addresses', () => {
  const posts = ROUTES.filter(changes);

  it('cover every route that changes something', () => {
    expect(posts.length).toBeGreaterThan(25);
    expect(
      ROUTES.every(
        ({ method, need }) => ['GET', 'POST'].includes(method) && ['anyone', 'reader', 'owner'].includes(need),
      ),
    ).toBe(true);
  });

  // The demo's neighbours do not exist: no program is told of them, and none has a key to forget. A test of the alerts
  // changes nothing.
  it.each(posts.filter((route) => route.need === 'owner' && !/\/(connect|alert|forget)$/.test(route.path)))(
    '$path does for the owner what it refused to others',
    async (route) => {
      const before = whole.state();
      const answer = await send(route, form(owner, {}, { token: owner.token, password: '', ...INSTEAD[route.path] }));
      expect([200, 202, 303], answer.body.slice(0, 300)).toContain(answer.statusCode);
      // What was measured a moment ago is not measured again: the answer is the job that did it.
      if (!route.path.endsWith('/scan')) expect(whole.state()).not.toBe(before);
      // How a scan ends is not asked here.
      await Promise.all(whole.panel.jobs.running().map(({ id }) => whole.panel.jobs.cancel(id)));
    },
  );
});

describe('guessing the password', () => {
  it('is slowed down whatever the sender’s headers say', async () => {
    const web = await startWeb();
    const visitor = new Visitor(web);
    await visitor.get('/login');
    const answers: number[] = [];
    for (let nth = 1; nth <= 7; nth++) {
      const address = `10.0.0.${nth}`;
      const headers = {
        'x-forwarded-for': address,
        'x-real-ip': address,
        forwarded: `for=${address}`,
        'x-client-ip': address,
      };
      answers.push((await visitor.post('/login', { password: `guess ${nth}` }, headers)).statusCode);
    }
    await web.app.close();
    expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('opens nothing where another application decides who the owner is', async () => {
    const web = await startWeb({ web: { authenticate: async () => 'reader' } });
    const visitor = new Visitor(web);
    await visitor.get('/');
    for (const answer of [
      await visitor.post('/login', { password: PASSWORD }),
      await visitor.postJson('/api/v1/login', { password: PASSWORD }),
    ]) {
      expect(answer.statusCode).toBe(404);
      expect(web.panel.store.events.newest(9)).toEqual([]);
    }
    await web.app.close();
  });
});
