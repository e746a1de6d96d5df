/** Which providers a scan measures where strangers announce more than it can. */
import { describe, expect, it } from 'vitest';
import { inOrder, NEWCOMERS_CAP, type Past, select } from '../../plugin/scan/selection.js';
import type { Probeable } from '../../plugin/scan/target.js';
import type { ServiceType } from '../../plugin/services/contract.js';

const type = { id: 'thing', cost: { packets: 1, bytes: 60 }, metrics: [] } as unknown as ServiceType;
const target = (nth: number, since?: number) =>
  ({ id: `p${nth}`, node: `n${nth}`, address: `10.66.${nth >> 8}.${nth & 255}`, port: 1, since }) as Probeable;
const DAY_BYTES = 20_000_000;

describe('a scan among thousands that nobody has measured', () => {
  const flood = Array.from({ length: 2_000 }, (_, nth) => target(nth, 1_000));
  const neighbours = Array.from({ length: 20 }, (_, nth) => target(5_000 + nth, 500));

  it('starts with those announced earliest', () => {
    const order = inOrder([...flood, ...neighbours], new Map()).map((prospect) => prospect.target);
    expect(new Set(order.slice(0, 20))).toEqual(new Set(neighbours));
  });

  it('measures 250 of them, and everybody known to answer', () => {
    const known = new Map<string, Past>(flood.slice(0, 400).map(({ id }) => [id, { measuredAt: 7, answered: true }]));
    const selected = select(type, inOrder([...flood, ...neighbours], known), DAY_BYTES);
    expect(selected.filter(({ answered }) => answered)).toHaveLength(400);
    expect(selected.filter(({ answered }) => !answered)).toHaveLength(NEWCOMERS_CAP);
    expect(selected.map((prospect) => prospect.target)).toEqual(expect.arrayContaining(neighbours));
  });
});
