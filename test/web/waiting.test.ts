/** A page that is left open waits for a job to begin: it hears of it at once, and costs nothing meanwhile. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { ranked } from './fake-panel.js';

const LIST = '/services/dnsservice';
const HTMX = { 'hx-request': 'true' };
const WAIT = { ...HTMX, 'cs-wait': '1' };

let web: TestWeb;
beforeEach(async () => {
  // Of a wait only: what Fastify needs goes on.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  web = await startWeb({ web: { shares: false } });
});
afterEach(async () => {
  vi.useRealTimers();
  await web.app.close();
});

const address = async (visitor: Visitor, page: string) =>
  /hx-get="([^"]+since=[^"]+)"/.exec((await visitor.get(page)).body)?.[1]?.replaceAll('&amp;', '&') ?? '';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Questions that wait: asked, and each looked at once by the panel. */
async function waits(visitor: Visitor, count: number, page = LIST) {
  const open = await address(visitor, page);
  const looks = vi.spyOn(web.panel, 'version');
  const ask = () => visitor.get(open, WAIT).then(({ statusCode, headers }) => [statusCode, headers['cs-waited']]);
  const answers = Array.from({ length: count }, ask);
  while (looks.mock.calls.length < count) await turn();
  return { answers, looks, ask };
}

async function wait(visitor: Visitor, page?: string) {
  const { answers, looks } = await waits(visitor, 1, page);
  return { answer: answers[0], looks };
}

describe('a page that waits', () => {
  it.each(['/', LIST])('%s is answered as soon as a scan begins', async (page) => {
    const { answer } = await wait(new Visitor(web), page);
    web.panel.scan('dnsservice');
    expect(await answer).toEqual([200, '1']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is told after 15 s that nothing is new, having been looked at twice', async () => {
    const { answer, looks } = await wait(new Visitor(web));
    await vi.advanceTimersByTimeAsync(14_999);
    expect(looks).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await answer).toEqual([204, '1']);
    expect(looks).toHaveBeenCalledTimes(2);
  });

  it('gets after 15 s what has come by then', async () => {
    const { answer } = await wait(new Visitor(web));
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1)]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await answer).toEqual([200, '1']);
  });

  it('of a login that has ended meanwhile gets the page of a reader', async () => {
    const owner = await new Visitor(web).login();
    const cookies = new Map(owner.cookies);
    const { answer } = await wait(owner);
    const elsewhere = new Visitor(web);
    for (const [name, value] of cookies) elsewhere.cookies.set(name, value);
    elsewhere.token = owner.token;
    expect((await elsewhere.post('/logout')).statusCode).toBe(303);
    web.panel.scan('dnsservice');
    expect((await answer)?.[0]).toBe(200);
    expect((await new Visitor(web).get(LIST, HTMX)).body).not.toContain('/cancel');
  });

  it('does not keep the panel from closing', async () => {
    const { answer } = await wait(new Visitor(web));
    await web.app.close();
    expect(await answer).toEqual([204, '1']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a page that does not ask for it is answered at once', async () => {
  const visitor = new Visitor(web);
  const answer = await visitor.get(await address(visitor, LIST), HTMX);
  expect([answer.statusCode, answer.headers['cs-waited']]).toEqual([204, undefined]);
});

it('no more than 128 wait at once: a stranger takes nothing but the wait from the others', async () => {
  const { answers, ask } = await waits(new Visitor(web), 128);
  expect(await ask()).toEqual([204, undefined]);
  web.panel.scan('dnsservice');
  expect(new Set((await Promise.all(answers)).map(([status]) => status))).toEqual(new Set([200]));
  expect(vi.getTimerCount()).toBe(0);
});
