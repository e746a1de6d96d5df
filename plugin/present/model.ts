/** The shapes that the API answers with; the pages are drawn from the very same objects. */
import type { SourceStatus } from '../discovery/index.js';
import type { Job } from '../model/job.js';
import { ANSWER_TIMES, ANSWERS } from '../model/metric.js';
import type { Contradiction, Provider } from '../model/provider.js';
import type { Ranked } from '../model/ranked.js';
import type { Part } from '../model/score.js';
import type { ProviderView, TypeSummary, TypeView } from '../panel/contract.js';
import { scanCost } from '../scan/cost.js';
import { allowsHeavy } from '../scan/target.js';
import { DELTA, equalsOf } from '../score/equals.js';
import type { ServiceType, UseStep } from '../services/contract.js';
import { beatsOf } from './chart.js';
import type { Words } from './i18n.js';
import { whyModel } from './why.js';

/** What a row's sign, word and colour say. An open port alone is never `good`. */
export type Verdict = 'good' | 'weak' | 'unproven' | 'unchecked' | 'failed' | 'barred' | 'new';

/** Below this score a provider that answers is shown as answering poorly. */
const WEAK_BELOW = 50;

const round = (value: number, digits = 2) => Number(value.toFixed(digits));
const roundOr = (value: number | null) => (value === null ? null : round(value));
const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString());

export function sourceModel({ name, state, error, lastUp, read, skipped }: SourceStatus) {
  return { name, state, ...(error ? { error } : {}), lastUp: iso(lastUp), read, skipped };
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
    ...{ id: provider.id, node: provider.node, name: nameOf(provider), score: roundOr(score) },
    /** ms, and a share of 0..1; null where nothing was measured. */
    time: main ? roundOr(measured(main.id)) : null,
    answers: roundOr(measured(ANSWERS)),
    /** Whether the newest attempt failed. */
    missed: failures > 0,
    leader: leaderOf(rows, Number(score)),
  };
}

/** Who is so much better that one more scan of the kind makes it the recommended one; null while nobody is. */
function leaderOf(rows: readonly Ranked[], recommended: number) {
  const [first] = equalsOf(rows);
  if (!first || Number(first.score) - recommended < DELTA) return null;
  return { id: first.provider.id, name: nameOf(first.provider), score: roundOr(first.score) };
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
        beats: beatsOf(view.bars.get(ranked.provider.id)),
      }),
    ),
    units: local?.units.map(({ unit, package: name }) => ({ unit, package: name })) ?? [],
    /** Whether stopping its unit may cut the visitor's own way here. */
    link: local?.link ?? false,
    publishTxt: local?.publishTxt?.[words.language] ?? null,
  };
}

/** One provider as a row of its type's list. */
export function rowModel(ranked: Ranked, type: ServiceType, words: Words) {
  const { provider, level, unproven, reason, detail, confidence, recommended, samples, attempts, facts, path } = ranked;
  const { failures, asGood, pinned, hidden, rating } = ranked;
  const { id, node, host, address, port, description, self, sources, stale } = provider;
  const verdict = verdictOf(ranked);
  return {
    ...{ id, node, host, address, port, description, self, sources, stale },
    /** What other announcers say of it that is not believed. */
    contradictions: (provider.contradictions ?? []).map(contradictionModel),
    ...{ level, unproven, reason, detail, confidence, recommended, samples, attempts, facts, path },
    ...{ failures, asGood, pinned, hidden, rating: rating && { ...rating, points: round(rating.points) } },
    /** Round-trip time guessed from Serf's coordinates, ms; never measured, never scored. */
    estimate: roundOr(ranked.estimate),
    reasonText: reason && words.t(reasonKey(ranked)),
    verdict,
    verdictText: verdictText(verdict, ranked, words),
    score: roundOr(ranked.score),
    low: roundOr(ranked.low),
    high: roundOr(ranked.high),
    /** Only made when looked at: a page of a long list does not. */
    get parts() {
      return ranked.parts.map((part) => partModel(part, type, words));
    },
    measuredAt: iso(ranked.measuredAt),
    heardAt: iso(provider.heardAt),
  };
}

export type RowModel = ReturnType<typeof rowModel>;

function contradictionModel({ node, source, txt }: Contradiction) {
  return { node, source, attributes: [...txt].map(([name, value]) => (name ? `${name}=${value}` : value)).join(' & ') };
}

function partModel({ metric, value, unit, mark, weight, lost }: Part, type: ServiceType, words: Words) {
  const label = type.metrics.find(({ id }) => id === metric)?.label[words.language] ?? metric;
  return {
    metric,
    label,
    value: value === null ? null : round(value, 4),
    unit,
    mark: mark === null ? null : round(mark, 4),
    weight: round(weight, 4),
    lost: round(lost),
  };
}

/** What is known of it, in one word. */
export function verdictOf({ reason, level, score, unproven, measuredAt, failures, parts }: Ranked): Verdict {
  if (reason === 'not-allowed' || reason === 'no-port' || reason === 'declined') return 'barred';
  if (reason !== null && reason !== 'not-checked') return 'failed';
  if (reason === null && measuredAt === null) return 'new';
  if (failures > 0) return 'weak';
  if (unproven && score !== null) return 'unproven';
  if (level < 3 || score === null) return 'unchecked';
  return score < WEAK_BELOW && !parts.some(isUntimed) ? 'weak' : 'good';
}

/** This node was too busy to time it: that its score is low for now is not its fault. */
const isUntimed = ({ metric, value }: Part) => value === null && ANSWER_TIMES.has(metric);

const REACHABLE: ReadonlySet<Verdict> = new Set(['good', 'weak', 'unproven', 'unchecked']);

/** Whether something of it answered at the last look. */
export const isReachable = (one: Ranked) => one.failures === 0 && REACHABLE.has(verdictOf(one));

function verdictText(verdict: Verdict, ranked: Ranked, { t }: Words): string {
  if (verdict !== 'failed' && ranked.failures > 0) return t('verdict.missed');
  if (ranked.reason !== null) return t(reasonKey(ranked));
  return verdict === 'good' ? t(`level.${ranked.level}`) : t(`verdict.${verdict}`);
}

/** "Not checked" says the port is open; where only the machine answered, that would be too much. */
function reasonKey({ reason, level }: Ranked): string {
  return reason === 'not-checked' && level < 2 ? 'verdict.alive' : `reason.${reason}`;
}

/**
 * One provider with what a person needs to use it and what its announcement says.
 * @param found with the providers that this node hands out (`worthUsing`)
 * @param isOwner whether the visitor is who runs this node
 * @param own what this node's own configuration says of it, where the visitor may see that
 */
export function providerModel(
  { view, ranked, connect, usable }: ProviderView & { readonly usable: readonly Provider[] },
  words: Words,
  now: number,
  isOwner: boolean,
  own?: ReadonlyMap<string, string>,
) {
  const { type, word } = view;
  const { account } = type;
  const { provider } = ranked;
  const asked = allowsHeavy(provider);
  return {
    type: word,
    ...rowModel(ranked, type, words),
    why: whyModel(ranked, type, words, now),
    community: provider.community,
    // Nobody needs to be told how to use what is their own.
    use: provider.self && isOwner ? [] : type.use(provider, usable, own).flatMap((step) => stepModel(step, words)),
    /** Text of the button that tells a program of this node to use it; null where there is none. */
    connect: connect?.label[words.language] ?? null,
    /** What a scan of it alone costs at most. */
    scan: { bytes: scanCost(type, [provider], { asked }).bytes },
    /** That an account may be offered for one scan of it. */
    account: account
      ? {
          label: account.label[words.language],
          explanation: account.explanation[words.language],
          bytes: scanCost(type, [provider], { asked, account }).bytes,
        }
      : null,
    details: type.describe?.(provider.txt).map(({ label, value }) => ({ label: label[words.language], value })) ?? [],
  };
}

/**
 * Providers worth using, best first: they earned a score, are not this node itself, and were not hidden by its owner.
 * @param view as its owner sees it: what programs are handed follows the owner's choice, whoever fetches it
 */
export function worthUsing({ ranked }: Pick<TypeView, 'ranked'>): Provider[] {
  const isWorth = ({ score, provider, hidden }: Ranked) => (score ?? 0) > 0 && !provider.self && !hidden;
  return ranked.filter(isWorth).map(({ provider }) => provider);
}

type StepModel = { readonly label: string } & (
  | { readonly kind: 'link'; readonly url: string }
  | { readonly kind: 'copy' | 'qr'; readonly text: string }
  | { readonly kind: 'note' }
);

/** Only web addresses become links: what follows from an announcement is a stranger's text. */
function stepModel(step: UseStep, { language }: Words): StepModel[] {
  const label = step.label[language];
  if (step.kind === 'note') return [{ kind: step.kind, label }];
  if (step.kind === 'copy' || step.kind === 'qr') return [{ kind: step.kind, label, text: step.text }];
  return isWebAddress(step.url) ? [{ kind: step.kind, label, url: step.url }] : [];
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

/** Name to show for a provider: strangers may leave any of them empty. */
export function nameOf({ node, host, address }: Pick<Provider, 'node' | 'host' | 'address'>): string {
  return node || host || address;
}
