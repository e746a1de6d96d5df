/** The last months of a provider: charts, the table behind them, and this node's own absences. */
import { DAY_MS, dayOf } from '../lib/time.js';
import type { Store } from '../store/index.js';
import { dayModels, HEIGHT, toCharts, WIDTH } from './chart.js';
import type { Words } from './i18n.js';

/** How far back the page looks, days. */
const SPAN_DAYS = 90;

/** @param now ms since the epoch */
export function historyModel(
  store: Pick<Store, 'history' | 'own'>,
  { type, id }: { readonly type: string; readonly id: string },
  words: Words,
  now: number,
) {
  const until = dayOf(now) * DAY_MS;
  const since = until - SPAN_DAYS * DAY_MS;
  const days = store.history.days(type, id, since);
  return {
    width: WIDTH,
    height: HEIGHT,
    /** A single day shows no trend. */
    charts: days.length > 1 ? toCharts(days, since, until, words) : [],
    days: dayModels(days, words),
    from: words.day(since),
    until: words.day(until),
    own: ownAvailability(store, words, since),
  };
}

/** When this node itself was away: a gap in a chart may be ours. */
function ownAvailability(store: Pick<Store, 'own'>, words: Words, since: number): string | null {
  const days = store.own.days(since);
  const up = days.reduce((sum, day) => sum + day.up, 0);
  const cut = days.reduce((sum, day) => sum + day.cut, 0);
  if (up + cut === 0) return null;
  return words.t('history.own', {
    hours: words.measure((up + cut) / 60, 'hours'),
    connected: words.measure(up / (up + cut), 'share'),
  });
}
