/** Hours and budget of background probes: what the owner may choose, and what counts. */
import { expect, it } from 'vitest';
import { Terms } from '../../plugin/scan/scheduler/terms.js';
import { memoryStore } from '../web/fake-panel.js';
import { answer, createScanner, five, providerAt } from './made.js';

const DAY_BYTES = 10_800_000;

it('are the usual ones until the owner chooses, then for the next panel, too', () => {
  const { settings } = memoryStore();
  const terms = new Terms(settings, DAY_BYTES);
  expect(terms).toMatchObject({ hours: { from: 9, to: 24 }, bytes: 5_400_000, limit: 5_400_000, chosenBytes: null });
  terms.choose({ hours: { from: 22, to: 6 }, bytes: 1_000_000 });
  for (const read of [terms, new Terms(settings, DAY_BYTES)])
    expect(read).toMatchObject({ hours: { from: 22, to: 6 }, bytes: 1_000_000, chosenBytes: 1_000_000 });
});

it('never exceed what the configuration allows, even where that was lowered later', () => {
  const { settings } = memoryStore();
  new Terms(settings, DAY_BYTES).choose({ hours: { from: 0, to: 24 }, bytes: 4_000_000 });
  expect(new Terms(settings, 2_000_000)).toMatchObject({ bytes: 1_000_000, share: 0.5 });
  expect(new Terms(settings, 0)).toMatchObject({ bytes: 0, share: 0 });
});

it.each([
  [{ hours: { from: 9, to: 9 }, bytes: null }],
  [{ hours: { from: -1, to: 9 }, bytes: null }],
  [{ hours: { from: 24, to: 9 }, bytes: null }],
  [{ hours: { from: 1, to: 25 }, bytes: null }],
  [{ hours: { from: Number.NaN, to: 9 }, bytes: null }],
  [{ hours: { from: 9, to: 24 }, bytes: 0 }],
  [{ hours: { from: 9, to: 24 }, bytes: 5_410_001 }],
])('refuse %j and keep what was', (choice) => {
  const { settings } = memoryStore();
  const terms = new Terms(settings, DAY_BYTES);
  terms.choose({ hours: { from: 1, to: 2 }, bytes: 5 });
  expect(() => terms.choose(choice)).toThrow(expect.objectContaining({ code: 'bad-request' }));
  expect(new Terms(settings, DAY_BYTES)).toMatchObject({ hours: { from: 1, to: 2 }, bytes: 5 });
});

it.each(['', 'null', '{', '{"hours":{"from":9,"to":9},"bytes":1}', '{"hours":{"from":9,"to":10},"bytes":"1"}', '[]'])(
  'are the usual ones where %j is stored',
  (text) => {
    const { settings } = memoryStore();
    settings.set('background-terms', text);
    expect(new Terms(settings, DAY_BYTES)).toMatchObject({ hours: { from: 9, to: 24 }, bytes: 5_400_000 });
  },
);

it('hold for the scanner from the moment they are chosen', async () => {
  const world = createScanner([providerAt(five[0] as string)], answer, { bytesPerDay: 1_000_000 });
  const signal = new AbortController().signal;
  const { id } = providerAt(five[0] as string);
  expect(world.scanner.spending().limit).toBe(500_000);
  await world.scanner.background('thing', id, signal);
  world.terms.choose({ hours: { from: 0, to: 24 }, bytes: 1 });
  await expect(world.scanner.background('thing', id, signal)).rejects.toMatchObject({ code: 'budget-spent' });
  expect(world.attempts()).toHaveLength(1);
  await world.close();
});
