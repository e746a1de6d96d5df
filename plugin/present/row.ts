/** One provider as a row of its type's list: the values, the verdict and the reason in words. */
import { readDeclared } from '../model/declared.js';
import type { Language } from '../model/language.js';
import { PROVEN } from '../model/level.js';
import { ANSWER_TIMES, ANSWERS } from '../model/metric.js';
import type { Contradiction, Provider } from '../model/provider.js';
import type { Ranked } from '../model/ranked.js';
import type { Part, Path } from '../model/score.js';
import type { ServiceType } from '../services/contract.js';
import { isoOrNull, round, roundOrNull } from './figures.js';
import type { Words } from './i18n.js';
import { confidenceText, shareText } from './service/answers.js';

/** What the row's shape, word and colour say. An open port alone is never `good`. */
export type Verdict = 'good' | 'weak' | 'unproven' | 'unchecked' | 'failed' | 'barred' | 'new';

/** Below this score a provider that answers is shown as answering poorly. */
const WEAK_BELOW = 50;

export function rowModel(ranked: Ranked, type: ServiceType, words: Words) {
  const { provider, level, unproven, reason, detail, confidence, recommended, samples, attempts, facts } = ranked;
  const { failures, asGood, pinned, hidden, reserve, rating, worse } = ranked;
  const { id, node, host, address, port, description, self, sources, stale } = provider;
  const verdict = toVerdict(ranked);
  return {
    ...{ id, node, host, address, port, description, self, sources, stale },
    /** What its announcer says of it, unproven. */
    declared: readDeclared(provider.txt),
    /** Claims of other announcers that are not believed. */
    contradictions: (provider.contradictions ?? []).map(contradictionModel),
    ...{
      level,
      unproven,
      reason,
      detail,
      confidence,
      recommended,
      samples,
      attempts,
      facts,
      path: pathFigures(ranked),
    },
    ...{ failures, asGood, pinned, hidden, reserve },
    rating: rating && { ...rating, points: round(rating.points) },
    /** Lately slower than usual: since when, and medians, ms. */
    worse: worse && { ...worse, since: isoOrNull(worse.since), today: round(worse.today), usual: round(worse.usual) },
    worseText:
      worse &&
      words.t('row.worse', { today: words.measure(worse.today, 'ms'), usual: words.measure(worse.usual, 'ms') }),
    /** Round-trip time estimated from Serf's coordinates, ms; neither measured nor scored. */
    estimate: roundOrNull(ranked.estimate),
    reasonText: reason && words.t(reasonKey(ranked)),
    verdict,
    verdictText: verdictText(verdict, ranked, words),
    confidenceText: confidenceText(ranked, words),
    score: roundOrNull(ranked.score),
    low: roundOrNull(ranked.low),
    high: roundOrNull(ranked.high),
    /** Made on demand: a page of a long list does not need it. */
    get parts() {
      return ranked.parts.map((part) => partModel(part, ranked, type, words));
    },
    measuredAt: isoOrNull(ranked.measuredAt),
    heardAt: isoOrNull(provider.heardAt),
  };
}

export type RowModel = ReturnType<typeof rowModel>;

/** The path in the figures that the score weighs, so that a page says each only one way; else as the pings measured it. */
export function pathFigures({ path, parts }: Pick<Ranked, 'path' | 'parts'>): Path | null {
  if (path === null) return null;
  const figure = (metric: keyof Path) => parts.find((part) => part.metric === metric)?.value ?? path[metric];
  return { rtt: figure('rtt'), jitter: figure('jitter'), loss: figure('loss') };
}

function contradictionModel({ node, source, txt }: Contradiction) {
  return { node, source, attributes: [...txt].map(([name, value]) => (name ? `${name}=${value}` : value)).join(' & ') };
}

function partModel({ metric, value, unit, mark, weight, lost }: Part, ranked: Ranked, type: ServiceType, words: Words) {
  const label = type.metrics.find(({ id }) => id === metric)?.label[words.language] ?? metric;
  return {
    metric,
    label,
    value: value === null ? null : round(value, 4),
    unit,
    valueText: value === null ? null : valueText(metric, value, unit, ranked, words),
    mark: mark === null ? null : round(mark, 4),
    weight: round(weight, 4),
    lost: round(lost),
  };
}

function valueText(metric: string, value: number, unit: string | null, { samples, attempts }: Ranked, words: Words) {
  return metric === ANSWERS ? shareText({ answered: samples, tries: attempts }, words) : words.measure(value, unit);
}

export function toVerdict({ reason, level, score, unproven, measuredAt, failures, parts }: Ranked): Verdict {
  if (reason === 'not-allowed' || reason === 'no-port' || reason === 'declined') return 'barred';
  if (reason !== null && reason !== 'not-checked') return 'failed';
  if (reason === null && measuredAt === null) return 'new';
  if (failures > 0) return 'weak';
  if (unproven && score !== null) return 'unproven';
  if (level < 3 || score === null) return 'unchecked';
  return score < WEAK_BELOW && !parts.some(isUntimed) ? 'weak' : 'good';
}

/** This node was too busy to time the answer: a score that is low for that reason does not count as weak. */
const isUntimed = ({ metric, value }: Part) => value === null && ANSWER_TIMES.has(metric);

const REACHABLE: ReadonlySet<Verdict> = new Set(['good', 'weak', 'unproven', 'unchecked']);

/** Whether anything of it answered the last probe: also a machine or an open port, which proves no service. */
export const isReachable = (row: Ranked) => row.failures === 0 && REACHABLE.has(toVerdict(row));

/** Whether it did what it should when it was last tried: what every "N work" counts. */
export const isWorking = (row: Ranked) => isReachable(row) && row.reason === null && row.level >= PROVEN;

/** The state in words. */
export function verdictText(verdict: Verdict, ranked: Ranked, { t }: Words): string {
  if (verdict !== 'failed' && ranked.failures > 0) return t('verdict.missed');
  if (ranked.reason !== null) return t(reasonKey(ranked));
  return t(`verdict.${verdict}`);
}

/** "Not checked" says that the port is open; where only the machine answered, that would say too much. */
function reasonKey({ reason, level }: Ranked): string {
  return reason === 'not-checked' && level < 2 ? 'verdict.alive' : `reason.${reason}`;
}

/** A language's name in another; its code where it has none. */
export const languageName = (code: string, language: Language): string =>
  new Intl.DisplayNames([language], { type: 'language' }).of(code) ?? code;

/** The name to show: announcers may leave any of the three empty. */
export function providerName({ node, host, address }: Pick<Provider, 'node' | 'host' | 'address'>): string {
  return node || host || address;
}
