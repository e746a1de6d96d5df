/** What to measure next: pure, so that the simulation can prove the very code that the scheduler runs. */

/** A provider that may be probed, as the choice sees it. */
export interface Candidate {
  readonly id: string;
  readonly type: string;
  /** Newest attempt, ms since the epoch; null = never. */
  readonly measuredAt: number | null;
  /** Whether any of its newest attempts answered; when left out, whether there was one. */
  readonly answered?: boolean;
  /** Where it is: several may be at one place. A place of its own when left out. */
  readonly host?: string;
  /**
   * Newest background probe of a provider that had never answered and claimed the same place or announcer, even one gone
   * since, ms since the epoch; null = never.
   */
  readonly claimedAt?: number | null;
  /** When it was last asked only whether its door is open, ms since the epoch; null = never. */
  readonly knockedAt?: number | null;
  /** Failures in a row, counted from the newest attempt. */
  readonly failures: number;
  readonly score: number | null;
  /** Upper bound of the score: what it may be worth at best. */
  readonly high: number | null;
  readonly recommended: boolean;
  /** Round-trip time guessed from Serf's coordinates, ms; null = unknown. */
  readonly estimate: number | null;
  /** How far the network's routing daemon sees it: larger is farther; unknown when left out. */
  readonly distance?: number | undefined;
  /** Shortest time between two background probes of it, ms. */
  readonly gapMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** People rely on the recommended provider: it is probed more often than the rest, unless probing its type is a burden. */
const PICK_GAP_MS = 2 * HOUR;
const USUAL_GAP_MS = 3 * HOUR;
/** Where it has failed, the next probe decides whether it is left: sooner would leave it for every short outage. */
const FAILED_GAP_MS = 30 * MINUTE;

/** Local hours of a day in which to measure: 0 ≤ from ≤ 23, 1 ≤ to ≤ 24. Where `to` is not the later one, over midnight. */
export interface Hours {
  readonly from: number;
  readonly to: number;
}

/** Before 9, hardly anybody uses services; not earlier, in case the clock is set to another zone. */
export const USUAL_HOURS: Hours = { from: 9, to: 24 };

/** Each failure in a row beyond these doubles the wait, up to a day. */
const PATIENCE = 3;
const MAX_WAIT_MS = 24 * HOUR;

/** Share of the probes that goes to the stalest provider. */
const STALEST_SHARE = 0.1;
/**
 * Share of the probes that goes to the stalest one that has failed since it last answered: out of the ranking, it promises
 * nothing, and the best of all would stay out for days after an outage of hours.
 */
const RETRY_SHARE = 0.3;
/** Share of the probes that goes, of those that may be the best for all that is known, to the stalest: it may have become so. */
const HOPEFUL_SHARE = 0.3;
/**
 * Share of the probes that providers which never answered get together while any other is due: strangers may make up any
 * number of them, under any number of names and addresses.
 */
const NEWCOMERS_SHARE = 0.2;

/** Nobody stays unmeasured for a week, as far as the probes suffice; a day of it is left as a margin. */
const MAX_UNMEASURED_MS = 6 * 24 * HOUR;
/** Time that one probe of a queue takes, nights included, ms: the scheduler's mean pause, with a fifth to spare. */
const slotMs = ({ from, to }: Hours) => (36 * MINUTE * 24) / (to > from ? to - from : to + 24 - from);

/**
 * Whether background probes are worth their bytes at `now` (ms since the epoch, by the local clock): from 9 to midnight,
 * unless the owner chose other hours. A provider that is off or quick only at night would be judged by hours in which nobody
 * needs it.
 */
export function isDaytime(now: number, { from, to }: Hours = USUAL_HOURS): boolean {
  const hour = new Date(now).getHours();
  return to > from ? hour >= from && hour < to : hour >= from || hour < to;
}

/**
 * The provider to probe now; null when none is due. In this order, of those that ever answered: one that would otherwise wait
 * longer than a week; for a tenth of the draws the stalest; for three tenths the stalest that has failed, which may be back;
 * the recommended ones; for the same three tenths the stalest that may be the best of its type; then the one that may gain
 * most on it, since old data widens what it may be worth. For a fifth of the draws, and when none of those is due, one that
 * never answered: its place and announcer tried longest ago, the nearest first. All at one place have one turn.
 * Deterministic but for one draw. `now` in ms since the epoch, `random` gives 0 ≤ x < 1; `hours` are those of the probes.
 */
export function chooseNext(
  candidates: readonly Candidate[],
  now: number,
  random: () => number,
  hours: Hours = USUAL_HOURS,
): Candidate | null {
  const draw = random();
  const rested = candidates.filter((candidate) => elapsed(candidate.measuredAt, now) >= waitMs(candidate));
  const known = restedHosts(candidates, rested, now).sort((a, b) => byAge(a, b, now));
  const newcomers = rested.filter(
    (candidate) => !hasAnswered(candidate) && elapsed(candidate.claimedAt ?? null, now) >= candidate.gapMs,
  );
  if (isLate(known, now, slotMs(hours))) return known[0] ?? null;
  if (known.length === 0 || (newcomers.length > 0 && draw >= 1 - NEWCOMERS_SHARE)) return first(newcomers, now);
  const [stalest = null] = known;
  if (draw < STALEST_SHARE) return stalest;
  const failed = known.find(({ failures }) => failures > 0);
  if (failed && draw < STALEST_SHARE + RETRY_SHARE) return failed;
  const recommended = known.find((candidate) => candidate.recommended);
  if (recommended) return recommended;
  const promise = promises(candidates);
  const hopeful = known.find((candidate) => promise(candidate) >= 0);
  if (hopeful && draw < STALEST_SHARE + HOPEFUL_SHARE) return hopeful;
  return mostPromising(known, promise) ?? stalest;
}

/**
 * A recommended provider whose type is probed rarely, and that was neither probed nor knocked at for as long as others are
 * left alone: people rely on it in the meantime.
 */
export function chooseKnock(candidates: readonly Candidate[], now: number): Candidate | null {
  const isDue = ({ recommended, gapMs, measuredAt, knockedAt = null }: Candidate) =>
    recommended && gapMs > USUAL_GAP_MS && [measuredAt, knockedAt].every((at) => elapsed(at, now) >= PICK_GAP_MS);
  return candidates.find(isDue) ?? null;
}

const hasAnswered = ({ answered, measuredAt }: Candidate) => answered ?? measuredAt !== null;

/**
 * Those due that have answered, and whose place has had no other probe lately; a recommended one does not wait for those
 * beside it.
 */
function restedHosts(all: readonly Candidate[], rested: readonly Candidate[], now: number): Candidate[] {
  const youngest = new Map<string, number>();
  for (const candidate of all) {
    if (!hasAnswered(candidate)) continue;
    const host = place(candidate);
    youngest.set(host, Math.min(youngest.get(host) ?? Number.POSITIVE_INFINITY, elapsed(candidate.measuredAt, now)));
  }
  const isRested = (candidate: Candidate) => (youngest.get(place(candidate)) ?? 0) >= candidate.gapMs;
  return rested.filter((candidate) => hasAnswered(candidate) && (candidate.recommended || isRested(candidate)));
}

const place = ({ host, id, type }: Candidate) => `${type} ${host ?? id}`;

/** Of those that never answered. */
function first(newcomers: readonly Candidate[], now: number): Candidate | null {
  const order = (a: Candidate, b: Candidate) =>
    compare(elapsed(b.claimedAt ?? null, now), elapsed(a.claimedAt ?? null, now)) || byAge(a, b, now);
  return newcomers.reduce<Candidate | null>(
    (best, candidate) => (best === null || order(candidate, best) < 0 ? candidate : best),
    null,
  );
}

/** A time in the future, from a clock set back since, counts by its distance: nobody waits for a month to go by. */
const elapsed = (at: number | null, now: number) => (at === null ? Number.POSITIVE_INFINITY : Math.abs(now - at));

/** How long it is left alone after a probe, ms. */
function waitMs({ recommended, failures, gapMs }: Candidate): number {
  // A failure costs the other side nothing.
  const isOften = recommended && (gapMs <= USUAL_GAP_MS || failures > 0);
  const gap = isOften ? Math.min(gapMs, failures > 0 ? FAILED_GAP_MS : PICK_GAP_MS) : gapMs;
  // The exponent is capped only to stay finite.
  const backOff = 2 ** Math.min(Math.max(0, failures - PATIENCE), 30);
  return Math.max(gap, Math.min(gap * backOff, MAX_WAIT_MS));
}

/** Never measured first, the nearest of them first, then the oldest; equal ones by id. */
function byAge(a: Candidate, b: Candidate, now: number): number {
  return (
    compare(elapsed(b.measuredAt, now), elapsed(a.measuredAt, now)) ||
    (a.measuredAt === null ? compareWays(a, b) : 0) ||
    compare(a.id, b.id)
  );
}

/** By the time that Serf guesses, then by what the network sees; unknown ones after all known. */
const compareWays = (a: Candidate, b: Candidate) =>
  compare(a.estimate ?? Number.MAX_VALUE, b.estimate ?? Number.MAX_VALUE) ||
  compare(a.distance ?? Number.MAX_VALUE, b.distance ?? Number.MAX_VALUE);

const compare = <T extends number | string>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);

/** Whether one of them, oldest first, would be late if all before it went first. */
function isLate(known: readonly Candidate[], now: number, slot: number): boolean {
  return known.some(({ measuredAt }, ahead) => elapsed(measuredAt, now) > MAX_UNMEASURED_MS - ahead * slot);
}

/**
 * What each may gain at best, points: against the best score of its own type, so that no type is probed more only because
 * its scores are higher.
 */
function promises(all: readonly Candidate[]): (candidate: Candidate) => number {
  const best = new Map<string, number>();
  for (const { type, score } of all) best.set(type, Math.max(best.get(type) ?? 0, score ?? 0));
  return ({ type, high }) => (high === null ? Number.NEGATIVE_INFINITY : high - (best.get(type) ?? 0));
}

function mostPromising(known: readonly Candidate[], promise: (candidate: Candidate) => number): Candidate | null {
  let found: Candidate | null = null;
  for (const candidate of known) if (found === null || promise(candidate) > promise(found)) found = candidate;
  return found;
}
