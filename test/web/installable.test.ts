/** The panel as an application that is installed: its manifest, icons and colours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { PUBLIC_DIR } from '../../plugin/config/paths.js';
import { THEME_COLOURS } from '../../plugin/web/reply/manifest.js';
import { startWeb, type TestWeb, Visitor } from './app.js';

let web: TestWeb;
afterEach(() => web?.app.close());

it.each(['', '/cloudy'])('has a manifest whose addresses are right under %j', async (prefix) => {
  web = await startWeb({ prefix });
  const page = (await web.app.inject(`${prefix}/help`)).body;
  const [, address = ''] = /<link rel="manifest" href="([^"]+)">/.exec(page) ?? [];
  const answer = await web.app.inject({ url: address, headers: { 'accept-language': 'ca' } });
  expect(answer.headers['content-type']).toContain('application/manifest+json');
  expect(answer.headers['set-cookie']).toBeUndefined();
  const manifest = answer.json();
  expect(manifest).toMatchObject({
    start_url: `${prefix}/`,
    scope: `${prefix}/`,
    lang: 'ca',
    name: 'Serveis de Cloudy',
  });
  const [, touch = ''] = /<link rel="apple-touch-icon" href="([^"]+)">/.exec(page) ?? [];
  for (const src of [touch, ...manifest.icons.map((icon: { src: string }) => icon.src)]) {
    const { statusCode, headers } = await web.app.inject(src);
    expect([statusCode, headers['content-type']?.toString().slice(0, 6)], src).toEqual([200, 'image/']);
  }
  const sizes = manifest.icons.map(({ sizes, purpose }: { sizes: string; purpose?: string }) => `${sizes} ${purpose}`);
  expect(sizes).toEqual(expect.arrayContaining(['512x512 maskable', '192x192 any']));
});

it('has icons of the sizes that it names, and small ones', () => {
  for (const size of [192, 512]) {
    const png = readFileSync(join(PUBLIC_DIR, `icon-${size}.png`));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([size, size]);
    expect(png.length).toBeLessThan(20_000);
  }
});

it('gives the frame the colour of the page’s ground, in the chosen look', async () => {
  const ground = (file: string) => /--cs-ground: (#\w+)/.exec(readFileSync(join(PUBLIC_DIR, file), 'utf8'))?.[1];
  expect(THEME_COLOURS).toEqual({ light: ground('style.css'), dark: ground('dark.css') });
  web = await startWeb();
  const colours = async (visitor: Visitor) =>
    [...(await visitor.get('/help')).body.matchAll(/<meta name="theme-color" content="(#\w+)"( media)?/g)].map(
      ([, colour, media]) => [colour, media !== undefined],
    );
  const visitor = new Visitor(web);
  expect(await colours(visitor)).toEqual([
    [THEME_COLOURS.light, true],
    [THEME_COLOURS.dark, true],
  ]);
  await visitor.post('/appearance', { appearance: 'dark' });
  expect(await colours(visitor)).toEqual([[THEME_COLOURS.dark, false]]);
});

it('is not offered within another page', async () => {
  web = await startWeb({ web: { embedded: true, authenticate: async () => 'owner' } });
  expect((await new Visitor(web).get('/help')).body).not.toMatch(/manifest|theme-color|apple-touch/);
});
