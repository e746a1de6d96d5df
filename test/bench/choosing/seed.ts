/** A child that simulates the communities of one seed and says what came of it. */
import { loadServices } from '../../../plugin/services/index.js';
import { argument, say } from '../child.js';
import { type Aftermath, EVENTS, type Event, strike } from './blows.js';
import type { Verdict } from './judge.js';
import { type Bounds, badgeQuality, estimatesOf, live, RULES, type Rule } from './life.js';
import type { Setting } from './panel.js';
import { type Stress, TABLE, worsen } from './table.js';
import { TASK, TASKS, type TaskName } from './tasks.js';
import { World } from './world.js';

/** One task of one seed: means over its users and days; regrets of each decision by plan. */
export interface Outcome {
  readonly rules: Readonly<Record<Rule, Verdict>>;
  /** Time lost by the choice by plan, as a share of the best: one for each decision. */
  readonly regrets: Readonly<Record<Rule, number[]>>;
  /** Mean quality where all 24 hours of the next day count. */
  readonly wholeDay: Readonly<Record<Rule, number>>;
  readonly stickiness: number;
  readonly holding: number;
  readonly changes: number;
  readonly coverage: number;
  /** Mean width of the intervals, points, and of Wilson's interval of each mark alone. */
  readonly width: number;
  readonly plainWidth: number;
  /** Share of the next day's scores below and above the interval, and its width: by number of attempts. */
  readonly bounds: readonly BoundsSummary[];
  readonly liars: number;
  /** The same where each liar that was used gets one honest star. */
  readonly liarsRated: number;
  readonly probesPerDay: Readonly<Record<'budget' | 'full', number>>;
  readonly bytesPerDay: Readonly<Record<'budget' | 'full', number>>;
  readonly events: Readonly<Record<Event, Record<keyof Aftermath, number | null>>>;
  /** Share of the providers gone that the badge left within two scans; null where none was. */
  readonly leftInTime: number | null;
}

export interface BoundsSummary {
  /** So many attempts at most, and more than those of the group before. */
  readonly looks: number;
  readonly count: number;
  readonly below: number;
  readonly above: number;
  readonly width: number;
}
const LOOKS = [4, 8, 16, 39, 40];

export type SeedOutcome = Readonly<Record<TaskName, Outcome>>;

const { seed, stress = null } = argument<{ seed: number; stress?: Stress | null }>();
if (stress) worsen(stress);
const services = await loadServices();
const worlds = {
  normal: new World(seed),
  gateway: new World(seed, { gatewayFails: true }),
  liars: new World(seed, { liars: true }),
};
/** Under stress it is not asked what befalls a provider, and of fewer users. */
const STRESSED_USERS = 2;

function settingOf(task: TaskName, user: number, world: World): Setting {
  const type = services.of(TASK[task].type);
  return { world, task, type, seed, user, estimates: estimatesOf({ world, seed, user }) };
}

function simulate(task: TaskName): Outcome {
  const aftermaths: Record<Event, Aftermath[]> = { gone: [], dies: [], moves: [], overloaded: [], gateway: [] };
  const users = Array.from({ length: TABLE.users }, (_, user) => user);
  const lives = users.map((user) => {
    const setting = settingOf(task, user, worlds.normal);
    const life = live(setting);
    for (const event of EVENTS) {
      const world = event === 'gateway' ? worlds.gateway : worlds.normal;
      aftermaths[event].push(strike({ ...setting, world }, event, life.keepers));
    }
    return life;
  });
  const lied = users.flatMap((user) => badgeQuality(settingOf(task, user, worlds.liars)));
  const rules = lives.map(({ verdicts }) => verdicts);
  const bounds = lives.flatMap((one) => one.bounds);
  const gone = EVENTS.flatMap((event) => aftermaths[event].flatMap(({ scans }) => scans));
  return {
    rules: byRule((rule) => meanVerdict(rules.flatMap((one) => one[rule]))),
    regrets: byRule((rule) => rules.flatMap((one) => one[rule].map(({ quality }) => 1 / quality - 1))),
    wholeDay: byRule((rule) => mean(lives.flatMap(({ wholeDay }) => wholeDay[rule]))),
    stickiness: Math.exp(mean(lives.flatMap(({ stickiness }) => stickiness).map(Math.log))),
    holding: Math.exp(mean(lives.flatMap(({ holding }) => holding).map(Math.log))),
    changes: mean(lives.map(({ changes }) => changes)),
    width: mean(bounds.map(({ width }) => width)),
    plainWidth: mean(bounds.map(({ plainWidth }) => plainWidth)),
    coverage: mean(bounds.map(({ isBelow, isAbove }) => Number(!isBelow && !isAbove))),
    bounds: LOOKS.map((looks, nth) => summaryOf(bounds, LOOKS[nth - 1] ?? 0, looks)),
    liars: mean(lied.map(({ plain }) => plain)),
    liarsRated: mean(lied.map(({ rated }) => rated)),
    probesPerDay: meanOf(lives.map(({ probesPerDay }) => probesPerDay)),
    bytesPerDay: meanOf(lives.map(({ bytesPerDay }) => bytesPerDay)),
    events: Object.fromEntries(EVENTS.map((event) => [event, summary(aftermaths[event])])) as Outcome['events'],
    leftInTime: gone.length === 0 ? null : mean(gone.map((scans) => Number(scans <= 2))),
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const byRule = <T>(of: (rule: Rule) => T) =>
  Object.fromEntries(RULES.map((rule) => [rule, of(rule)])) as Record<Rule, T>;

function meanOf<K extends string>(list: readonly Readonly<Record<K, number>>[]): Record<K, number> {
  const keys = Object.keys(list[0] ?? {}) as K[];
  return Object.fromEntries(keys.map((key) => [key, mean(list.map((one) => one[key]))])) as Record<K, number>;
}
const meanVerdict = (list: readonly Verdict[]): Verdict => meanOf(list.map((one) => ({ ...one })));

function summaryOf(bounds: readonly Bounds[], above: number, looks: number): BoundsSummary {
  const group = bounds.filter((one) => one.looks > above && one.looks <= looks);
  const of = (value: (one: Bounds) => number) => mean(group.map(value));
  return {
    ...{ looks, count: group.length, width: of(({ width }) => width) },
    ...{ below: of(({ isBelow }) => Number(isBelow)), above: of(({ isAbove }) => Number(isAbove)) },
  };
}

function summary(list: readonly Aftermath[]) {
  const of = (key: keyof Aftermath) => {
    const values = list.flatMap((one) => one[key]);
    return values.length === 0 ? null : mean(values);
  };
  return { badge: of('badge'), full: of('full'), oracle: of('oracle'), scans: of('scans'), hours: of('hours') };
}

/** What is chosen under stress, and how often the interval holds. */
export type Stressed = Readonly<Record<Rule | 'coverage', number>>;
export type StressOutcome = Readonly<Record<TaskName, Stressed>>;

function chooseOnly(task: TaskName): Stressed {
  const lives = Array.from({ length: STRESSED_USERS }, (_, user) => live(settingOf(task, user, worlds.normal)));
  const within = lives.flatMap(({ bounds }) => bounds.map(({ isBelow, isAbove }) => Number(!isBelow && !isAbove)));
  const quality = byRule((rule) => mean(lives.flatMap(({ verdicts }) => verdicts[rule].map((one) => one.quality))));
  return { ...quality, coverage: mean(within) };
}

say(Object.fromEntries(TASKS.map((task) => [task, stress ? chooseOnly(task) : simulate(task)])));
