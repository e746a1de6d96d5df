/** What a phone or a browser needs to install the panel as an application (https://www.w3.org/TR/appmanifest/). */
import type { Web } from '../context.js';
import { get, type Route } from '../route.js';
import type { Visit } from '../visit.js';

/** Of the page's ground (`--cs-ground`), which the frame around it takes up. */
export const THEME_COLOURS = { light: '#f5f6f2', dark: '#11181b' } as const;

export const routes: readonly Route[] = [get('/manifest.webmanifest', 'anyone', manifest)];

function manifest(web: Web, { words, reply }: Visit) {
  const name = words.t('app.name');
  const png = (size: number, purpose: string) => {
    const src = web.asset(size === 192 ? 'icon-192.png' : 'icon-512.png');
    return { src, sizes: `${size}x${size}`, type: 'image/png', purpose };
  };
  reply.type('application/manifest+json; charset=utf-8');
  return {
    ...{ id: web.base, start_url: web.base, scope: web.base, display: 'standalone' },
    ...{ lang: words.language, name, short_name: name, description: words.t('home.lead') },
    ...{ theme_color: THEME_COLOURS.light, background_color: THEME_COLOURS.light },
    icons: [
      { src: web.asset('icon.svg'), sizes: 'any', type: 'image/svg+xml' },
      ...[192, 512].flatMap((size) => [png(size, 'any'), png(size, 'maskable')]),
    ],
  };
}
