/** Providers that go and come back, as their announcements tell. */
import { expect, it } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import { followChanges } from '../../plugin/panel/changes.js';
import { providerAt } from '../scan/made.js';

const MINUTE = 60_000;

it('is told once that a provider is gone, is back, or has been away for so long that it may have moved', () => {
  let providers: readonly Provider[] = [];
  let [now, listener] = [0, () => {}];
  const told: string[] = [];
  const discovery = {
    providers: () => providers,
    onChange: (of: () => void) => {
      listener = of;
      return () => {};
    },
  };
  followChanges({ discovery, steady: () => now, tell: (_, id, change) => told.push(`${id} ${change}`) });
  const change = (minute: number, stale: boolean) => {
    now = minute * MINUTE;
    providers = [providerAt('a', { stale }), providerAt('own', { stale, self: true })];
    listener();
    return told.splice(0);
  };
  expect(change(0, false)).toEqual([]);
  expect(change(1, true)).toEqual(['a gone']);
  expect(change(2, true)).toEqual([]);
  expect(change(3, false)).toEqual(['a back']);
  expect(change(4, true)).toEqual(['a gone']);
  expect(change(15, false)).toEqual(['a moved']);
  providers = [];
  listener();
  expect(change(16, false)).toEqual([]);
});
