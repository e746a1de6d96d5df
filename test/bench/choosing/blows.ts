/** What a user meets when the provider they rely on breaks, and how soon the recommendation leaves it. */

import { judge } from './judge.js';
import { Full, Planned } from './keepers.js';
import { type Keepers, oracle, orderOf, timesAt } from './life.js';
import { type Panel, PROVIDERS, type Setting } from './panel.js';
import { Random } from './random.js';
import { HOUR, isWaking, LAST_DECISION, TABLE } from './table.js';
import type { Blow, Struck } from './world.js';

/** In the order of the clock: the gateway fails at night. */
export const EVENTS = ['gateway', 'gone', 'dies', 'moves', 'overloaded'] as const;
export type Event = (typeof EVENTS)[number];

/** Quality of the choices after the event, and how the badge moved. */
export interface Aftermath {
  readonly badge: number[];
  readonly full: number[];
  readonly oracle: number[];
  /** Scans of a person, one an hour, until the badge has left what cannot be reached; of those that were on such. */
  readonly scans: number[];
  /** The same by background probes alone: hours. */
  readonly hours: number[];
}

/** `gone` is a death that Serf tells of; one of the service alone is told by nobody. */
const blowOf = (event: Exclude<Event, 'gateway'>): Blow => (event === 'gone' ? 'dies' : event);

/** Hours after the event at which people choose. */
const LOOKS = [4, 8, 12, 24];
/** More scans or hours than these are not waited for. */
const MOST_SCANS = 6;
const MOST_HOURS = 48;

/** Lets the event happen to copies of both panels, which measure until then. `setting` with the world of the event. */
export function strike(setting: Setting, event: Event, { planned, full }: Keepers): Aftermath {
  const { at, gateway } = TABLE.events;
  const from = LAST_DECISION + (event === 'gateway' ? gateway.from : at) * HOUR;
  planned.until(from);
  full.until(from);
  const badge = planned.panel.badge ?? 0;
  const struck: Struck | null = event === 'gateway' ? null : { provider: badge, blow: blowOf(event), from };
  const fork = (panel: Panel, word: string) => {
    const copy = panel.fork(`${word} ${event}`, setting.world);
    copy.struck = struck;
    return copy;
  };
  const random = new Random(setting.seed, setting.user, setting.task, event);
  const follows = fork(planned.panel, 'planned');
  // A node in another place was away, and Serf tells of its return. Of the others nobody tells anything.
  if (event === 'moves') follows.returned(badge, from);
  if (event === 'gone') follows.lost(badge, from);
  const keepers = {
    planned: new Planned(follows, random, from),
    full: new Full(fork(full.panel, 'full'), from),
  };
  const after: Aftermath = { badge: [], full: [], oracle: [], scans: [], hours: [] };
  for (const at of LOOKS.map((hours) => from + hours * HOUR).filter(isWaking)) {
    const times = timesAt(setting, at, struck);
    const order = orderOf(keepers.planned.until(at));
    const [best = 0] = orderOf(keepers.full.until(at));
    const [known = 0] = oracle(setting, at, struck);
    after.badge.push(judge(keepers.planned.panel.badge ?? 0, order, times).quality);
    after.full.push(judge(best, order, times).quality);
    after.oracle.push(judge(known, order, times).quality);
  }
  if (isGone(setting, badge, from, struck)) {
    after.scans.push(scansUntilLeft(fork(planned.panel, 'scans'), badge, from));
    const told = fork(planned.panel, 'hours');
    if (event === 'gone') told.lost(badge, from);
    after.hours.push(hoursUntilLeft(told, badge, from, random));
  }
  return after;
}

/**
 * Whether the user cannot reach it for as long as is looked, but others: what comes back by itself need not be left, and
 * who is cut off from all has nowhere to go.
 */
function isGone({ world, user }: Setting, provider: number, from: number, struck: Struck | null): boolean {
  const hours = Array.from({ length: MOST_SCANS + 1 }, (_, hour) => from + hour * HOUR);
  const reaches = (one: number, at: number) => world.at(user, one, at, struck).reachable;
  return hours.every((at) => !reaches(provider, at) && [...PROVIDERS.keys()].some((one) => reaches(one, at)));
}

function scansUntilLeft(panel: Panel, badge: number, from: number): number {
  for (let scan = 1; scan <= MOST_SCANS; scan++) {
    panel.scan(from + scan * HOUR);
    if (panel.badge !== badge) return scan;
  }
  return MOST_SCANS;
}

function hoursUntilLeft(panel: Panel, badge: number, from: number, random: Random): number {
  if (panel.badge !== badge) return 0;
  const keeper = new Planned(panel, random, from);
  for (let hour = 0.5; hour <= MOST_HOURS; hour += 0.5) {
    keeper.until(from + hour * HOUR);
    if (panel.badge !== badge) return hour;
  }
  return MOST_HOURS;
}
