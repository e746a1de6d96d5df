/** Reports of what may have changed: few looks, soon, and each provider rarely. */
import { expect, it } from 'vitest';
import { Urgent } from '../../plugin/scan/scheduler/urgent.js';

const MINUTE = 60_000;
const report = (provider: string) => ({ typeId: 'thing', provider });

it('a report is looked at once, the oldest first, and its provider then rests for ten minutes', () => {
  const urgent = new Urgent();
  expect([urgent.add(report('a'), 0), urgent.add(report('b'), 1), urgent.add(report('a'), 2)]).toEqual([
    true,
    true,
    true,
  ]);
  expect([urgent.take(2), urgent.take(2), urgent.take(2)]).toEqual([
    expect.objectContaining({ provider: 'a' }),
    expect.objectContaining({ provider: 'b' }),
    null,
  ]);
  expect(urgent.add(report('a'), 9 * MINUTE)).toBe(false);
  expect(urgent.add(report('a'), 11 * MINUTE)).toBe(true);
});

it('a failure is looked at again after a minute, so that it counts as a second one', () => {
  const urgent = new Urgent();
  urgent.again(report('a'), 0);
  expect(urgent.take(MINUTE - 1)).toBeNull();
  expect(urgent.take(MINUTE)).toMatchObject({ provider: 'a' });
});

it('what has to wait for the node is no look, however long it waits', () => {
  const urgent = new Urgent();
  urgent.add(report('a'), 0);
  for (let minute = 0; minute < 59; minute++) {
    const due = urgent.take(minute * MINUTE);
    expect(due).toMatchObject({ provider: 'a' });
    if (due) urgent.postpone(due, minute * MINUTE);
  }
  for (let nth = 0; nth < 12; nth++) urgent.add(report(`p${nth}`), 59 * MINUTE);
  const looks = Array.from({ length: 13 }, () => urgent.take(59 * MINUTE)).filter((due) => due !== null);
  expect(looks).toHaveLength(12);
});

it('further looks follow an answer, each after the rest of ten minutes, and no more than were asked for', () => {
  const urgent = new Urgent();
  urgent.add({ ...report('a'), more: 2 }, 0);
  const looks = Array.from({ length: 60 }, (_, minute) => {
    const due = urgent.take(minute * MINUTE);
    if (due) urgent.further(due, minute * MINUTE);
    return due ? [minute] : [];
  });
  expect(looks.flat()).toEqual([0, 10, 20]);
});

it('thousands of reports cost twelve looks an hour, and thirty-two places', () => {
  const urgent = new Urgent();
  const waiting = Array.from({ length: 5_000 }, (_, nth) => urgent.add(report(`p${nth}`), 0)).filter(Boolean);
  expect(waiting).toHaveLength(32);
  const looks = Array.from({ length: 59 }, (_, minute) => urgent.take(minute * MINUTE)).filter((one) => one !== null);
  expect(looks).toHaveLength(12);
});
