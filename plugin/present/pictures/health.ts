/** How a community's services fared: the share that worked on each day, and who is new or gone this week. */
import { DAY_MS, dayOf } from '../../lib/time.js';
import type { Ranked } from '../../model/ranked.js';
import type { TypeHealth } from '../../store/index.js';
import type { Words } from '../i18n.js';
import { isReachable, isWorking } from '../row.js';

/** Days of a strip, and those of a week. */
export const STRIP_DAYS = 90;
const WEEK = 7;

/** The strip's own units: a stroke a day, as high as the share that worked. */
const STROKE = 4;
const HEIGHT = 24;
/** The share from which a day counts as good, and as half good. */
const GOOD = 0.8;
const FAIR = 0.5;

const KEYS = {
  worked: { newest: 'health.newest', label: 'health.label' },
  answered: { newest: 'health.answered.newest', label: 'health.answered.label' },
} as const;

export const stripSince = (now: number) => (dayOf(now) - STRIP_DAYS + 1) * DAY_MS;

/**
 * A type's strip; null where nothing was measured in that time.
 * @param ranked the providers that are announced now
 */
export function stripModel(health: TypeHealth | undefined, ranked: readonly Ranked[], words: Words, now: number) {
  const last = health?.days.at(-1);
  if (!health || !last) return null;
  const listed = ranked.map(({ provider }) => provider.id);
  // Days count answers: where of somebody no more is known than that, nobody is said to have worked.
  const said = ranked.every((row) => isWorking(row) || !isReachable(row)) ? KEYS.worked : KEYS.answered;
  const today = dayOf(now);
  const first = today - STRIP_DAYS + 1;
  const paths = { good: '', fair: '', poor: '' };
  for (const { day, tried, working } of health.days) {
    const share = working / tried;
    const height = Math.max(3, Math.round(share * HEIGHT));
    paths[share >= GOOD ? 'good' : share >= FAIR ? 'fair' : 'poor'] +=
      `M${(day - first) * STROKE + 2} ${HEIGHT}v-${height}`;
  }
  const tried = health.days.reduce((sum, day) => sum + day.tried, 0);
  const working = health.days.reduce((sum, day) => sum + day.working, 0);
  return {
    ...{ width: STRIP_DAYS * STROKE, height: HEIGHT, paths },
    ...changes(health, listed, today),
    providers: listed.length,
    newest: words.t(said.newest, {
      working: last.working,
      count: last.tried,
      day: words.shortDay(last.day * DAY_MS),
    }),
    label: words.t(said.label, { count: health.days.length, share: words.measure(working / tried, 'share') }),
  };
}

/** In a type that was measured for less than a week everybody would be new. */
function changes({ days, tried }: TypeHealth, listed: readonly string[], today: number) {
  const isOld = (days[0]?.day ?? today) <= today - WEEK;
  const now = new Set(listed);
  return {
    added: isOld ? listed.filter((id) => (tried.get(id)?.first ?? 0) > today - WEEK).length : 0,
    gone: [...tried].filter(([id, { last }]) => last > today - WEEK && !now.has(id)).length,
  };
}
