/** One user's week with one task: every rule decides at the same moments, and the truth judges. */

import type { Attempt } from '../../../plugin/model/attempt.js';
import type { Metric } from '../../../plugin/model/metric.js';
import type { Provider } from '../../../plugin/model/provider.js';
import type { Ranked } from '../../../plugin/model/ranked.js';
import { isDaytime } from '../../../plugin/scan/plan.js';
import { toCurve } from '../../../plugin/score/curve.js';
import type { Mark } from '../../../plugin/score/mark.js';
import { toMiddle, toPlain } from '../../../plugin/score/middle.js';
import { judge, sortedBy, type Verdict } from './judge.js';
import { Full, type Keeper, Planned } from './keepers.js';
import { EPOCH, indexOf, Panel, PROVIDERS, type Setting } from './panel.js';
import { probeOnce } from './probe.js';
import { Random } from './random.js';
import { byMean, byMedians, byTopsis, gossipDelays, markTable, medianOf, originalScore } from './rules.js';
import { DAY, FIRST_DECISION, HOUR, LAST_DECISION, STEP, TABLE } from './table.js';
import { secondsNow, type TaskName, truth } from './tasks.js';
import type { Struck } from './world.js';

export const RULES = [
  ...['random', 'original', 'hops', 'coordinates', 'rtt', 'width', 'ttfb', 'medians', 'mean', 'topsis'],
  ...['cold', 'coldBadge', 'shortlist', 'budget', 'badge', 'full', 'oracle'],
] as const;
export type Rule = (typeof RULES)[number];

/** The metric that a rule of one figure reads in place of a page's first byte. */
const FIRST: Readonly<Record<TaskName, string>> = { web: 'ttfb', sync: 'handshake', chat: 'answer' };
/** Providers that somebody who knows only coordinates measures first. */
const SHORTLIST = 5;
/** The next day's own score is founded on an attempt each half hour of those in which the program measures. */
const NEXT_DAY = Array.from({ length: DAY / STEP }, (_, nth) => nth * STEP);

/** An interval against the next day's score. */
export interface Bounds {
  readonly looks: number;
  readonly width: number;
  /** Of Wilson's interval of each mark alone, as it was before the doubt was calibrated. */
  readonly plainWidth: number;
  readonly isBelow: boolean;
  readonly isAbove: boolean;
}

export interface Life {
  readonly verdicts: Readonly<Record<Rule, Verdict[]>>;
  /** Qualities where the next 24 hours count, those of sleep too. */
  readonly wholeDay: Readonly<Record<Rule, number[]>>;
  /** Task time of the badge by that of the first of the list, both by plan. */
  readonly stickiness: number[];
  /** Of that, by the choice that would be made afresh: what holding still costs. The rest is spreading over equals. */
  readonly holding: number[];
  /** Changes of the badge within the days of decision. */
  readonly changes: number;
  /** What became of the interval of each score. */
  readonly bounds: Bounds[];
  readonly probesPerDay: Readonly<Record<'budget' | 'full', number>>;
  readonly bytesPerDay: Readonly<Record<'budget' | 'full', number>>;
}

/** Guessed round-trip times, ms. */
export function estimatesOf({ world, seed, user }: Pick<Setting, 'world' | 'seed' | 'user'>): number[] {
  const random = new Random(seed, user, 'coordinates');
  return PROVIDERS.map((_, index) => world.at(user, index, 12 * HOUR).rtt * random.spread(TABLE.coordinateError));
}

export type Keepers = ReturnType<typeof keepersOf>;

export const keepersOf = (setting: Setting) => ({
  planned: new Planned(new Panel(setting, 'planned'), new Random(setting.seed, setting.user, setting.task, 'pauses')),
  full: new Full(new Panel(setting, 'full'), 0),
});

/** What each task really takes from that moment on, s, provider by provider. */
export function timesAt({ world, task, user }: Setting, at: number, struck: Struck | null = null): number[] {
  return PROVIDERS.map((_, provider) => truth(world, task, { user, provider, at, struck }));
}

/** The same for somebody who may want it at any hour, the night included. */
const timesOfWholeDay = ({ world, task, user }: Setting, at: number) =>
  PROVIDERS.map((_, provider) => truth(world, task, { user, provider, at, isWanted: () => true }));

/** The present state of all, known for nothing. */
export function oracle({ world, task, user }: Setting, at: number, struck: Struck | null = null): number[] {
  return sortedBy(PROVIDERS.map((_, provider) => secondsNow(task, world.at(user, provider, at, struck))));
}

export const orderOf = (rows: readonly Ranked[]) => rows.map(({ provider }) => indexOf(provider.id));

/** One moment of each day of decision, at waking hours. */
export function decisionsOf({ seed, user, task }: Setting): number[] {
  const random = new Random(seed, user, task, 'decisions');
  const { decisionDays, waking } = TABLE;
  return Array.from({ length: decisionDays }, (_, day) => {
    return FIRST_DECISION + day * DAY + waking.from * HOUR + random.below((waking.to - waking.from) * HOUR);
  });
}

/** Lives through the days of decision, and hands over the two panels as they are then. */
export function live(setting: Setting): Life & { readonly keepers: Keepers } {
  const random = new Random(setting.seed, setting.user, setting.task, 'life');
  const keepers = keepersOf(setting);
  const verdicts = Object.fromEntries(RULES.map((rule) => [rule, [] as Verdict[]])) as Record<Rule, Verdict[]>;
  const wholeDay = Object.fromEntries(RULES.map((rule) => [rule, [] as number[]])) as Record<Rule, number[]>;
  const [stickiness, holding]: [number[], number[]] = [[], []];
  const bounds: Bounds[] = [];
  for (const at of decisionsOf(setting)) {
    const [times, whole] = [timesAt(setting, at), timesOfWholeDay(setting, at)];
    const rows = keepers.planned.until(at);
    const { panel } = keepers.planned;
    const choices: Choices = { ...presentRules(setting, at, random), ...keptRules(setting, at, keepers, rows) };
    for (const rule of RULES) {
      verdicts[rule].push(judge(choices[rule].chosen, choices[rule].order, times));
      wholeDay[rule].push(Math.min(...whole) / (whole[choices[rule].chosen] as number));
    }
    const time = (provider: number) => times[provider] as number;
    stickiness.push(time(choices.badge.chosen) / time(choices.budget.chosen));
    holding.push(time(choices.badge.chosen) / time(panel.afresh(rows)));
    for (const row of rows) if ((row.score ?? 0) > 0) bounds.push(boundsOf(setting, panel, row, at));
  }
  keepers.planned.until(LAST_DECISION);
  keepers.full.until(LAST_DECISION);
  return { verdicts, wholeDay, stickiness, holding, bounds, ...spent(keepers), keepers };
}

/** Below this quality a user finds it bad. */
const BAD = 0.7;

/**
 * Quality of the badge alone, in a world with liars; `rated` where the user gives one star to each liar that was bad, and
 * chooses again.
 */
export function badgeQuality(setting: Setting): { readonly plain: number; readonly rated: number }[] {
  const [believing, rating] = [keepersOf(setting).planned, keepersOf(setting).planned];
  return decisionsOf(setting).map((at) => {
    const times = timesAt(setting, at);
    const quality = ({ panel }: Planned, order: readonly number[]) => judge(panel.badge ?? 0, order, times).quality;
    const plain = quality(believing, orderOf(believing.until(at)));
    const order = orderOf(rating.until(at));
    const chosen = rating.panel.badge ?? 0;
    // A liar may be the best there is all the same: honest is only who found it bad.
    if (setting.world.servers[chosen]?.liar && quality(rating, order) < BAD) {
      rating.panel.rate(chosen, at, 1);
      // It leads by enough at the end of two looks in a row.
      rating.panel.conclude(at);
      rating.panel.conclude(at);
    }
    return { plain, rated: quality(rating, order) };
  });
}

function spent({ planned, full }: Keepers) {
  const perDay = (of: (keeper: Keeper) => number) => ({
    budget: (of(planned) * DAY) / LAST_DECISION,
    full: (of(full) * DAY) / LAST_DECISION,
  });
  return {
    changes: planned.changes.filter((at) => at >= FIRST_DECISION).length,
    probesPerDay: perDay(({ panel }) => panel.probes),
    bytesPerDay: perDay(({ panel }) => panel.bytes),
  };
}

interface Choice {
  readonly chosen: number;
  readonly order: readonly number[];
}
type Choices = Readonly<Record<Rule, Choice>>;
type Kept = 'medians' | 'mean' | 'topsis' | 'budget' | 'badge' | 'full';

const first = (order: readonly number[]): Choice => ({ chosen: order[0] as number, order });

/** Rules that know nothing but this moment. */
function presentRules(setting: Setting, at: number, random: Random): Omit<Choices, Kept> {
  const { world, user, task, estimates } = setting;
  const hops = PROVIDERS.map((_, index) => world.hops(user, index));
  const cold = new Panel(setting, `cold at ${at}`);
  const scanned = orderOf(cold.scan(at));
  const shortlist = new Panel(setting, `shortlist at ${at}`);
  const nearest = sortedBy(estimates).slice(0, SHORTLIST);
  const once = (metric: string) => sortedBy(PROVIDERS.map((_, index) => medianOf(cold.attempts(index), metric)));
  return {
    random: first(random.shuffled([...PROVIDERS.keys()])),
    original: first(originalOrder(setting, at, random)),
    hops: first(sortedBy(hops)),
    coordinates: first(sortedBy(estimates)),
    rtt: first(task === 'chat' ? sortedBy(pathTimes(setting, at, random)) : once('rtt')),
    // Of a type that does not weigh it: anybody.
    width: first(once('width')),
    ttfb: first(once(FIRST[task])),
    cold: first(scanned),
    coldBadge: { chosen: cold.badge ?? 0, order: scanned },
    shortlist: first(orderOf(shortlist.scan(at, nearest))),
    oracle: first(oracle(setting, at)),
  };
}

/** Of a type whose probe makes no connection: one ping each. */
function pathTimes({ world, user }: Setting, at: number, random: Random): number[] {
  return PROVIDERS.map((_, provider) => {
    const { reachable, rtt } = world.at(user, provider, at);
    return reachable ? rtt * random.spread(TABLE.noise.rtt) : Number.POSITIVE_INFINITY;
  });
}

/** One broadcast: what each node's acknowledgement took, as the original counts it; no acknowledgement, no score. */
function originalOrder({ world, user }: Setting, at: number, random: Random): number[] {
  const delays = gossipDelays(TABLE.nodes, random);
  const scores = PROVIDERS.map((_, provider) => {
    const { reachable, rtt } = world.at(user, provider, at);
    return reachable ? originalScore((delays[provider + 1] as number) + rtt) : null;
  });
  return sortedBy(scores.map((score) => -(score ?? -1)));
}

/** Rules that look at what was measured in the background. */
function keptRules(
  setting: Setting,
  at: number,
  { planned, full }: Keepers,
  rows: readonly Ranked[],
): Pick<Choices, Kept> {
  const { metrics } = setting.type;
  const marks = markTable(
    metrics,
    PROVIDERS.map((_, index) => planned.panel.attempts(index)),
  );
  const order = orderOf(rows);
  const badge = rows.findIndex(({ recommended }) => recommended);
  return {
    medians: first(byMedians(metrics, marks)),
    mean: first(byMean(metrics, marks)),
    topsis: first(byTopsis(metrics, marks)),
    budget: first(order),
    badge: { chosen: order[Math.max(badge, 0)] as number, order },
    full: first(orderOf(full.until(at))),
  };
}

function boundsOf(setting: Setting, panel: Panel, { provider, low, high, attempts }: Ranked, at: number): Bounds {
  const index = indexOf(provider.id);
  const next = nextDayScore(setting, index, at);
  const [least, most] = [Number(low), Number(high)];
  const plainWidth = plainWidthOf(panel.marks(index, at));
  return { looks: attempts, width: most - least, plainWidth, isBelow: next < least, isAbove: next > most };
}

/** The score that the next day earns, from a probe each half hour of those in which the program measures. */
export function nextDayScore({ world, task, type, user, seed }: Setting, provider: number, at: number): number {
  const { id } = PROVIDERS[provider] as Provider;
  const random = new Random(seed, user, task, id, at, 'next day');
  const attempts = NEXT_DAY.filter((later) => isDaytime(EPOCH + at + later)).map((later) =>
    probeOnce({
      ...{ task, type, provider: id, at, random },
      state: world.at(user, provider, at + later),
    }),
  );
  return nextScore(type.metrics, attempts);
}

/** What these attempts alone are worth, without doubt or forgetting. */
export function nextScore(metrics: readonly Metric[], attempts: readonly Attempt[]): number {
  const logs = metrics.map((metric) => {
    const curve = toCurve(metric);
    const marks = attempts.flatMap((attempt) => {
      if (attempt.reason !== null) return 0;
      if (metric.id === 'answers') return 1;
      const values = attempt.samples.filter((sample) => sample.metric === metric.id).map(({ value }) => curve(value));
      return values.length === 0 ? [] : values.reduce((sum, mark) => sum + mark, 0) / values.length;
    });
    const typical = metric.id === 'answers' ? toPlain : toMiddle;
    const { mean } = typical(marks.map((mark) => ({ mark, weight: 1 })));
    return marks.length === 0 ? 0 : metric.weight * Math.log(Math.max(mean, 0.02));
  });
  return 100 * Math.exp(logs.reduce((sum, log) => sum + log, 0));
}

/** Normal quantile of an 80 % interval. */
const Z = 1.28;

/** Each mark's own interval (Wilson, 1927) by the number of its looks, joined as marks are. */
function plainWidthOf(marks: readonly Mark[]): number {
  const end = (sign: 1 | -1) =>
    100 *
    Math.exp(
      marks.reduce((sum, { metric, mark, count }) => {
        const spread = (Z * Z) / count;
        const half = Math.sqrt(spread * mark * (1 - mark) + (spread * spread) / 4);
        return sum + metric.weight * Math.log(Math.max((mark + spread / 2 + sign * half) / (1 + spread), 0.02));
      }, 0),
    );
  return Math.min(100, end(1)) - end(-1);
}
