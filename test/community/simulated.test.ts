/** The simulation of sharing: without it, all is as if nobody had ever heard of it. */
import { expect, it } from 'vitest';
import { loadServices } from '../../plugin/services/index.js';
import { keepersOf } from '../bench/choosing/life.js';
import { SharedCommunity } from '../bench/choosing/shared-community.js';
import { DAY, HOUR } from '../bench/choosing/table.js';
import { TASKS } from '../bench/choosing/tasks.js';
import { World } from '../bench/choosing/world.js';

const SEED = 1001;
const UNTIL = 2 * DAY;

it('measures, scores and recommends to the last bit what a panel alone does, where sharing is off', async () => {
  const services = await loadServices();
  const options = { world: new World(SEED), seed: SEED, services, steadyNoise: false, judged: 1 };
  const off = new SharedCommunity({ ...options, shares: false });
  await off.until(UNTIL);
  for (const task of TASKS) {
    const { planned } = keepersOf(off.settingOf(task, 0));
    const rows = planned.until(UNTIL);
    const panel = off.nodes[0]?.keepers.get(task)?.panel;
    expect(panel?.rows(UNTIL)).toEqual(rows);
    expect([panel?.badge, panel?.bytes]).toEqual([planned.panel.badge, planned.panel.bytes]);
    expect(planned.panel.probes).toBeGreaterThan(20);
  }
  expect(off.nodes.map(({ questions, looks }) => questions + looks)).toEqual(off.nodes.map(() => 0));
  // Where it is on, they ask.
  const on = new SharedCommunity({ ...options, shares: true });
  await on.until(2 * HOUR);
  expect(on.nodes.map(({ questions }) => questions)).toEqual(on.nodes.map(() => 5));
});
