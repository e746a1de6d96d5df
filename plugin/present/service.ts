/** A service type as the overview and its own page tell it, and the sources of announcements. */
import type { SourceStatus } from '../discovery/index.js';
import type { Job } from '../model/job.js';
import { ANSWERS } from '../model/metric.js';
import type { Ranked } from '../model/ranked.js';
import type { TypeSummary, TypeView } from '../panel/contract.js';
import { DELTA, equalsOf } from '../score/equals.js';
import type { ServiceType } from '../services/contract.js';
import { availabilityBar } from './chart.js';
import { isoOrNull, roundOrNull } from './figures.js';
import type { Words } from './i18n.js';
import { isReachable, nameOf, rowModel } from './row.js';

export function sourceModel({ name, state, error, lastUp, read, skipped }: SourceStatus) {
  return { name, state, ...(error ? { error } : {}), lastUp: isoOrNull(lastUp), read, skipped };
}

/** Whether the type is that word's own, and not the one for all unknown words. */
const isKnown = (type: ServiceType, word: string) => type.id === word;

/** What the service is called: its wire word where nothing else is known of it. */
export function titleOf(type: ServiceType, word: string, { language }: Words): string {
  return isKnown(type, word) ? type.title[language] : word;
}

/** One line of the overview. */
export function serviceModel(
  { word, type, builtin, providers, measured, ranked, best, local, job }: TypeSummary,
  words: Words,
) {
  const { language } = words;
  return {
    type: word,
    title: titleOf(type, word, words),
    summary: type.summary[language],
    /** Whether this panel has a probe and steps for it. */
    known: isKnown(type, word),
    icon: type.icon,
    builtin,
    providers,
    measured,
    reachable: ranked.filter(isReachable).length,
    best: best && bestModel(best, type, ranked),
    local: {
      ...{ unit: local.unit, state: local.state, enabled: local.enabled, published: local.published },
      units: local.units,
    },
    job: job as Job | null,
  };
}

export type ServiceModel = ReturnType<typeof serviceModel>;

/** The one recommended, in the figures of a sentence. */
function bestModel({ provider, score, parts, failures }: Ranked, type: ServiceType, rows: readonly Ranked[]) {
  const measured = (metric: string) => parts.find((part) => part.metric === metric)?.value ?? null;
  // The time that weighs most is what a person waits for.
  const times = type.metrics.filter(({ id, unit }) => unit === 'ms' && measured(id) !== null);
  const [main] = times.toSorted((a, b) => b.weight - a.weight);
  return {
    ...{ id: provider.id, node: provider.node, name: nameOf(provider), score: roundOrNull(score) },
    /** ms, and a share of 0..1; null where nothing was measured. */
    time: main ? roundOrNull(measured(main.id)) : null,
    answers: roundOrNull(measured(ANSWERS)),
    /** Whether the newest attempt failed. */
    missed: failures > 0,
    leader: leaderOf(rows, Number(score)),
  };
}

/** Who is so much better that one more scan of the kind makes it the recommended one; null while nobody is. */
function leaderOf(rows: readonly Ranked[], recommended: number) {
  const [first] = equalsOf(rows);
  if (!first || Number(first.score) - recommended < DELTA) return null;
  return { id: first.provider.id, name: nameOf(first.provider), score: roundOrNull(first.score) };
}

/**
 * One type: the overview's fields, what a scan costs, and its providers.
 * @param rows those that are asked for; all of them in ranked order when left out
 */
export function typeModel(view: TypeView, words: Words, rows: readonly Ranked[] = view.ranked) {
  const { local } = view.type;
  const ranks = new Map(view.ranked.map((ranked, at) => [ranked, at + 1]));
  return {
    ...serviceModel(view, words),
    scored: view.type.scoredFrom !== null,
    /** Those that may be measured; of them, those that a scan would leave for later ones; what it costs at most, if done now. */
    scan: { ...view.scan, providers: view.scan.providers + view.scan.left },
    providers: rows.map((ranked) =>
      Object.assign(rowModel(ranked, view.type, words), {
        /** Place in the whole ranking, from 1. */
        rank: ranks.get(ranked) ?? null,
        beats: availabilityBar(view.bars.get(ranked.provider.id)),
      }),
    ),
    units: local?.units.map(({ unit, package: name }) => ({ unit, package: name })) ?? [],
    /** Whether stopping its unit may cut the visitor's own way here. */
    link: local?.link ?? false,
    publishTxt: local?.publishTxt?.[words.language] ?? null,
  };
}
