/** The last hours, days or months of a provider: charts, the table behind them, and this node's own absences. */
import { DAY_MS, dayOf } from '../../lib/time.js';
import type { Store } from '../../store/index.js';
import type { Words } from '../i18n.js';
import { round, SPANS, type Span, type TimeAxis, timeAxis } from './axis.js';
import { FLOOR, TOP, toCharts, WIDTH } from './chart.js';
import { daySlots, type Slot, type Spread, trySlots } from './slots.js';

/** Single tries that are read at most: a month of one every 45 minutes. */
const MAX_TRIES = 1_000;
const MAX_ROWS = 100;

type Read = Pick<Store, 'history' | 'own' | 'attempts' | 'recommendations'>;
interface ProviderRef {
  readonly type: string;
  readonly id: string;
}

/**
 * @param asked how far back; where null, as far as there are measurements
 * @param now ms since the epoch
 */
export function historyModel(store: Read, ref: ProviderRef, words: Words, now: number, asked: Span | null = null) {
  const { type, id } = ref;
  const days = store.history.days(type, id, now - SPANS['90d']);
  const newest = store.attempts.of(type, id, 1)[0]?.at ?? 0;
  const span = asked ?? fitting(now - Date.parse(days[0]?.day ?? ''), now - newest);
  const axis = timeAxis(span, now, words);
  const tries = days.length === 0 ? [] : store.attempts.of(type, id, MAX_TRIES, axis.since);
  const byDay = daySlots(days, tries, now);
  const slots = span === '90d' ? byDay : trySlots(tries, axis.since, now);
  const when = ({ at }: Slot) => (span === '90d' ? words.shortDay(at) : words.moment(at));
  const gap = span === '90d' ? 1.5 * DAY_MS : SPANS[span] / 24;
  return {
    ...{ top: TOP, floor: FLOOR, width: WIDTH },
    /** Whether there is anything in any span. */
    measured: days.length > 0,
    spans: Object.keys(SPANS).map((name) => ({ name: name as Span, current: name === span })),
    charts: toCharts({ slots, days: span === '24h' ? [] : byDay, axis, gap, when }, words),
    ticks: axis.ticks,
    rows: slots
      .slice(-MAX_ROWS)
      .toReversed()
      .map((slot) => rowModel(slot, when(slot), words)),
    ...marks(store, ref, axis, words),
    own: ownAvailability(store, words, axis.since),
  };
}

/** The shortest span that holds everything, and something. */
function fitting(oldest: number, newest: number): Span {
  const spans = Object.keys(SPANS) as Span[];
  return spans.find((span) => oldest <= SPANS[span] && newest <= SPANS[span]) ?? '90d';
}

/** What is the same in all charts: when this node was away, and since when the provider is recommended. */
function marks({ own, recommendations }: Read, { type, id }: ProviderRef, axis: TimeAxis, words: Words) {
  const recommended = recommendations.get(type)?.provider === id ? recommendations.since(type) : null;
  const within = recommended !== null && recommended >= axis.since && recommended <= axis.until;
  const outages = own.outages(axis.since).filter(({ from }) => from < axis.until);
  return {
    outages: outages.map(({ from, until }) => {
      const x = Math.max(0, axis.place(from));
      // A short one is to be seen too.
      return { x, width: Math.max(0.3, round(Math.min(100, axis.place(until)) - x)) };
    }),
    recommended: within ? { x: axis.place(recommended), text: words.moment(recommended) } : null,
  };
}

function rowModel({ at, tries, answered, score, rtt, answer }: Slot, text: string, words: Words) {
  const measure = (spread: Spread | null) => spread && words.measure(spread.typical, 'ms');
  return {
    ...{ date: new Date(at).toISOString(), text, score: score === null ? null : words.number(score) },
    answers: words.t('row.answers', { count: tries, answered }),
    ...{ rtt: measure(rtt), answer: measure(answer) },
  };
}

/** When this node itself was away: a gap in a chart may be ours. */
function ownAvailability({ own }: Read, words: Words, since: number): string | null {
  const days = own.days(dayOf(since) * DAY_MS);
  const up = days.reduce((sum, day) => sum + day.up, 0);
  const cut = days.reduce((sum, day) => sum + day.cut, 0);
  if (up + cut === 0) return null;
  return words.t('history.own', {
    hours: words.measure((up + cut) / 60, 'hours'),
    connected: words.measure(up / (up + cut), 'share'),
  });
}
