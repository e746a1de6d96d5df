/** Two providers of one id: the first is listed, the others are counted. */
import { expect, it } from 'vitest';
import { onePerId } from '../../plugin/discovery/same-id.js';

const row = (id: string, address: string) => ({ id, address });

it('lists the first provider of an id and refuses later ones, in the given order', () => {
  const [known, second, other, third] = [row('a', '1'), row('a', '2'), row('b', '3'), row('a', '4')];
  expect(onePerId([known, second, other, third])).toEqual({ listed: [known, other], refused: [second, third] });
});

it('refuses nothing where every id is unique', () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => row(String(index), 'x'));
  expect(onePerId(rows)).toEqual({ listed: rows, refused: [] });
});
