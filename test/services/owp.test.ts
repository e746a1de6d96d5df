/** OpenVZ Web Panel: a stand-in with exactly the marks of its login page, pages that have only some of them, and strangers. */
import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import owp from '../../plugin/services/owp.js';
import { context, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const TITLE = '<title>Inici de sessió - OpenVZ Web Panel 2.5</title>';
const WINDOW = "<div id='login-window'></div>";
const COOKIE = { 'Set-Cookie': ['locale=ca; path=/', '_owp_session=BAh7BzoP--04f; path=/; HttpOnly'] };

/** As Rails 2.2 under WEBrick answers; every unknown path is the login page, and any other method is thrown out. */
function panel(title: string, body: string, headers: OutgoingHttpHeaders = {}, delayMs = 0) {
  return webServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/login') throw new Error(`asked ${request.method} ${request.url}`);
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      Server: 'WEBrick/1.3.1 (Ruby/1.8.7/2011-06-30)',
      ...headers,
    });
    const page = `<html><head>${title}<script src="/ext/ext-all.js"></script></head><body>${body}</body></html>`;
    setTimeout(() => response.end(page), delayMs);
  });
}

const proven = (facts: Record<string, string>) => ({
  level: 3,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'ttfb', value: expect.any(Number), method: 'http' },
  ],
  facts,
});

describe('owp', () => {
  it('is recognised by its title and its cookie or window, in any language, within the declared cost', async () => {
    const asked = context();
    expect(await owp.probe(await panel(TITLE, WINDOW, COOKIE), asked)).toEqual(proven({ version: '2.5' }));
    const { bytes, packets } = owp.cost;
    expect(asked.traffic.sent + asked.traffic.received + packets * 52).toBeLessThan(bytes);
    const plain = '<title>Login - OpenVZ Web Panel</title>';
    expect(await owp.probe(await panel(plain, '', COOKIE), context())).toEqual(proven({}));
    expect(await owp.probe(await panel(plain, WINDOW), context())).toEqual(proven({}));
  });

  it('a long page costs no more than declared', async () => {
    const asked = context();
    const long = await panel(TITLE, `${WINDOW}${'x'.repeat(4_096)}`, COOKIE);
    expect(await owp.probe(long, asked)).toMatchObject({ level: 3 });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(owp.cost.bytes);
  });

  it.each([
    ['the title alone', TITLE, '', {}],
    ['cookie and window without the title', '<title>Login - Proxmox</title>', WINDOW, COOKIE],
    ['the title in the text', '', `OpenVZ Web Panel ${WINDOW}`, COOKIE],
    ['a cookie that only ends alike', TITLE, '', { 'Set-Cookie': 'my_owp_session=1' }],
  ])('%s is another application', async (_, title, body, headers) => {
    expect(await owp.probe(await panel(title, body, headers), context())).toEqual({
      level: 2,
      reason: 'wrong-protocol',
      detail: 'HTTP 200',
    });
  });

  it('on a machine that needs three seconds it is slow, not dead', async () => {
    const result = await owp.probe(await panel(TITLE, WINDOW, COOKIE, 3_000), context());
    expect(result).toEqual(proven({ version: '2.5' }));
    expect(result.samples?.[1]?.value).toBeGreaterThan(2_900);
  });

  it('a broken server cannot tell what it is', async () => {
    const troubled = await webServer((_, response) => response.writeHead(503, COOKIE).end());
    expect(await owp.probe(troubled, context())).toEqual({ level: 2, reason: 'broken', detail: 'HTTP 503' });
  });

  it('is used through its page, IPv6 in brackets, and never without a port', () => {
    expect(said(owp.use(provider({ port: 3000 })))).toEqual(['http://10.1.2.3:3000/', 'note', 'note']);
    // The first password concerns the owner of one.
    expect(JSON.stringify(owp.use(provider({ port: 3000 })))).not.toContain('first password');
    expect(owp.local?.advice?.en).toContain('first password');
    expect(said(owp.use(provider({ address: 'fd00::1', port: 3000 })))[0]).toBe('http://[fd00::1]:3000/');
    expect(owp.use(provider({ port: null }))).toEqual([]);
  });

  it('describes no attributes', () => {
    expect(owp.describe).toBeUndefined();
  });
});

describe('owp, strangers', () => {
  meetsStrangers(owp);
});
