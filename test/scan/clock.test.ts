/** The clock is set in the middle of a scan: each attempt is stored when it was made, and the day's bytes stay spent. */
import { expect, it, onTestFinished } from 'vitest';
import { Clock } from '../../plugin/lib/clock/index.js';
import type { Prober } from '../../plugin/probe/index.js';
import { FakeMachine } from '../machine.js';
import { answer, createScanner, five, providerAt, silence } from './made.js';

const DAY = 86_400_000;
const TRUE = Date.parse('2026-05-05T12:00:00Z');

it.each([
  ['forward by weeks', 40 * DAY],
  ['back by months', -100 * DAY],
])('%s', async (_, by) => {
  const machine = new FakeMachine(TRUE);
  const clock = new Clock(0, machine);
  let silent = 0;
  // The silent ones are held back until somebody answers, which is after the clock was set.
  const probe: Prober = async ({ address }) => {
    machine.pass(1_000);
    if (address !== five[4]) {
      silent++;
      return silence;
    }
    expect(silent).toBe(4);
    machine.set(by);
    return answer();
  };
  const providers = five.map((address) => providerAt(address));
  const world = createScanner(providers, probe, { clock, concurrency: 1 });
  onTestFinished(world.close);
  const job = await world.jobs.ended(world.scanner.start('thing').id);
  expect(job.state).toBe('done');
  const ages = world.attempts().map(({ at }) => clock.now() - at);
  expect(ages).toHaveLength(world.store.attempts.added.attempts);
  expect(ages.length).toBeGreaterThanOrEqual(5);
  expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...ages)).toBeLessThan(60_000);
  expect(Date.parse(job.finishedAt ?? '') - Date.parse(job.startedAt)).toBeLessThan(60_000);
  const { spent } = world.scanner.spending();
  expect(spent).toBeGreaterThanOrEqual(500);
  machine.set(-by);
  expect(world.scanner.spending().spent).toBe(spent);
});
