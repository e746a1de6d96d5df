/** What this node's own configuration says of a provider: for its owner's eyes, in the steps of using it. */
import { afterEach, expect, it } from 'vitest';
import type { ServiceType } from '../../plugin/services/contract.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { ranked } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

const label = { ca: 'x', es: 'x', en: 'x', de: 'x' };

it('shows this node’s own configuration only to the owner, on the page and in the JSON', async () => {
  web = await startWeb();
  const found = ranked('dnsservice', 1);
  web.panel.lists.set('dnsservice', [found]);
  const asked: string[] = [];
  const type: ServiceType = {
    ...web.panel.services.of('dnsservice'),
    introduce: async ({ id }) => {
      asked.push(id);
      return new Map([['file', 'PUBLIC KEY of this node']]);
    },
    use: (_, __, own) => [{ kind: 'copy', label, text: own?.get('file') ?? 'nothing' }],
  };
  web.panel.services.of = () => type;
  const visitor = new Visitor(web);
  const page = `/services/dnsservice/providers/${found.provider.id}`;
  const shown = async () => [
    />(PUBLIC KEY of this node|nothing)<\/pre>/.exec((await visitor.get(page)).body)?.[1],
    (await visitor.get(`/api/v1${page}`)).json().use[0].text,
  ];
  expect(await shown()).toEqual(['nothing', 'nothing']);
  expect(asked).toEqual([]);
  await visitor.login();
  expect(await shown()).toEqual(['PUBLIC KEY of this node', 'PUBLIC KEY of this node']);
  expect(new Set(asked)).toEqual(new Set([found.provider.id]));
});
