/** Providers of one name are told apart. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { apartTexts } from '../../plugin/present/list/apart.js';
import { ranked } from '../web/fake-panel.js';

type Place = readonly [description: string, address: string, port: number | null, path?: string | undefined];
const at = ([description, address, port, path]: Place, node = 'router') =>
  ranked('web', 1, { provider: { node, description, address, port, txt: new Map(path ? [['path', path]] : []) } });

it.each<[string, Place[], string[]]>([
  [
    'descriptions',
    [
      ['Wiki', '10.0.0.1', 80],
      ['Photos', '10.0.0.1', 81],
    ],
    ['Wiki', 'Photos'],
  ],
  [
    'ports',
    [
      ['Web', '10.0.0.1', 80],
      ['Web', '10.0.0.1', 81],
    ],
    [':80', ':81'],
  ],
  [
    'folders',
    [
      ['', '10.0.0.1', 80, '/wiki'],
      ['', '10.0.0.1', 80, '/blog/'],
    ],
    ['/wiki', '/blog/'],
  ],
  [
    'addresses',
    [
      ['', '10.0.0.1', 80],
      ['', 'fd00::1', 80],
    ],
    ['10.0.0.1', 'fd00::1'],
  ],
  [
    'all of these together',
    [
      ['', '10.0.0.1', 80],
      ['', '10.0.0.1', 81],
      ['', 'fd00::1', 80],
      ['', 'fd00::1', 81],
    ],
    ['10.0.0.1:80', '10.0.0.1:81', '[fd00::1]:80', '[fd00::1]:81'],
  ],
  [
    'text, where one reads like the port of another',
    [
      [':80', 'fd00::1', null, '/a'],
      ['', 'fd00::1', null, '/a'],
      ['', '10.0.0.1', 80],
    ],
    ['[fd00::1]/a :80', '[fd00::1]/a', '10.0.0.1'],
  ],
])('by their %s', (_, places, texts) => {
  const rows = places.map((place) => at(place));
  const apart = apartTexts([...rows, at(['Else', '10.0.0.9', 80], 'alone')]);
  expect(rows.map(({ provider }) => apart.get(provider.id))).toEqual(texts);
  expect(apart.size).toBe(rows.length);
});

it('always, whatever they announce', () => {
  const place = fc.tuple(
    fc.constantFrom('', 'Web', ':80'),
    fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1'),
    fc.constantFrom(null, 80, 81),
    fc.constantFrom(undefined, '/', '/a', '/b'),
  );
  fc.assert(
    fc.property(fc.uniqueArray(place, { selector: (one) => at(one).provider.id, minLength: 2 }), (places) => {
      const texts = [...apartTexts(places.map((one) => at(one))).values()];
      expect(new Set(texts).size).toBe(places.length);
    }),
  );
});
