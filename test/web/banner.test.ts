/** What every page says above its content, to those whom it concerns. */
import { afterEach, expect, it } from 'vitest';
import { startWeb, type TestWeb, Visitor } from './app.js';

let web: TestWeb;
afterEach(() => web.app.close());

const PAGES = ['/', '/services/dnsservice', '/events', '/no-such-page'];
const FILE = '/var/lib/cloudy-services/<b>.sqlite.damaged-2026-11-20';

it.each([
  ['en', 'The database was damaged, so the panel started a new one'],
  ['es', 'La base de datos estaba dañada y se ha empezado otra'],
  ['ca', 'La base de dades estava malmesa i se n’ha començat una de nova'],
])('tells only the owner in %s of a damaged database and where its file is now', async (language, words) => {
  web = await startWeb();
  Object.assign(web.panel.store, { movedAside: FILE });
  const owner = await new Visitor(web, { 'accept-language': language }).login();
  for (const url of PAGES) {
    const { body } = await owner.get(url);
    expect(body, url).toContain(words);
    expect(body, url).toContain(FILE.replace('<b>', '&lt;b&gt;'));
  }
  const reader = new Visitor(web, { 'accept-language': language });
  for (const url of ['/login', ...PAGES]) expect((await reader.get(url)).body, url).not.toContain('damaged-2026');
});

it.each([
  ['en', 'This node’s clock is not set: it says Jan 1, 1970'],
  ['es', 'El reloj de este nodo no está en hora: dice 1 ene 1970'],
  ['ca', 'El rellotge d’aquest node no està en hora: diu 1 de gen. 1970'],
])('tells in %s of a clock that is not set, until it is', async (language, words) => {
  web = await startWeb();
  const reader = new Visitor(web, { 'accept-language': language });
  expect((await reader.get('/')).body).not.toContain(words);
  Object.assign(web.panel.time, { doubted: 43_200_000 });
  for (const url of PAGES.slice(0, 2)) expect((await reader.get(url)).body, url).toContain(words);
});

it('says that the past of a demo is made up, where there is one', async () => {
  web = await startWeb({ demo: true });
  const banner = async () => /cs-demo.*?<\/div>/s.exec((await new Visitor(web).get('/')).body)?.[0];
  expect(await banner()).toMatch(/Demo: all of it is made up<.*begins now/);
  await web.app.close();
  web = await startWeb({ demo: true });
  web.panel.store.settings.set('demo-past', 'made-up');
  expect(await banner()).toMatch(/Demo: all of it is made up, its past too<.*last 60 days/);
});

it('says nothing of an intact database', async () => {
  web = await startWeb();
  expect((await (await new Visitor(web).login()).get('/')).body).not.toContain('damaged');
});
