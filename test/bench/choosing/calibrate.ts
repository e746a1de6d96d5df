/**
 * How wide the interval must be: made-up histories of so many looks so far apart, against the next day's score, in
 * communities that are not reported. `node dist/bench-choosing-calibrate.mjs [first seed] [seeds]`
 */
import type { Attempt } from '../../../plugin/model/attempt.js';
import { isDaytime } from '../../../plugin/scan/plan.js';
import { type Digest, toDigest } from '../../../plugin/score/digest.js';
import { CALIBRATION, logBounds } from '../../../plugin/score/doubt.js';
import { scoreAt } from '../../../plugin/score/index.js';
import { toMark } from '../../../plugin/score/mark.js';
import docker from '../../../plugin/services/Docker/index.js';
import dns from '../../../plugin/services/dnsservice/index.js';
import syncthing from '../../../plugin/services/syncthing/index.js';
import { nextDayScore } from './life.js';
import { EPOCH, type Setting } from './panel.js';
import { probeOnce } from './probe.js';
import { Random } from './random.js';
import { FIRST_DECISION, HOUR, TABLE } from './table.js';
import { TASKS } from './tasks.js';
import { World } from './world.js';

const TYPES = { web: docker, sync: syncthing, chat: dns };
const LOOKS = [1, 2, 3, 5, 10, 20, 40];
const GAPS = [1 / 60, 1, 3, 8];

const [first = 1001, count = 3] = process.argv.slice(2).map(Number);
interface Case {
  readonly task: string;
  readonly looks: number;
  readonly gap: number;
  readonly digest: Digest;
  readonly now: number;
  readonly next: number;
}

function* cases(seed: number): Generator<Case> {
  const world = new World(seed);
  const random = new Random(seed, 'calibrate');
  for (const task of TASKS)
    for (let user = 0; user < 4; user++)
      for (const looks of LOOKS)
        for (const gap of GAPS)
          for (let draw = 0; draw < 3; draw++) {
            const type = TYPES[task];
            const provider = random.below(TABLE.providers);
            const at = FIRST_DECISION + Math.floor(random.next() * 6) * 24 * HOUR + (9 + random.below(15)) * HOUR;
            const attempts: Attempt[] = [];
            for (let time = at; attempts.length < looks && time > 0; time -= gap * HOUR * (0.5 + random.next())) {
              if (!isDaytime(EPOCH + time)) continue;
              attempts.push(
                probeOnce({
                  ...{ task, type, provider: `p${provider}`, at: EPOCH + time, random },
                  state: world.at(user, provider, time),
                }),
              );
            }
            const digest = toDigest(type, attempts, EPOCH + at);
            if (digest.closed) continue;
            const setting: Setting = { world, task, type, seed, user, estimates: [] };
            yield { task, looks, gap, digest, now: EPOCH + at, next: nextDayScore(setting, provider, at) };
          }
}

const all = Array.from({ length: count }, (_, nth) => [...cases(first + nth)]).flat();

function judge(list: readonly Case[], calibration: typeof CALIBRATION) {
  let [below, above, width] = [0, 0, 0];
  for (const { task, digest, now, next } of list) {
    const type = TYPES[task as keyof typeof TYPES];
    const marks = type.metrics.flatMap((metric, index) => {
      const tally = digest.tallies[index];
      return tally ? toMark(metric, tally, now - digest.at) : [];
    });
    const bounds = logBounds(marks, calibration);
    const score = scoreAt(type, digest, now).score ?? 0;
    const low = Math.min(score, 100 * Math.exp(bounds.below));
    const high = Math.min(100, Math.max(score, 100 * Math.exp(bounds.above)));
    below += Number(next < low - 0.5);
    above += Number(next > high + 0.5);
    width += high - low;
  }
  const of = (sum: number) => sum / list.length;
  return { coverage: 1 - of(below + above), below: of(below), above: of(above), width: of(width) };
}

const show = ({ coverage, below, above, width }: ReturnType<typeof judge>) =>
  `${coverage.toFixed(2)} (−${below.toFixed(2)} +${above.toFixed(2)}) ${width.toFixed(0).padStart(3)}`;

function print(calibration: typeof CALIBRATION) {
  console.log(JSON.stringify(calibration));
  for (const task of TASKS)
    for (const gap of GAPS) {
      const row = LOOKS.map((looks) =>
        show(
          judge(
            all.filter((one) => one.task === task && one.gap === gap && one.looks === looks),
            calibration,
          ),
        ),
      );
      console.log(task.padEnd(5), gap.toFixed(2).padStart(5), row.join(' | '));
    }
}
print(CALIBRATION);

let best: { loss: number; calibration: typeof CALIBRATION }[] = [];
const groups = TASKS.flatMap((task) =>
  GAPS.flatMap((gap) =>
    LOOKS.map((looks) => all.filter((one) => one.task === task && one.gap === gap && one.looks === looks)),
  ),
).filter((list) => list.length > 0);
for (const assumed of [0.03, 0.05, 0.07, 0.1])
  for (const assumedCount of [2, 4, 8, 16])
    for (const drift of [0, 0.05, 0.1])
      for (const together of [0, 0.2, 0.4]) {
        const calibration = { assumed, assumedCount, drift, together };
        const loss = groups.reduce((sum, list) => {
          const { coverage, width } = judge(list, calibration);
          return sum + (100 * (coverage - 0.83)) ** 2 + 0.3 * width;
        }, 0);
        best.push({ loss: loss / groups.length, calibration });
      }
best = best.sort((a, b) => a.loss - b.loss).slice(0, 6);
for (const { loss, calibration } of best) console.log(loss.toFixed(1), JSON.stringify(calibration));
print((best[0] as (typeof best)[0]).calibration);
