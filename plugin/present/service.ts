/** A service type as the overview and its own page tell it, and the sources of announcements. */
import type { SourceStatus } from '../discovery/index.js';
import type { Job } from '../model/job.js';
import { ANSWERS } from '../model/metric.js';
import type { Ranked } from '../model/ranked.js';
import type { TypeSummary, TypeView } from '../panel/contract.js';
import { DELTA, nearEquals } from '../score/equals.js';
import { hasOwnProbe, type ServiceType } from '../services/contract.js';
import { availabilityBar } from './chart.js';
import { isoOrNull, roundOrNull } from './figures.js';
import type { Words } from './i18n.js';
import { apartTexts } from './list/apart.js';
import { isReachable, isWorking, providerName, rowModel, toVerdict } from './row.js';
import { measuredRtt } from './search.js';
import { againstText, reasonText, toReason } from './service/reason.js';

export function sourceModel({ name, state, error, lastUp, read, skipped }: SourceStatus) {
  return { name, state, ...(error ? { error } : {}), lastUp: isoOrNull(lastUp), read, skipped };
}

/** The service's title; the id of an unknown type. */
export function typeTitle(type: ServiceType, typeId: string, { language }: Words): string {
  return type.id === typeId ? type.title[language] : typeId;
}

/** One line of the overview. */
export function serviceModel(
  { typeId, type, builtin, providers, measured, ranked, best, local, job }: TypeSummary,
  words: Words,
) {
  const { language } = words;
  return {
    type: typeId,
    title: typeTitle(type, typeId, words),
    summary: type.summary[language],
    /** Whether this panel has a probe and steps for it. */
    known: hasOwnProbe(type, typeId),
    icon: type.icon,
    builtin,
    providers,
    measured,
    ...{ reachable: ranked.filter(isReachable).length, works: ranked.filter(isWorking).length },
    best: best && bestModel(best, type, ranked, words),
    local: {
      ...{ unit: local.unit, state: local.state, enabled: local.enabled, published: local.published },
      units: local.units,
    },
    job: job as Job | null,
  };
}

export type ServiceModel = ReturnType<typeof serviceModel>;

/** What the tab's icon warns of: an own service has failed, or the last try at a recommended provider. */
export function alarm(services: readonly Pick<ServiceModel, 'best' | 'local'>[]): 'failed' | 'weak' | null {
  if (services.some(({ local }) => local.units.some(({ state }) => state === 'failed'))) return 'failed';
  return services.some(({ best }) => best?.missed) ? 'weak' : null;
}

/** The recommended provider, with the reason in words and in figures. */
function bestModel(best: Ranked, type: ServiceType, rows: readonly Ranked[], words: Words) {
  const { provider, score, parts, failures, measuredAt } = best;
  const reason = toReason(best, type, rows);
  return {
    ...{ id: provider.id, node: provider.node, name: providerName(provider), score: roundOrNull(score) },
    verdict: toVerdict(best),
    measuredAt: isoOrNull(measuredAt),
    /** ms, and which measure of the type it is; a share of 0..1; null where nothing was measured. */
    ...{ time: reason.best.time, timed: reason.timed?.id ?? null },
    answers: roundOrNull(parts.find(({ metric }) => metric === ANSWERS)?.value ?? null),
    ...{ answered: reason.best.answered, tries: reason.best.tries },
    ...{ lead: reason.lead, reason: reasonText(reason, words), against: againstText(reason, words), next: reason.next },
    /** Whether the newest attempt failed. */
    missed: failures > 0,
    leader: leader(rows, Number(score)),
  };
}

/** The provider that is so much better that it will be recommended if that lasts; null where there is none. */
function leader(rows: readonly Ranked[], recommended: number) {
  const [first] = nearEquals(rows);
  if (!first || Number(first.score) - recommended < DELTA) return null;
  return { id: first.provider.id, name: providerName(first.provider), score: roundOrNull(first.score) };
}

/**
 * One type: the overview's fields, what a scan costs, and its providers.
 * @param rows the rows to show; by default all of them in ranked order
 */
export function typeModel(view: TypeView, words: Words, rows: readonly Ranked[] = view.ranked) {
  const { local } = view.type;
  const ranks = new Map(view.ranked.map((ranked, at) => [ranked, at + 1]));
  const apart = apartTexts(view.ranked);
  return {
    ...serviceModel(view, words),
    scored: view.type.scoredFrom !== null,
    /** Providers that may be measured; how many of them a scan would leave for later scans; what it costs at most. */
    scan: { ...view.scan, providers: view.scan.providers + view.scan.left },
    providers: rows.map((ranked) =>
      Object.assign(rowModel(ranked, view.type, words), {
        /** Place in the whole ranking, from 1. */
        rank: ranks.get(ranked) ?? null,
        /** What tells it from others of its name; null where no other has it. */
        apart: apart.get(ranked.provider.id) ?? null,
        beats: availabilityBar(view.bars.get(ranked.provider.id)),
        /** Round-trip time, ms; null where it was not measured. */
        rtt: roundOrNull(measuredRtt(ranked)),
      }),
    ),
    units: local?.units.map(({ unit, package: name }) => ({ unit, package: name })) ?? [],
    /** Whether stopping its unit may cut the visitor's own way here. */
    link: local?.link ?? false,
    publishTxt: local?.publishTxt?.[words.language] ?? null,
    /** For the owner of one. */
    advice: local?.advice?.[words.language] ?? null,
  };
}
