/** What the agent lost in a restart is announced again, also where it goes or hangs in the middle of that. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PanelError } from '../../plugin/model/errors.js';
import { AnnouncementMonitor, type MonitorDeps } from '../../plugin/node/announce/monitor.js';
import type { Publication } from '../../plugin/node/announce/publications.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const entry = { s: 'proxy3', d: '', m: 'm', i: '10.1.2.3', p: '3128', e: '', t: '' };
const publication: Publication = { entry, unit: null, untold: false, at: 0, withdrawn: null };

/** An agent that lost the entry; `restoring` is what it does when it is given it again. */
function node(restoring: () => Promise<void>) {
  let state = 'up';
  let changed = () => {};
  const restored: string[][] = [];
  const deps = {
    publisher: {
      all: () => new Map([['proxy3', publication]]),
      reconcile: async () => ({ lost: ['proxy3'], raced: [], removed: [] }),
      restore: async (keys: string[]) => {
        restored.push(keys);
        await restoring();
      },
    },
    discovery: {
      agent: () => ({ state }),
      ownTag: () => null,
      onChange: (listener: () => void) => {
        changed = listener;
        return () => {};
      },
    },
    local: { problem: async () => null, states: async () => new Map() },
    services: { of: () => ({ transports: [] }) },
    events: { add: () => 1 },
    now: () => 0,
  };
  const turn = (to: string) => {
    state = to;
    changed();
  };
  return { monitor: new AnnouncementMonitor(deps as unknown as MonitorDeps), turn, restored };
}
const settle = () => vi.advanceTimersByTimeAsync(0);

it('again, where it goes away before the last step of that is over', async () => {
  let end = () => {};
  const { monitor, turn, restored } = node(() => new Promise((resolve) => (end = resolve)));
  await settle();
  expect(restored).toHaveLength(1);
  turn('away');
  end();
  await settle();
  turn('up');
  await settle();
  expect(restored).toHaveLength(2);
  end();
  await monitor.close();
});

it('soon again, where it answers too late, and no more once it has taken it', async () => {
  const late = new PanelError('serf-away', 'It does not answer in time.', 'Look at its log.');
  const outcomes = [late, late];
  const { monitor, turn, restored } = node(async () => {
    const outcome = outcomes.shift();
    if (outcome) throw outcome;
  });
  await settle();
  expect(restored).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restored).toHaveLength(3);
  turn('up');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restored).toHaveLength(3);
  await monitor.close();
  expect(vi.getTimerCount()).toBe(0);
});

it('only at the next check, where it refuses', async () => {
  const { monitor, restored } = node(async () => {
    throw new PanelError('tags-full', 'No room.', 'Shorten it.');
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restored).toHaveLength(1);
  await monitor.close();
});
