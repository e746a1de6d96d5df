/** Why the recommended provider is the one: in a few words, and in figures against the runner-up. */
import type { Ranked } from '../../model/ranked.js';
import { isRecommendable, toCandidates } from '../../score/equals.js';
import type { ServiceType } from '../../services/contract.js';
import { roundOrNull } from '../figures.js';
import type { Words } from '../i18n.js';
import { providerName } from '../row.js';
import { answersText, shareText } from './answers.js';

/** What sets it apart from all others that work, the first that is true; `ordinary`: all others are in reserve. */
export const LEADS = ['only', 'ordinary', 'fastest', 'steadiest', 'equal', 'overall'] as const;

export interface Figures {
  readonly id: string;
  readonly name: string;
  /** What a person waits for, ms; null where nothing was timed. */
  readonly time: number | null;
  readonly answered: number;
  readonly tries: number;
}

export interface Reason {
  readonly lead: (typeof LEADS)[number];
  readonly best: Figures;
  /** The best of the others; null where no other works, or only such as are in reserve. */
  readonly next: Figures | null;
}

/** @param rows the type's providers in ranked order */
export function toReason(best: Ranked, type: ServiceType, rows: readonly Ranked[]): Reason {
  const own = figures(best, type);
  const isOther = ({ provider }: Ranked) => provider.id !== best.provider.id;
  const others = toCandidates(rows)
    .filter(isOther)
    .map((row) => figures(row, type));
  const isBesideReserve = others.length === 0 && rows.some((row) => isOther(row) && isRecommendable(row));
  return { lead: isBesideReserve ? 'ordinary' : lead(best, own, others), best: own, next: others[0] ?? null };
}

function lead({ asGood }: Ranked, own: Figures, others: readonly Figures[]): Reason['lead'] {
  if (others.length === 0) return 'only';
  const { time } = own;
  if (time !== null && others.every((other) => other.time === null || time < other.time)) return 'fastest';
  if (others.every((other) => share(own) > share(other))) return 'steadiest';
  return asGood ? 'equal' : 'overall';
}

const share = ({ answered, tries }: Figures) => answered / tries;

function figures(ranked: Ranked, type: ServiceType): Figures {
  const { provider, samples: answered, attempts: tries } = ranked;
  return { id: provider.id, name: providerName(provider), time: mainTime(ranked, type), answered, tries };
}

/** The time with the greatest weight is what a person waits for, ms. */
export function mainTime({ parts }: Ranked, type: ServiceType): number | null {
  const measured = (metric: string) => parts.find((part) => part.metric === metric)?.value ?? null;
  const times = type.metrics.filter(({ id, unit }) => unit === 'ms' && measured(id) !== null);
  const [main] = times.toSorted((a, b) => b.weight - a.weight);
  return main ? roundOrNull(measured(main.id)) : null;
}

/** "Fastest, and answered every time: 5 of 5". */
export function reasonText({ lead, best }: Reason, words: Words): string {
  return words.t(`best.${lead}`, { answers: answersText(best, words) });
}

/** "2 ms, next best 10 ms; both answered every time"; null where no other works. */
export function againstText({ best, next }: Reason, words: Words): string | null {
  if (next === null) return null;
  const ms = (time: number) => words.measure(time, 'ms');
  const times =
    best.time !== null && next.time !== null
      ? [words.t('best.times', { time: ms(best.time), next: ms(next.time) })]
      : [];
  const always = [best, next].every(({ answered, tries }) => answered === tries);
  const answers = always
    ? words.t('best.both')
    : words.t('best.answers', { own: shareText(best, words), next: shareText(next, words) });
  return [...times, answers].join('; ');
}
