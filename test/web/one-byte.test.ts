/** Pages are strings of one byte a character: twice as small, and faster to send, than with a single wider character. */
import { serialize } from 'node:v8';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LANGUAGES } from '../../plugin/model/language.js';
import { escapeHtml } from '../../plugin/web/reply/templates.js';
import { ROUTES } from '../../plugin/web/routes.js';
import { sharedTexts, Visitor } from './app.js';
import { startWhole, type Whole } from './whole.js';

/** V8 writes how it holds a string: `"` before one byte a character, `c` before two. */
const isOneByte = (text: string) => serialize(text).toString('latin1', 2).startsWith('"');

const rendered: [name: string, text: string][] = [];
let whole: Whole;
beforeAll(async () => {
  const texts = sharedTexts();
  const render = (name: string, data: object) => {
    const text = texts.views.render(name, data);
    rendered.push([name, text]);
    return text;
  };
  whole = await startWhole({ web: { texts: { ...texts, views: { render } } } });
});
afterAll(() => whole.close());

const pages = ROUTES.filter(({ method, operation }) => method === 'GET' && operation === undefined);

it.each(LANGUAGES)('every page in %s, for owner and reader, whole and in part', async (language) => {
  const headers = { 'accept-language': language };
  const reader = new Visitor(whole, headers);
  const owner = await new Visitor(whole, headers).login();
  const empty = [
    '/services/Docker',
    '/help/not-listed?node=nobody&type=dnsservice',
    '/nowhere',
    '/help/heard?source=demo',
  ];
  for (const address of [...pages.map((route) => whole.addressOf(route)), ...empty]) {
    for (const part of [{}, { 'hx-request': 'true' }]) {
      await reader.get(address, part);
      await owner.get(address, part);
    }
  }
  const found = rendered.splice(0);
  expect(new Set(found.map(([name]) => name))).toContain('layout');
  expect(found.length).toBeGreaterThan(50);
  const wide = found.filter(([, text]) => !isOneByte(text));
  expect(wide.map(([name, text]) => [name, /.{0,20}[\u0100-\uffff].{0,20}/.exec(text)?.[0]])).toEqual([]);
});

it.each([
  ['l’anunci – “així” ←', 'l&#8217;anunci &#8211; &#8220;així&#8221; &#8592;'],
  ['<b title="1">\'&</b>', '&lt;b title=&quot;1&quot;&gt;&#39;&amp;&lt;/b&gt;'],
  ['Пётр 😀 & co', '&#1055;&#1105;&#1090;&#1088; &#128512; &amp; co'],
  ['half a pair: \ud83d', 'half a pair: &#55357;'],
  ['plain, à la carte', 'plain, à la carte'],
  [null, 'null'],
  [12, '12'],
])('writes %j as one byte a character', (value, html) => {
  expect(escapeHtml(value)).toBe(html);
  expect(isOneByte(escapeHtml(value))).toBe(true);
});
