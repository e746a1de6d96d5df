/** Ids: two providers never share anything, and rows under ids of 12 digits find their provider. */
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { providerId } from '../../plugin/model/provider.js';
import type { Store } from '../../plugin/store/index.js';
import { answered, DAY, failed, freshPath, NOW, opened } from './made.js';
import { shortOf, writeOldRows } from './old-file.js';

/** Two providers with the same first 48 bits: found in seconds among the addresses of 10.0.0.0/8. */
const TYPE = 'dnsservice';
const NEIGHBOUR = providerId({ type: TYPE, address: '10.87.9.63', port: 5300 });
const MADE_UP = providerId({ type: TYPE, address: '10.249.162.137', port: 5300 });
const SHORT = shortOf(NEIGHBOUR);

const of = (provider: string) => ({ type: TYPE, provider });
const named = (...ids: readonly string[]) => ids.map((id) => ({ type: TYPE, id }));
const providersOf = (path: string) => {
  const db = new Database(path, { readonly: true });
  const rows = db.prepare('SELECT id, key FROM providers ORDER BY id').all();
  db.close();
  return rows;
};

describe('two providers whose ids begin with the same 12 digits', () => {
  it('have different ids', () => {
    expect(shortOf(MADE_UP)).toBe(SHORT);
    expect(MADE_UP).not.toBe(NEIGHBOUR);
    expect([NEIGHBOUR, MADE_UP].map((id) => /^[0-9a-f]{32}$/.test(id))).toEqual([true, true]);
  });

  it('share no attempt, no day, no opinion and no line of the export', () => {
    const store = opened(':memory:');
    store.attempts.add(answered(NOW, of(NEIGHBOUR)));
    store.attempts.add(failed(NOW, of(MADE_UP)));
    store.history.note(TYPE, NEIGHBOUR, 90);
    store.history.note(TYPE, MADE_UP, 0);
    store.opinions.put(TYPE, NEIGHBOUR, { pinned: true });
    store.opinions.rate(TYPE, NEIGHBOUR, 5);
    expect(store.attempts.of(TYPE, NEIGHBOUR)).toEqual([answered(NOW, of(NEIGHBOUR))]);
    expect(store.attempts.recent(TYPE)).toEqual(
      new Map([
        [NEIGHBOUR, [answered(NOW, of(NEIGHBOUR))]],
        [MADE_UP, [failed(NOW, of(MADE_UP))]],
      ]),
    );
    expect([NEIGHBOUR, MADE_UP].map((id) => store.history.days(TYPE, id, 0).map(({ score }) => score))).toEqual([
      [90],
      [0],
    ]);
    expect(store.history.bars(TYPE, NOW)).toEqual(
      new Map([
        [NEIGHBOUR, Uint8Array.of(100)],
        [MADE_UP, Uint8Array.of(0)],
      ]),
    );
    expect(store.opinions.get(TYPE, MADE_UP)).toMatchObject({ pinned: false, stars: [] });
    expect([...store.exportRows(TYPE, MADE_UP)]).toEqual([failed(NOW, of(MADE_UP))]);
    expect([...store.exportRows(TYPE, null)].map(({ provider }) => provider).sort()).toEqual(
      [NEIGHBOUR, MADE_UP].sort(),
    );
  });
});

describe('the keys of rows', () => {
  it('are as short as ids once were, and are deleted with the last row', () => {
    const path = freshPath();
    let now = NOW;
    const store = opened(path, () => now);
    for (const id of [NEIGHBOUR, MADE_UP]) store.attempts.add(answered(NOW, of(id)));
    store.history.note(TYPE, MADE_UP, 0);
    expect(providersOf(path)).toEqual(
      [
        { id: NEIGHBOUR, key: SHORT },
        { id: MADE_UP, key: MADE_UP },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    now += 31 * DAY;
    while (store.prune() > 0);
    expect(providersOf(path)).toEqual([{ id: MADE_UP, key: MADE_UP }]);
    now += 731 * DAY;
    while (store.prune() > 0);
    expect(providersOf(path)).toEqual([]);
  });

  it('tell a cache of both ids when rows are claimed, and of the id whose old rows are pruned', () => {
    const path = writeOldRows(TYPE, SHORT);
    let now = NOW;
    const store = opened(path, () => now);
    const changed = store.attempts.watch();
    changed();
    store.ids.claim(named(NEIGHBOUR));
    expect(changed()).toEqual(new Map([[TYPE, new Set([SHORT, NEIGHBOUR])]]));
    now += 31 * DAY;
    store.prune();
    expect(changed()).toEqual(new Map([[TYPE, new Set([NEIGHBOUR])]]));
  });
});

/** Ids of those that have a past and a pin. */
const known = ({ attempts, opinions }: Store, ...ids: readonly string[]) =>
  ids.filter((id) => attempts.of(TYPE, id).length > 0 && opinions.get(TYPE, id).pinned);

describe('rows under an id of 12 digits', () => {
  it('go to the listed provider whose id starts with it; a made-up one comes too late', () => {
    const path = writeOldRows(TYPE, SHORT);
    const store = opened(path);
    store.ids.claim(named(NEIGHBOUR));
    expect(known(store, NEIGHBOUR, MADE_UP, SHORT)).toEqual([NEIGHBOUR]);
    store.ids.claim(named(NEIGHBOUR, MADE_UP));
    store.ids.claim(named(MADE_UP));
    store.attempts.add(failed(NOW, of(MADE_UP)));
    const again = opened(path);
    again.ids.claim(named(MADE_UP));
    expect(known(again, NEIGHBOUR, MADE_UP, SHORT)).toEqual([NEIGHBOUR]);
    expect(again.attempts.of(TYPE, NEIGHBOUR)).toEqual([answered(NOW, of(NEIGHBOUR))]);
    expect(again.attempts.of(TYPE, MADE_UP)).toEqual([failed(NOW, of(MADE_UP))]);
  });

  it('go to neither of two matching providers listed together, even when one has gone', () => {
    const path = writeOldRows(TYPE, SHORT);
    const store = opened(path);
    store.ids.claim(named(MADE_UP, NEIGHBOUR));
    store.ids.claim(named(MADE_UP));
    const again = opened(path);
    again.ids.claim(named(MADE_UP));
    again.ids.claim(named(NEIGHBOUR));
    expect(known(again, NEIGHBOUR, MADE_UP)).toEqual([]);
  });

  it('are unambiguous where one provider is listed twice, or another type has the same digits', () => {
    const store = opened(writeOldRows(TYPE, SHORT));
    store.ids.claim([...named(NEIGHBOUR, NEIGHBOUR), { type: 'another', id: MADE_UP }]);
    expect(known(store, NEIGHBOUR)).toEqual([NEIGHBOUR]);
  });

  it('wait for their provider, however late it appears', () => {
    const path = writeOldRows(TYPE, SHORT);
    for (const id of ['f'.repeat(32), NEIGHBOUR]) opened(path).ids.claim(named(id));
    expect(known(opened(path), NEIGHBOUR)).toEqual([NEIGHBOUR]);
  });

  it('move once, whichever of two processes is first', () => {
    const path = writeOldRows(TYPE, SHORT);
    const [panel, command] = [opened(path), opened(path)];
    command.ids.claim(named(NEIGHBOUR));
    panel.ids.claim(named(MADE_UP));
    expect(known(panel, NEIGHBOUR, MADE_UP)).toEqual([NEIGHBOUR]);
  });
});
