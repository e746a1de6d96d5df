/** One provider's page: what it says of the path, of the findings, and of what a scan of it alone costs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Score } from '../../plugin/model/score.js';
import { scanCost } from '../../plugin/scan/cost.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW, ranked } from './fake-panel.js';

let web: TestWeb;
beforeEach(async () => {
  web = await startWeb();
});
afterEach(() => web.app.close());

async function pageBody(type: string, score: Partial<Score>, visitor = new Visitor(web)): Promise<string> {
  const row = ranked(type, 1, score);
  web.panel.lists.set(type, [row]);
  return (await visitor.get(`/services/${type}/providers/${row.provider.id}`)).body;
}

describe('the page of a provider', () => {
  it.each([
    [{ rtt: 8, jitter: 0.5, loss: 0.5 }, '8\u00a0ms round trip · 0.5\u00a0ms jitter · 50% of packets lost'],
    [{ rtt: 8, jitter: null, loss: 0.5 }, '8\u00a0ms round trip · 50% of packets lost'],
    [{ rtt: null, jitter: null, loss: 1 }, '100% of packets lost'],
  ])('shows only what was measured of the path: %o', async (path, text) => {
    const body = await pageBody('dnsservice', { path });
    expect(/<dt>Path to the node<\/dt><dd>(.*?)<\/dd>/.exec(body)?.[1]).toBe(text);
  });

  it('says the round-trip time once: as the score weighs it', async () => {
    const part = { metric: 'rtt', value: 11.8, unit: 'ms', mark: 0.9, weight: 0.2, lost: 1, failures: 0, doubt: 0 };
    const path = { rtt: 13.7, jitter: null, loss: null };
    const body = await pageBody('owp', { path, parts: [{ ...part, count: 5, fresh: 1 }] });
    expect(body).toContain('<dt>Path to the node</dt><dd>11.8\u00a0ms round trip</dd>');
    expect(body).not.toContain('13.7');
  });

  it('tells for a month that the key of its certificate is another', async () => {
    const ago = (days: number) => new Date(NOW - days * 86_400_000).toISOString();
    const changed = async (days: number) =>
      /class="cs-alert">The key of its certificate changed/.test(
        await pageBody('owp', { facts: { 'tls key': 'ab', 'tls changed': ago(days) } }),
      );
    expect([await changed(1), await changed(31)]).toEqual([true, false]);
    expect(await pageBody('owp', { facts: { 'tls changed': 'yesterday' } })).not.toContain('cs-alert');
  });

  it.each([
    ['en', 'says it does; not tested', 'says it does not'],
    ['es', 'sí; no se ha probado', 'no'],
    ['ca', 'sí; no s’ha provat', 'no'],
  ])('in %s does not present the server’s claim about Internet names as a finding', async (language, yes, no) => {
    const visitor = new Visitor(web, { 'accept-language': language });
    expect(await pageBody('dnsservice', { facts: { recursion: 'yes' } }, visitor)).toContain(`<dd>${yes}</dd>`);
    expect(await pageBody('dnsservice', { facts: { recursion: 'no' } }, visitor)).toContain(`<dd>${no}</dd>`);
  });

  it('shows contradicting announcements and their announcers, escaped', async () => {
    const row = ranked('syncthing', 1);
    const said = { node: 'aa<stranger>', source: 'serf', txt: new Map([['node_id', 'EVIL']]) } as const;
    web.panel.lists.set('syncthing', [{ ...row, provider: { ...row.provider, contradictions: [said] } }]);
    const visitor = new Visitor(web);
    const { body } = await visitor.get(`/services/syncthing/providers/${row.provider.id}`);
    expect(body).toContain('aa&lt;stranger&gt; (');
    expect(body).toContain('<dd>node_id=EVIL</dd>');
    const { providers } = (await visitor.get('/api/v1/services/syncthing')).json();
    expect(providers[0].contradictions).toEqual([{ node: 'aa<stranger>', source: 'serf', attributes: 'node_id=EVIL' }]);
    expect((await visitor.get('/services/syncthing')).body).toContain('others announce it differently');
  });

  it('shows what a scan of it alone may cost, and more with an account', async () => {
    const visitor = await new Visitor(web).login();
    const body = await pageBody('proxy3', {}, visitor);
    const promised = [...body.matchAll(/up to ([\d.]+)\skB/g)].map(([, kB]) => Number(kB));
    const type = web.panel.services.of('proxy3');
    const { provider } = ranked('proxy3', 1);
    const costs = [{}, { account: {} }].map((extent) => scanCost(type, [provider], { asked: true, ...extent }).bytes);
    expect(promised).toEqual(costs.map((bytes) => expect.closeTo(bytes / 1_000, 0)));
    expect(promised[1]).toBeGreaterThan(promised[0] ?? 0);
  });
});
