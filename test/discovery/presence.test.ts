/** The log of a source that goes and returns, slowly, quickly, or never was there. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { logPresence } from '../../plugin/discovery/presence.js';
import type { SourceState, SourceStatus } from '../../plugin/discovery/source.js';

let lines: string[];
beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  vi.spyOn(console, 'error').mockImplementation((line) => lines.push(String(line)));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const ERROR = { code: 'serf-away', message: 'No agent\nanswers \u001b[1m.', hint: 'Start it.' };

/** Sources by name; each change is told at once. */
function sources() {
  const states = new Map<string, SourceState>();
  let listener = () => {};
  const status = ([name, state]: [string, SourceState]): SourceStatus => ({
    ...{ name, state, lastUp: null, read: 0, skipped: {} },
    ...(state === 'away' ? { error: ERROR } : {}),
  });
  const stop = logPresence({
    sources: () => [...states].map(status),
    agent: () => status(['serf', states.get('serf') ?? 'connecting']),
    onChange: (call) => {
      listener = call;
      return () => {
        listener = () => {};
      };
    },
  });
  const turn = (name: string, state: SourceState) => {
    states.set(name, state);
    listener();
  };
  return { turn, stop };
}

it('says once that a source went and why, and once that it is back', () => {
  const { turn, stop } = sources();
  for (const state of ['connecting', 'up', 'up'] as const) turn('serf', state);
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual([]);
  turn('serf', 'away');
  turn('serf', 'away');
  expect(lines).toEqual([expect.stringMatching(/^The source serf is away: No agent answers .*Start it\.$/)]);
  vi.advanceTimersByTime(60_000);
  turn('serf', 'up');
  expect(lines.slice(1)).toEqual(['The source serf is back.']);
  stop();
});

it('says that the agent is missing at the start, and nothing of other programs that were never there', () => {
  const { turn } = sources();
  turn('avahi', 'away');
  turn('serf', 'away');
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual([expect.stringContaining('The source serf is away')]);
});

it('says no more than a line every five seconds of one that comes and goes, and how it ended', () => {
  const { turn, stop } = sources();
  turn('serf', 'up');
  for (let second = 0; second < 60; second += 1) {
    turn('serf', second % 2 ? 'up' : 'away');
    vi.advanceTimersByTime(1_000);
  }
  expect(lines.length).toBeLessThanOrEqual(13);
  vi.advanceTimersByTime(5_000);
  const before = lines.length;
  turn('serf', 'away');
  vi.advanceTimersByTime(5_000);
  expect(lines.at(-1)).toContain('is away');
  stop();
  turn('serf', 'up');
  vi.advanceTimersByTime(60_000);
  expect(lines.length).toBe(before + 1);
  expect(vi.getTimerCount()).toBe(0);
});
