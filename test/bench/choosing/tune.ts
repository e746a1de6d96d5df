/**
 * A child for tuning: only what follows the plan, of one community that is not reported. Each run says one line of means,
 * for a log of what was tried.
 *
 *   node dist/bench-choosing-tune.mjs '{"seed":1001}'
 */
import docker from '../../../plugin/services/Docker/index.js';
import dns from '../../../plugin/services/dnsservice/index.js';
import syncthing from '../../../plugin/services/syncthing/index.js';
import { argument, say } from '../child.js';
import { judge } from './judge.js';
import { Planned } from './keepers.js';
import { decisionsOf, estimatesOf, oracle, orderOf, timesAt } from './life.js';
import { Panel, type Setting } from './panel.js';
import { Random } from './random.js';
import { byMedians, markTable } from './rules.js';
import { FIRST_DECISION, HOUR, LAST_DECISION, TABLE } from './table.js';
import { TASKS, type TaskName } from './tasks.js';
import { type Blow, type Struck, World } from './world.js';

const TYPES = { web: docker, sync: syncthing, chat: dns };
const BLOWS: readonly Blow[] = ['dies', 'moves', 'overloaded'];

const { seed, users = 6 } = argument<{ seed: number; users?: number }>();
const worlds = { normal: new World(seed), liars: new World(seed, { liars: true }) };
const notes = new Map<string, number[]>();
const note = (task: TaskName, name: string, value: number) => {
  const key = `${task} ${name}`;
  notes.set(key, [...(notes.get(key) ?? []), value]);
};

const settingOf = (task: TaskName, user: number, world: World): Setting => ({
  ...{ world, task, type: TYPES[task], seed, user },
  estimates: estimatesOf({ world, seed, user }),
});
const plannedOf = (setting: Setting, panel = new Panel(setting, 'planned'), from = 0) =>
  new Planned(panel, new Random(seed, setting.user, setting.task, 'pauses'), from);

function week(setting: Setting): Planned {
  const { task, type } = setting;
  const planned = plannedOf(setting);
  for (const at of decisionsOf(setting)) {
    const times = timesAt(setting, at);
    const order = orderOf(planned.until(at));
    const quality = (chosen: number) => judge(chosen, order, times).quality;
    const cold = new Panel(setting, `cold at ${at}`);
    const [first = 0] = orderOf(cold.scan(at));
    const marks = markTable(
      type.metrics,
      order.map((_, index) => planned.panel.attempts(index)),
    );
    note(task, 'oracle', quality(oracle(setting, at)[0] ?? 0));
    note(task, 'cold', quality(first));
    note(task, 'cold badge', quality(cold.badge ?? 0));
    note(task, 'medians', quality(byMedians(type.metrics, marks)[0] ?? 0));
    note(task, 'first', quality(order[0] ?? 0));
    note(task, 'badge', quality(planned.panel.badge ?? 0));
  }
  planned.until(LAST_DECISION);
  note(task, 'changes', planned.changes.filter((at) => at >= FIRST_DECISION).length);
  return planned;
}

function blow(setting: Setting, planned: Planned, kind: Blow): void {
  const from = LAST_DECISION + TABLE.events.at * HOUR;
  planned.until(from);
  const badge = planned.panel.badge ?? 0;
  const struck: Struck = { provider: badge, blow: kind, from };
  const panel = planned.panel.fork(`planned ${kind}`);
  panel.struck = struck;
  if (kind === 'moves') panel.returned(badge, from);
  const after = plannedOf(setting, panel, from);
  for (const hours of [4, 8, 12, 24]) {
    const at = from + hours * HOUR;
    const order = orderOf(after.until(at));
    note(setting.task, kind, judge(panel.badge ?? 0, order, timesAt(setting, at, struck)).quality);
  }
}

for (const task of TASKS)
  for (let user = 0; user < users; user++) {
    const setting = settingOf(task, user, worlds.normal);
    const planned = week(setting);
    for (const kind of BLOWS) blow(setting, planned, kind);
    const lied = settingOf(task, user, worlds.liars);
    const believing = plannedOf(lied);
    for (const at of decisionsOf(lied)) {
      const rows = believing.until(at);
      const chosen = believing.panel.badge ?? 0;
      const { quality } = judge(chosen, orderOf(rows), timesAt(lied, at));
      note(task, 'liars', quality);
      if (!worlds.liars.servers[chosen]?.liar || quality > 0.7) continue;
      // The user has just used it.
      believing.panel.rate(chosen, at, 1);
      believing.panel.conclude(at);
      believing.panel.conclude(at);
    }
  }
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
say(Object.fromEntries([...notes].map(([key, values]) => [key, mean(values)])));
