/** How far a way is by its metric: what orders, the words for it, and where they and a measured time disagree. */
import { expect, it } from 'vitest';
import { differ, distance, grade, type Route, timeGrade } from '../../plugin/routing/index.js';
import { routeTo } from './made.js';

const way = (scale: Route['scale'], metric: number | null, hops: number | null = null) =>
  routeTo('10.0.0.1/32', { scale, metric, hops });

it('measures a hop of radio without loss alike, whoever counts it', () => {
  expect([way('babel', 256), way('etx', 1), way('tq', 255)].map(distance)).toEqual([256, 256, 256]);
});

it('orders by rate where that is counted, by hops where nothing else is, and by nothing at all', () => {
  expect(distance(way('rate', 100e6))).toBeGreaterThan(Number(distance(way('rate', 1e9))));
  expect([way('ospf', 30), way('other', null, 3), way('other', null), way('rate', 0)].map(distance)).toEqual([
    30,
    768,
    null,
    null,
  ]);
});

it('says it in the words of AREDN, and nothing of costs that somebody has set', () => {
  const grades = [499, 500, 1_999, 2_000, 7_999, 8_000].map((metric) => grade(way('babel', metric)));
  expect(grades).toEqual(['excellent', 'good', 'fair', 'slow', 'poor', 'improbable']);
  expect([way('etx', 4), way('tq', 25)].map(grade)).toEqual(['fair', 'slow']);
  expect([way('ospf', 30), way('rate', 1e6), way('other', 2105), way('babel', null)].map(grade)).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

it('finds a time and a metric at odds from two grades on', () => {
  expect([9, 12, 900].map(timeGrade)).toEqual(['excellent', 'good', 'improbable']);
  expect(differ('good', timeGrade(900))).toBe(true);
  expect(differ('slow', timeGrade(9))).toBe(true);
  expect(differ('good', timeGrade(30))).toBe(false);
});
