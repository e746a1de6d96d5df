/** What a ranked list reads from the store, and keeps. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { log } from '../../plugin/lib/log.js';
import { Ranking } from '../../plugin/panel/ranking.js';
import { openStore } from '../../plugin/store/index.js';
import { answer, providerAt, servicesOf, typeWith } from '../scan/made.js';
import { writeOldRows } from '../store/old-file.js';

const NOW = Date.parse('2026-05-05T12:00:00Z');
const DAY = 86_400_000;

function opened() {
  const store = openStore(':memory:', () => NOW);
  onTestFinished(() => store.close());
  const [one, other] = ['10.0.0.1', '10.0.0.2'].map((address) => providerAt(address));
  const discovery = {
    providers: () => [one, other].filter((some) => some !== undefined),
    estimates: async () => new Map(),
  };
  const ranking = new Ranking({ services: servicesOf(typeWith(answer)), discovery, store, now: () => NOW });
  const tried = (provider: string, at: number) =>
    store.attempts.add({ type: 'thing', provider, at, bytes: 1, level: 1, reason: 'refused', detail: null });
  return { store, ranking, tried };
}

it('a ranked list rereads only what has changed, and forgets providers whose attempts are gone', () => {
  const { store, ranking, tried } = opened();
  tried('10.0.0.1', NOW - 31 * DAY);
  const [all, single] = [vi.spyOn(store.attempts, 'recent'), vi.spyOn(store.attempts, 'of')];
  const reasons = () => ranking.of('thing').map(({ provider, reason }) => `${provider.id} ${reason}`);
  expect(reasons()).toEqual(['10.0.0.2 null', '10.0.0.1 refused']);
  tried('10.0.0.2', NOW);
  expect(reasons()).toEqual(['10.0.0.1 refused', '10.0.0.2 refused']);
  expect(single.mock.calls).toEqual([['thing', '10.0.0.2']]);
  store.prune();
  expect(reasons()).toEqual(['10.0.0.1 null', '10.0.0.2 refused']);
  expect(all).toHaveBeenCalledTimes(1);
});

it('an announced type of which nobody was tried leaves nothing in memory', () => {
  const { store, ranking, tried } = opened();
  const [watch, read] = [vi.spyOn(store.attempts, 'watch'), vi.spyOn(store.attempts, 'recent')];
  for (let n = 0; n < 3; n++) ranking.of(`word${n}`);
  expect(watch).not.toHaveBeenCalled();
  ranking.of('word0');
  expect(read).toHaveBeenLastCalledWith('word0');
  tried('10.0.0.1', NOW);
  expect(ranking.of('thing').map(({ level }) => level)).toEqual([0, 1]);
});

/** The ranking of one provider, on a file from when ids had 12 digits. */
function updated() {
  const provider = { ...providerAt('10.0.0.1'), id: '0123456789abcdef0123456789abcdef' };
  const store = openStore(writeOldRows('thing', '0123456789ab'), () => NOW);
  onTestFinished(() => store.close());
  const discovery = { providers: () => [provider], estimates: async () => new Map() };
  return { store, ranking: new Ranking({ services: servicesOf(typeWith(answer)), discovery, store, now: () => NOW }) };
}

it('a provider keeps its history and its pin in the first list after its id was migrated', () => {
  const { ranking } = updated();
  expect(ranking.of('thing')).toMatchObject([{ pinned: true, attempts: 1 }]);
});

it('a list is shown even when ids cannot be stored, as on a full disk', () => {
  const { store, ranking } = updated();
  const full = new Error('database or disk is full');
  vi.spyOn(store.ids, 'claim').mockImplementation(() => {
    throw full;
  });
  const told = vi.spyOn(log, 'error').mockImplementation(() => {});
  expect(ranking.of('thing')).toMatchObject([{ pinned: false, attempts: 0 }]);
  expect(told.mock.calls).toEqual([[full]]);
  vi.restoreAllMocks();
  expect(ranking.of('thing')).toMatchObject([{ pinned: true, attempts: 1 }]);
});

it('a list is ranked once in a second, and anew at once when anything has changed', () => {
  let now = NOW;
  const store = openStore(':memory:', () => now);
  onTestFinished(() => store.close());
  let providers = [providerAt('10.0.0.1'), providerAt('10.0.0.2')];
  const discovery = { providers: () => providers, estimates: async () => new Map() };
  const ways = { version: 0, distance: (address: string) => (address === '10.0.0.2' ? 300 : null) };
  const services = servicesOf(typeWith(answer));
  const ranking = new Ranking({ services, discovery, store, ways: () => ways, now: () => now });
  expect(ranking.of('thing').map(({ provider, distance }) => [provider.id, distance])).toEqual([
    ['10.0.0.2', 300],
    ['10.0.0.1', undefined],
  ]);
  let last = ranking.of('thing');
  const isKept = () => {
    const before = last;
    last = ranking.of('thing');
    return before === last;
  };
  expect(isKept()).toBe(true);
  now += 999;
  expect(isKept()).toBe(true);
  const changes = [
    () =>
      store.attempts.add({
        type: 'thing',
        provider: '10.0.0.1',
        at: now,
        bytes: 1,
        level: 1,
        reason: 'refused',
        detail: null,
      }),
    () => store.opinions.put('thing', '10.0.0.2', { hidden: true }),
    () => store.opinions.rate('thing', '10.0.0.2', 5),
    () => ranking.settle('thing', ['10.0.0.1']),
    () => {
      ways.version += 1;
    },
    () => {
      providers = [...providers];
    },
    () => {
      now += 1_000;
    },
    () => {
      now -= 60_000;
    },
  ];
  for (const change of changes) {
    change();
    expect(isKept()).toBe(false);
    expect(isKept()).toBe(true);
  }
});
