/** The choice of the next probe, held against its promises with made-up candidates and over simulated weeks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, chooseKnock, chooseNext, isDaytime } from '../../plugin/scan/plan.js';
import { cpuMs } from '../cpu.js';
import { seeded } from '../discovery/seeded.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 23, 12);

/** Measured ten hours ago with a middling score. */
function candidate(id: string, changes: Partial<Candidate> = {}): Candidate {
  return {
    ...{ id, type: 'web', measuredAt: NOW - 10 * HOUR, failures: 0, score: 50, high: 60 },
    ...{ recommended: false, estimate: null, gapMs: 3 * HOUR },
    ...changes,
  };
}

const aCandidate = fc
  .record({
    type: fc.constantFrom('web', 'names', 'files'),
    age: fc.option(fc.integer({ min: 0, max: 10 * DAY })),
    failures: fc.integer({ min: 0, max: 2_000 }),
    score: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    margin: fc.double({ min: 0, max: 30, noNaN: true }),
    recommended: fc.boolean(),
    estimate: fc.option(fc.double({ min: 0, max: 300, noNaN: true })),
    gapMs: fc.constantFrom(3 * HOUR, 6 * HOUR),
  })
  .map(({ age, margin, ...rest }) => ({
    ...rest,
    measuredAt: age === null ? null : NOW - age,
    high: rest.score === null ? null : Math.min(100, rest.score + margin),
  }));
const someCandidates = fc
  .array(aCandidate, { maxLength: 30 })
  .map((list) => list.map((one, index) => candidate(`p${index}`, one)));
const aDraw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const choose = (list: readonly Candidate[], draw = 0.99) => chooseNext(list, NOW, () => draw)?.id ?? null;

/** The scheduler's pauses: exponential around 30 min, between 5 and 120. */
const pause = (random: () => number) =>
  Math.min(Math.max(-30 * MINUTE * Math.log(1 - random()), 5 * MINUTE), 120 * MINUTE);

interface Run {
  readonly days: number;
  readonly seed: number;
  /** What is known of one by its number and the time since its last probe, ms. */
  readonly judge: (index: number, age: number) => Partial<Candidate>;
}

/** Lets the choice run for days; gives for each candidate the times at which it was probed, ms from the start. */
function probesOf(count: number, { days, seed, judge }: Run): number[][] {
  const draw = seeded(seed);
  const random = () => draw(2 ** 32) / 2 ** 32;
  const probes = Array.from({ length: count }, () => [0]);
  for (let at = pause(random); at < days * DAY; at += pause(random)) {
    const list = probes.map((times, index) => {
      const last = times.at(-1) ?? 0;
      return candidate(`${index}`, { measuredAt: NOW + last, ...judge(index, at - last) });
    });
    const chosen = isDaytime(NOW + at) ? chooseNext(list, NOW + at, random) : null;
    if (chosen) probes[Number(chosen.id)]?.push(at);
  }
  return probes;
}

describe('the hours of background probes', () => {
  it('are nine to midnight, local time', () => {
    const hours = Array.from({ length: 24 }, (_, hour) => hour);
    const measuring = hours.filter((hour) => isDaytime(new Date(2026, 5, 1, hour, 59).getTime()));
    expect(measuring).toEqual(hours.slice(9));
  });

  it('are others where the owner chose them, also over midnight', () => {
    const measuring = (from: number, to: number) =>
      Array.from({ length: 24 }, (_, hour) => hour).filter((hour) =>
        isDaytime(new Date(2026, 5, 1, hour, 59).getTime(), { from, to }),
      );
    expect(measuring(8, 10)).toEqual([8, 9]);
    expect(measuring(22, 2)).toEqual([0, 1, 22, 23]);
    expect(measuring(0, 24)).toHaveLength(24);
  });
});

describe('choosing the next probe', () => {
  it('picks a candidate that is due, and none only when none is', () => {
    fc.assert(
      fc.property(someCandidates, aDraw, (list, draw) => {
        const chosen = chooseNext(list, NOW, () => draw);
        const rested = (one: Candidate, ms: number) => one.measuredAt === null || NOW - one.measuredAt >= ms;
        if (chosen) expect(rested(chosen, chosen.recommended ? 2 * HOUR : chosen.gapMs)).toBe(true);
        else expect(list.filter((one) => rested(one, 24 * HOUR))).toEqual([]);
        if (chosen) expect(list).toContain(chosen);
      }),
    );
  });

  it('does not depend on the order of the list, and draws once', () => {
    fc.assert(
      fc.property(someCandidates, aDraw, (list, draw) => {
        let draws = 0;
        const random = () => {
          draws += 1;
          return draw;
        };
        expect(chooseNext([...list].reverse(), NOW, random)).toBe(chooseNext(list, NOW, random));
        expect(draws).toBe(2);
      }),
    );
  });

  it('picks the recommended one once its measurement is two hours old, whatever the others promise', () => {
    const rivals = [candidate('a', { high: 100 }), candidate('b', { high: 90 })];
    const pick = (age: number) => candidate('pick', { recommended: true, measuredAt: NOW - age, high: 50 });
    expect(choose([...rivals, pick(2 * HOUR)])).toBe('pick');
    expect(choose([...rivals, pick(2 * HOUR - 1)])).toBe('a');
  });

  it('asks a recommended one that has failed again after half an hour, also where each probe is a burden', () => {
    const pick = (age: number) =>
      candidate('pick', { recommended: true, measuredAt: NOW - age, failures: 1, gapMs: 6 * HOUR });
    expect([choose([pick(30 * MINUTE - 1)]), choose([pick(30 * MINUTE)])]).toEqual([null, 'pick']);
  });

  it('leaves a recommended one alone for the whole gap when each probe is a burden', () => {
    const pick = (age: number) => candidate('pick', { recommended: true, measuredAt: NOW - age, gapMs: 6 * HOUR });
    expect(choose([pick(6 * HOUR - 1)])).toBeNull();
    expect(choose([pick(6 * HOUR)])).toBe('pick');
  });

  it('picks the recommended one that has waited longest, among several types', () => {
    const pick = (id: string, age: number) => candidate(id, { type: id, recommended: true, measuredAt: NOW - age });
    expect(choose([pick('web', 3 * HOUR), pick('names', 5 * HOUR), pick('files', 4 * HOUR)])).toBe('names');
  });

  it('picks the highest upper bound among those not recommended', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 20 }), (highs) => {
        const list = highs.map((high) => candidate(`${high}`, { high, score: high / 2 }));
        expect(choose(list)).toBe(`${Math.max(...highs)}`);
      }),
    );
  });

  it('does not favour a type whose scores are higher overall', () => {
    const high = [candidate('a', { type: 'names', score: 95, high: 97 }), candidate('b', { type: 'names', high: 96 })];
    const low = [candidate('c', { score: 40, high: 42 }), candidate('d', { score: 35, high: 50 })];
    expect(choose([...high, ...low])).toBe('d');
  });

  it('starts with the unmeasured, the nearest by coordinates first, the unlocated last', () => {
    const never = (id: string, estimate: number | null) =>
      candidate(id, { measuredAt: null, score: null, high: null, estimate });
    const list = [never('far', 80), never('nowhere', null), never('near', 3), candidate('known', { high: 100 })];
    const order: (string | null)[] = [];
    for (let left = list; left.length > 0; left = left.filter(({ id }) => id !== order.at(-1)))
      order.push(choose(left));
    expect(order).toEqual(['near', 'far', 'nowhere', 'known']);
  });

  it('goes by what the network sees among the unmeasured that no coordinates tell apart', () => {
    const never = (id: string, estimate: number | null, distance?: number) =>
      candidate(id, { measuredAt: null, score: null, high: null, estimate, distance });
    const list = [never('a', null), never('b', null, 900), never('c', null, 300), never('located', 80, 5_000)];
    const order: (string | null)[] = [];
    for (let left = list; left.length > 0; left = left.filter(({ id }) => id !== order.at(-1)))
      order.push(choose(left));
    expect(order).toEqual(['located', 'c', 'b', 'a']);
  });

  it('gives the unmeasured a fifth while anybody who answered is due, and everything when nobody is', () => {
    const list = [candidate('pick', { recommended: true }), candidate('new', { measuredAt: null })];
    expect([0.1, 0.79, 0.8, 0.99].map((draw) => choose(list, draw))).toEqual(['pick', 'pick', 'new', 'new']);
    const resting = [candidate('pick', { recommended: true, measuredAt: NOW - HOUR }), ...list.slice(1)];
    expect([0.1, 0.79].map((draw) => choose(resting, draw))).toEqual(['new', 'new']);
  });

  it('treats those that never answered as unmeasured, and gives them no weekly turn', () => {
    const dead = Array.from({ length: 1_000 }, (_, index) =>
      candidate(`dead${index}`, { answered: false, failures: 40, measuredAt: NOW - 9 * DAY }),
    );
    const list = [...dead, candidate('real', { measuredAt: NOW - 4 * HOUR })];
    expect([0, 0.5, 0.79].map((draw) => choose(list, draw))).toEqual(['real', 'real', 'real']);
    expect(choose(list, 0.9)).toBe('dead0');
  });

  it('gives those that answered at one place one turn together, and the recommended one its own', () => {
    const at = (id: string, age: number, more: Partial<Candidate> = {}) =>
      candidate(id, { host: '10.0.0.1', measuredAt: NOW - age, ...more });
    expect(choose([at('a', 5 * HOUR), at('b', 2 * HOUR)])).toBeNull();
    expect(choose([at('a', 5 * HOUR), at('b', 3 * HOUR)])).not.toBeNull();
    expect(choose([at('a', 5 * HOUR, { recommended: true }), at('b', HOUR)])).toBe('a');
    expect(choose([at('a', 5 * HOUR), at('b', HOUR, { answered: false })])).toBe('a');
  });

  it('picks, of those that never answered, the one whose place and announcer waited longest', () => {
    const at = (id: string, hours: number | null) =>
      candidate(id, { measuredAt: null, claimedAt: hours === null ? null : NOW - hours * HOUR, estimate: hours });
    expect(choose([at('a', 4), at('b', 5), at('c', null)])).toBe('c');
    expect(choose([at('a', 4), at('b', 5), at('c', 2)])).toBe('b');
    expect(choose([at('c', 2)])).toBeNull();
  });

  it('takes no time quadratic in the length of the list', () => {
    const list = Array.from({ length: 20_000 }, (_, index) =>
      candidate(`p${index}`, { measuredAt: index % 2 ? null : NOW - 10 * HOUR - index, host: `h${index % 300}` }),
    );
    const started = cpuMs();
    for (const draw of [0, 0.5, 0.9]) choose(list, draw);
    expect(cpuMs() - started).toBeLessThan(1_500);
  });

  it('does not wait a month when the clock was a month ahead, and starts with those', () => {
    const ahead = candidate('ahead', { measuredAt: NOW + 30 * DAY });
    expect(choose([ahead])).toBe('ahead');
    expect(choose([ahead, candidate('stale', { measuredAt: NOW - 7 * DAY })])).toBe('ahead');
    expect(choose([candidate('ahead', { measuredAt: NOW + HOUR })])).toBeNull();
  });

  it('gives a tenth of the probes to the stalest', () => {
    const list = [candidate('stalest', { measuredAt: NOW - 2 * DAY, high: 10 }), candidate('best', { high: 99 })];
    const draws = Array.from({ length: 100 }, (_, index) => index / 100);
    expect(draws.filter((draw) => choose(list, draw) === 'stalest')).toHaveLength(10);
  });

  it('doubles the wait for each failure beyond three, up to a day', () => {
    const due = (failures: number, age: number) =>
      choose([candidate('a', { failures, measuredAt: NOW - age })]) !== null;
    const waits = [0, 3, 4, 5, 6, 7, 1_000].map((failures) => {
      const hour = Array.from({ length: 48 }, (_, index) => index + 1).find((hours) => due(failures, hours * HOUR));
      return hour ?? Number.NaN;
    });
    expect(waits).toEqual([3, 3, 6, 12, 24, 24, 24]);
  });
});

describe('over simulated weeks', () => {
  // Two probes an hour of the day are 210 a week; the pauses between them vary.
  it.each([3, 40, 100, 150])('measures each of %i within a week, however hopeless', (count) => {
    const judge = (index: number) => ({
      recommended: index % 20 === 0,
      failures: index % 7 === 3 ? 50 : 0,
      score: index % 7 === 3 ? 0 : index % 100,
      high: index % 7 === 3 ? 0 : index % 100,
    });
    const days = 21;
    const gaps = probesOf(count, { days, seed: count, judge }).flatMap((times) =>
      [...times.slice(1), days * DAY].map((at, index) => at - (times[index] ?? 0)),
    );
    expect(Math.max(...gaps)).toBeLessThanOrEqual(7 * DAY);
  });

  it('probes nobody sooner than its gap, and the recommended one about every two hours', () => {
    const judge = (index: number) => ({ recommended: index === 0 });
    const [pick = [], ...rest] = probesOf(30, { days: 14, seed: 7, judge });
    for (const times of rest) {
      const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(3 * HOUR);
    }
    // A day of measuring has fifteen hours.
    expect(pick.length / 14).toBeGreaterThan(5);
    expect(pick.length / 14).toBeLessThanOrEqual(8);
  });

  it('probes those that may turn out best more often', () => {
    // What is old may be anything: the bound widens with age.
    const judge = (index: number, age: number) => ({
      score: index < 10 ? 80 : 20,
      high: Math.min(100, (index < 10 ? 82 : 22) + (age / DAY) * 8),
    });
    const probes = probesOf(40, { days: 14, seed: 3, judge }).map(({ length }) => length);
    const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);
    expect(sum(probes.slice(0, 10)) / 10).toBeGreaterThan(3 * (sum(probes.slice(10)) / 30));
  });
});

describe('part of the draws', () => {
  const best = candidate('best', { score: 80, high: 90, measuredAt: NOW - 4 * HOUR, recommended: false });
  const wide = candidate('wide', { score: 60, high: 95, measuredAt: NOW - 5 * HOUR });
  const old = candidate('old', { score: 55, high: 81, measuredAt: NOW - 50 * HOUR });
  const hopeless = candidate('hopeless', { score: 20, high: 40, measuredAt: NOW - 60 * HOUR });

  it('asks for three tenths of the draws one that has failed, out of the ranking though it is, in case it is back', () => {
    const out = (id: string, age: number, failures: number) =>
      candidate(id, { measuredAt: NOW - age, failures, score: 0, high: 0 });
    const others = [
      candidate('old', { measuredAt: NOW - DAY }),
      candidate('pick', { recommended: true, measuredAt: NOW - 2 * HOUR }),
    ];
    const at = (list: Candidate[]) => [0.05, 0.1, 0.39, 0.4].map((draw) => choose([...list, ...others], draw));
    expect(at([out('late', 4 * HOUR, 2), out('later', 5 * HOUR, 2)])).toEqual(['old', 'later', 'later', 'pick']);
    expect(at([out('early', 2 * HOUR, 2)])).toEqual(['old', 'pick', 'pick', 'pick']);
    // One that stays dead is asked ever more rarely, once a day in the end.
    expect(at([out('dead', 5 * HOUR, 4)])).toEqual(['old', 'pick', 'pick', 'pick']);
    expect(at([out('dead', 24 * HOUR - 1, 99)])).toEqual(['old', 'pick', 'pick', 'pick']);
  });

  it('goes to the stalest that may be the best by now, which a better one may have become unseen', () => {
    const list = [best, wide, old, hopeless];
    expect([0.05, 0.2, 0.39, 0.5].map((draw) => choose(list, draw))).toEqual(['hopeless', 'old', 'old', 'wide']);
  });
});

describe('a knock', () => {
  const dear = candidate('dear', { recommended: true, gapMs: 6 * HOUR, measuredAt: NOW - 3 * HOUR });
  const knock = (changes: Partial<Candidate>) =>
    chooseKnock([candidate('other'), { ...dear, ...changes }], NOW)?.id ?? null;

  it('is for the recommended one between its rare probes, every two hours', () => {
    expect(knock({})).toBe('dear');
    expect(knock({ knockedAt: NOW - HOUR })).toBeNull();
    expect(knock({ knockedAt: NOW - 2 * HOUR })).toBe('dear');
    expect(knock({ measuredAt: NOW - HOUR })).toBeNull();
  });

  it('is neither for those that nobody relies on, nor for those that are probed as often anyway', () => {
    expect([knock({ recommended: false }), knock({ gapMs: 3 * HOUR })]).toEqual([null, null]);
  });
});
