/** What a ranked list reads from the store, and keeps. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { Ranking } from '../plugin/ranking.js';
import { openStore } from '../plugin/store/index.js';
import { answer, providerAt, servicesOf, typeWith } from './scan/made.js';

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

it('a ranked list reads again only what has changed, and forgets whose attempts are gone', () => {
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

it('a word that strangers announce, and under which nobody was tried, leaves nothing behind', () => {
  const { store, ranking, tried } = opened();
  const [watch, read] = [vi.spyOn(store.attempts, 'watch'), vi.spyOn(store.attempts, 'recent')];
  for (let n = 0; n < 3; n++) ranking.of(`word${n}`);
  expect(watch).not.toHaveBeenCalled();
  ranking.of('word0');
  expect(read).toHaveBeenLastCalledWith('word0');
  tried('10.0.0.1', NOW);
  expect(ranking.of('thing').map(({ level }) => level)).toEqual([0, 1]);
});
