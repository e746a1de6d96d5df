/** The report: one table for people, and the files that go with it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENTS } from './blows.js';
import { RULES, type Rule } from './life.js';
import { type Estimate, type Mark, marksOf, meanOver, overSeeds, qualityOf } from './marks.js';
import type { Original } from './original.js';
import { curves, dots } from './plots.js';
import type { Outcome, SeedOutcome, Stressed, StressOutcome } from './seed.js';
import type { Stress } from './table.js';
import { TASKS } from './tasks.js';

const NAMES: Readonly<Record<Rule, string>> = {
  random: 'any',
  original: 'the original’s scan',
  hops: 'fewest hops',
  coordinates: 'coordinates',
  rtt: 'round trip now',
  width: 'width of the path now',
  ttfb: 'first answer now',
  medians: 'plain medians',
  mean: 'arithmetic mean',
  topsis: 'TOPSIS',
  cold: 'first scan, first of list',
  coldBadge: 'first scan, recommended',
  shortlist: 'scan of 5 nearest',
  budget: 'by plan, first of list',
  badge: 'by plan, recommended',
  full: 'all, every hour',
  oracle: 'knowing the present',
};
export const TITLES = { web: 'page of 1 MB', sync: '40 MB of files', chat: 'small question' };
const WORSE: Readonly<Record<Stress, string>> = {
  noise: 'round trips and servers that vary by σ = 0.64',
  train: 'trains of pings that tell little of the width',
  hops: 'hops ten times as long',
};
const BEFALLS = {
  gateway: 'a gateway fails for 15 h 50 min',
  gone: 'the recommended one dies, and Serf tells',
  dies: 'the recommended one dies, and nobody tells',
  moves: 'the recommended one moves',
  overloaded: 'the recommended one is overloaded five times',
};
const STRESSED = ['coldBadge', 'badge', 'medians', 'oracle'] as const satisfies readonly Rule[];
const DRAWN = ['random', 'original', 'rtt', 'coldBadge', 'badge', 'oracle'] as const satisfies readonly Rule[];

export interface Findings {
  readonly seeds: readonly SeedOutcome[];
  /** Empty where there is no Serf. */
  readonly originals: readonly Original[];
  /** The choice in worse worlds. */
  readonly worse: { readonly stress: Stress; readonly seeds: readonly StressOutcome[] }[];
}

export function reportOf({ seeds, originals, worse }: Findings): string {
  return [
    `# Choosing among ${TASKS.length} × 20 simulated providers: ${seeds.length} communities`,
    'Quality is the task time of the best provider by that of the chosen one, over the next 24 waking hours; 95 % intervals over the communities.',
    qualityTable(seeds),
    ...(worse.length > 0 ? [worseTable(worse)] : []),
    wholeDayTable(seeds),
    orderTable(seeds),
    steadinessTable(seeds),
    costTable(seeds),
    boundsTable(seeds),
    eventTable(seeds),
    ...(originals.length > 0 ? [originalTable(originals)] : []),
    markTable(marksOf(seeds)),
  ].join('\n\n');
}

/** Writes report and drawings into the folder. */
export function writeReport(folder: string, findings: Findings): void {
  mkdirSync(folder, { recursive: true });
  const { seeds } = findings;
  const qualities = TASKS.map((task) => ({
    title: TITLES[task],
    rows: RULES.map((rule) => ({ name: NAMES[rule], ...overSeeds(seeds, qualityOf(task, rule)) })),
  }));
  const regrets = TASKS.map((task) => ({
    title: TITLES[task],
    rows: DRAWN.map((rule) => ({ name: NAMES[rule], values: seeds.flatMap((seed) => seed[task].regrets[rule]) })),
  }));
  writeFileSync(join(folder, 'report.md'), `${reportOf(findings)}\n`);
  writeFileSync(join(folder, 'quality.svg'), dots('Quality of the choice (1 = the best there was)', qualities));
  writeFileSync(join(folder, 'regret.svg'), curves('Share of decisions that lose at most so much time', regrets));
}

export const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
export const two = (value: number) => (Number.isFinite(value) ? value.toFixed(2) : '–');
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (value: number) => `${(100 * value).toFixed(0)} %`;

function qualityTable(seeds: readonly SeedOutcome[]): string {
  const rows = RULES.map((rule) => [
    NAMES[rule],
    ...TASKS.map((task) => interval(overSeeds(seeds, qualityOf(task, rule)))),
  ]);
  return table(['quality', ...TASKS.map((task) => TITLES[task])], rows);
}

/** Where the night counts, in which the plan does not look. */
function wholeDayTable(seeds: readonly SeedOutcome[]): string {
  const rows = RULES.map((rule) => [
    NAMES[rule],
    ...TASKS.map((task) =>
      interval(
        overSeeds(
          seeds,
          meanOver(task, ({ wholeDay }) => wholeDay[rule]),
        ),
      ),
    ),
  ]);
  return table(['quality over all 24 hours', ...TASKS.map((task) => TITLES[task])], rows);
}

/** What the recommendation costs beside the first of its list, and of what. */
function steadinessTable(seeds: readonly SeedOutcome[]): string {
  const row = (name: string, of: (outcome: Outcome) => number) => [
    name,
    ...TASKS.map((task) => interval(overSeeds(seeds, meanOver(task, of)))),
  ];
  return table(
    ['the recommendation by plan', ...TASKS.map((task) => TITLES[task])],
    [
      row('changes in a week', ({ changes }) => changes),
      row('task time by that of the first of the list', ({ stickiness }) => stickiness),
      row('of that, for holding still', ({ holding }) => holding),
      row('of that, for spreading over equals', ({ stickiness, holding }) => stickiness / holding),
      row('width of the 80 % interval, points', ({ width }) => width),
      row('of Wilson’s interval of each mark alone', ({ plainWidth }) => plainWidth),
    ],
  );
}

export const interval = ({ value, low, high }: Estimate) => `${two(value)} (${two(low)}–${two(high)})`;

/** In worse worlds, with fewer communities and users. */
function worseTable(worse: Findings['worse']): string {
  const rows = worse.map(({ stress, seeds }) => [
    `${WORSE[stress]}: ${seeds.length} communities`,
    ...TASKS.map((task) => {
      const of = (key: keyof Stressed) =>
        interval(overSeeds(seeds, (sample) => mean(sample.map((seed) => seed[task][key]))));
      return [...STRESSED.map(of), of('coverage')].join(' · ');
    }),
  ]);
  const head = `quality: ${STRESSED.map((rule) => NAMES[rule]).join(' · ')} · next day’s scores within the 80 % interval`;
  return table([head, ...TASKS.map((task) => TITLES[task])], rows);
}

/** Regret percentiles, share near the best, and how good the whole order is. */
function orderTable(seeds: readonly SeedOutcome[]): string {
  const rows = RULES.map((rule) => [
    NAMES[rule],
    ...TASKS.map((task) => {
      const lost = seeds.flatMap((seed) => seed[task].regrets[rule]).sort((a, b) => a - b);
      const at = (share: number) => percent(lost[Math.floor(share * lost.length)] ?? Number.NaN);
      const of = (key: 'near' | 'ndcg' | 'tau') => two(meanOver(task, ({ rules }) => rules[rule][key])(seeds));
      return `${at(0.5)}, ${at(0.9)} · ${of('near')} · ${of('ndcg')} · ${of('tau')}`;
    }),
  ]);
  const head = 'time lost at the median and at p90 · within 20 % · NDCG@3 · τ-b';
  return table([head, ...TASKS.map((task) => TITLES[task])], rows);
}

function costTable(seeds: readonly SeedOutcome[]): string {
  const row = (name: string, of: (outcome: Outcome) => string) => [
    name,
    ...TASKS.map((task) => of(meanOutcome(seeds, task))),
  ];
  return table(
    ['per user and day', ...TASKS.map((task) => TITLES[task])],
    [
      row(
        'by plan',
        ({ probesPerDay, bytesPerDay }) => `${probesPerDay.budget.toFixed(0)} probes, ${kB(bytesPerDay.budget)}`,
      ),
      row(
        'all, every hour',
        ({ probesPerDay, bytesPerDay }) => `${probesPerDay.full.toFixed(0)} probes, ${kB(bytesPerDay.full)}`,
      ),
    ],
  );
}

/** How calibrated the doubt is: nominal 80 %, by the number of attempts behind the score. */
function boundsTable(seeds: readonly SeedOutcome[]): string {
  const [first] = seeds;
  const rows = (first?.web.bounds ?? []).map(({ looks }, nth) => [
    `up to ${looks} attempts`,
    ...TASKS.map((task) => {
      const groups = seeds.flatMap((seed) => seed[task].bounds[nth] ?? []).filter(({ count }) => count > 0);
      const total = groups.reduce((sum, { count }) => sum + count, 0);
      const of = (key: 'below' | 'above' | 'width') =>
        groups.reduce((sum, group) => sum + group[key] * group.count, 0) / total;
      return `${percent(1 - of('below') - of('above'))} (${percent(of('below'))}, ${percent(of('above'))}) · ${of('width').toFixed(0)}`;
    }),
  ]);
  const head = 'next day’s scores within the 80 % interval (below it, above it) · its width in points';
  return table([head, ...TASKS.map((task) => TITLES[task])], rows);
}

const kB = (bytes: number) => `${(bytes / 1_000).toFixed(0)} kB`;
/** Costs hardly differ between communities: the first speaks for all. */
const meanOutcome = (seeds: readonly SeedOutcome[], task: (typeof TASKS)[number]) => (seeds[0] as SeedOutcome)[task];

function eventTable(seeds: readonly SeedOutcome[]): string {
  const rows = EVENTS.map((event) => [
    BEFALLS[event],
    ...TASKS.map((task) => {
      const of = (key: 'badge' | 'full' | 'oracle' | 'scans' | 'hours') =>
        two(meanOver(task, ({ events }) => events[event][key])(seeds));
      return `${of('badge')} · ${of('full')} · ${of('oracle')} · ${of('scans')} · ${of('hours')}`;
    }),
  ]);
  const lied = [
    '30 % of providers favour short probes; after one honest star each',
    ...TASKS.map((task) => {
      const of = (key: 'liars' | 'liarsRated') => two(meanOver(task, (outcome) => outcome[key])(seeds));
      return `${of('liars')} · ${of('liarsRated')}`;
    }),
  ];
  const head =
    'quality over the next day: recommended · all hourly · present known · scans until left · hours until left';
  return table([head, ...TASKS.map((task) => TITLES[task])], [...rows, lied]);
}

function originalTable(originals: readonly Original[]): string {
  const rows = originals.map(({ agents, scans, original, ours }) => [
    `${agents} agents, ${scans} scans`,
    ...[original, ours].map(({ truth, retest, first }) => `${two(truth)} · ${two(retest)} · ${two(first)}`),
  ]);
  const head = 'real Serf agents behind relays: Spearman with the true order · between two scans · nearest found';
  return table([head, 'the original’s scan', 'ours'], rows);
}

export function markTable(marks: readonly Mark[]): string {
  const rows = marks.map(({ name, value, low, high, mark, holds }) => [
    `${holds ? '✓' : '✗'} ${name}`,
    interval({ value, low, high }),
    `${mark}`,
  ]);
  return table(['', 'value', 'mark'], rows);
}
