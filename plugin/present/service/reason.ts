/** Why the recommended provider is the one: in a few words, and in figures against the runner-up. */
import type { Metric } from '../../model/metric.js';
import type { Ranked } from '../../model/ranked.js';
import { isProven, isRecommendable, toCandidates } from '../../score/equals.js';
import type { ServiceType } from '../../services/contract.js';
import { roundOrNull } from '../figures.js';
import type { Words } from '../i18n.js';
import { isReachable, isWorking, providerName } from '../row.js';
import { answersText, shareText } from './answers.js';

/**
 * What sets it apart from all others that may be recommended, the first that is true. Without such: it is the only one that
 * works, the only one that is not in reserve (`ordinary`), the only one that answers (`reached`), or just the only one that
 * may be recommended. Where another has more points: that one is not proven to work (`proven`), or does not lead for long.
 */
export const LEADS = [
  ...(['only', 'ordinary', 'reached', 'eligible'] as const),
  ...(['fastest', 'steadiest', 'equal', 'overall', 'proven', 'standing'] as const),
] as const;

export interface Figures {
  readonly id: string;
  readonly name: string;
  /** What a person waits for with the best, ms; null where that was not timed. */
  readonly time: number | null;
  readonly answered: number;
  readonly tries: number;
}

export interface Reason {
  readonly lead: (typeof LEADS)[number];
  /** Which time the figures tell; null where nothing of the best was timed. */
  readonly timed: Metric | null;
  readonly best: Figures;
  /** The best of the others; null where no other works, or only such as are in reserve. */
  readonly next: Figures | null;
}

/** @param rows the type's providers in ranked order */
export function toReason(best: Ranked, type: ServiceType, rows: readonly Ranked[]): Reason {
  const isOther = ({ provider }: Ranked) => provider.id !== best.provider.id;
  const rivals = toCandidates(rows).filter(isOther);
  const timed = mainMetric(best, type);
  const own = figures(best, timed);
  const others = rivals.map((row) => figures(row, timed));
  const rest = rows.filter(isOther);
  const lead = rivals.length === 0 ? leadAlone(best, rest) : (leadByFigures(own, others) ?? leadByPoints(best, rivals));
  return { lead, timed, best: own, next: others[0] ?? null };
}

/** @param rest all others, none of which may be recommended now */
function leadAlone(best: Ranked, rest: readonly Ranked[]): Reason['lead'] {
  const working = rest.filter(isWorking);
  if (isWorking(best) && working.length === 0) return 'only';
  if (isWorking(best) && working.every((row) => isRecommendable(row))) return 'ordinary';
  return isReachable(best) && !isProven(best) && !rest.some(isReachable) ? 'reached' : 'eligible';
}

function leadByFigures(own: Figures, others: readonly Figures[]): Reason['lead'] | null {
  const { time } = own;
  if (time !== null && others.every((other) => other.time === null || time < other.time)) return 'fastest';
  return others.every((other) => share(own) > share(other)) ? 'steadiest' : null;
}

function leadByPoints(best: Ranked, rivals: readonly Ranked[]): Reason['lead'] {
  if (best.asGood) return 'equal';
  const ahead = rivals.filter(({ score }) => Number(score) > Number(best.score));
  if (ahead.length === 0) return 'overall';
  return isProven(best) && !ahead.some(isProven) ? 'proven' : 'standing';
}

const share = ({ answered, tries }: Figures) => answered / tries;

function figures(ranked: Ranked, timed: Metric | null): Figures {
  const { provider, samples: answered, attempts: tries } = ranked;
  return {
    id: provider.id,
    name: providerName(provider),
    time: roundOrNull(measured(ranked, timed?.id)),
    answered,
    tries,
  };
}

const measured = ({ parts }: Ranked, metric: string | undefined) =>
  parts.find((part) => part.metric === metric)?.value ?? null;

/** The time with the greatest weight is what a person waits for. */
function mainMetric(ranked: Ranked, { metrics }: ServiceType): Metric | null {
  const times = metrics.filter(({ id, unit }) => unit === 'ms' && measured(ranked, id) !== null);
  return times.toSorted((a, b) => b.weight - a.weight)[0] ?? null;
}

/** "Fastest, and answered every time: 5 of 5". */
export function reasonText({ lead, best }: Reason, words: Words): string {
  return words.t(`best.${lead}`, { answers: answersText(best, words) });
}

/** "Response time 2 ms, next best 10 ms; both answered every time"; null where no other may be recommended. */
export function againstText({ timed, best, next }: Reason, words: Words): string | null {
  if (next === null) return null;
  const ms = (time: number) => words.measure(time, 'ms');
  const times =
    timed !== null && best.time !== null && next.time !== null
      ? [words.t('best.times', { metric: timed.label[words.language], time: ms(best.time), next: ms(next.time) })]
      : [];
  const always = [best, next].every(({ answered, tries }) => answered === tries);
  const answers = always
    ? words.t('best.both')
    : words.t('best.answers', { own: shareText(best, words), next: shareText(next, words) });
  const text = [...times, answers].join('; ');
  return text.charAt(0).toLocaleUpperCase(words.language) + text.slice(1);
}
