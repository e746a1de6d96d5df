/** Searching a long list of providers: text, filters, order and pages. All of it is in the address, as a query. */
import { readDeclared } from '../model/declared.js';
import type { Provider } from '../model/provider.js';
import type { Ranked } from '../model/ranked.js';
import { PAGES, queryChoice, queryInteger, queryText } from './query.js';
import { isReachable, isWorking, providerName } from './row.js';

export const SORTS = ['score', 'name', 'rtt', 'answers', 'measured'] as const;
export type Sort = (typeof SORTS)[number];

/** Filters that are on or off. */
export const TOGGLES = ['works', 'reachable', 'measured', 'measurable', 'pinned', 'open', 'vacant'] as const;
export type Toggle = (typeof TOGGLES)[number];

/** An empty text or `false` filters nothing. */
export interface Search extends Readonly<Record<Toggle, boolean>> {
  readonly q: string;
  readonly community: string;
  readonly source: string;
  /** Code of a language that the announcer says. */
  readonly lang: string;
  readonly sort: Sort;
  /** The other way round. */
  readonly reverse: boolean;
  /** Whether rows that the owner has hidden are shown too, or alone; null = the visitor's default. */
  readonly hidden: boolean | 'only' | null;
  /** Rows of a page; null = the visitor's default. */
  readonly rows: number | null;
  readonly page: number;
}

export const EVERYTHING: Search = {
  ...{ q: '', community: '', source: '', works: false, reachable: false },
  ...{ measured: false, measurable: false, pinned: false, open: false, vacant: false, lang: '' },
  ...{ sort: 'score', reverse: false, hidden: null, rows: null, page: 1 },
};

const ROWS = { from: 10, to: 1000 } as const;

/**
 * Reads the query of a request; an empty parameter filters nothing.
 * @throws PanelError bad-query, naming the parameter
 */
export function readSearch(query: unknown): Search {
  const text = (name: string) => queryText(query, name);
  const yes = (name: string) => queryChoice(query, name, ['yes', 'no']) === 'yes';
  const hidden = queryChoice(query, 'hidden', ['yes', 'no', 'only']);
  return {
    ...{ q: text('q'), community: text('community'), source: text('source'), lang: text('lang') },
    sort: queryChoice(query, 'sort', SORTS) ?? 'score',
    reverse: yes('reverse'),
    hidden: hidden === 'only' ? hidden : hidden && hidden === 'yes',
    ...{ works: yes('works'), reachable: yes('reachable'), measured: yes('measured') },
    ...{ measurable: yes('measurable'), pinned: yes('pinned'), open: yes('open'), vacant: yes('vacant') },
    ...{ rows: queryInteger(query, 'rows', ROWS), page: queryInteger(query, 'page', PAGES) ?? 1 },
  };
}

/** The inverse of `readSearch`: the query with its `?`; empty where it would say nothing. */
export function toQuery(search: Search, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(Object.fromEntries(toFields(search)));
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return query.size === 0 ? '' : `?${query}`;
}

/** The same as the fields of a form. */
export function toFields(search: Search): (readonly [name: string, value: string])[] {
  return Object.entries(search).flatMap(([name, value]) => {
    if (value === EVERYTHING[name as keyof Search]) return [];
    return [[name, typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)] as const];
  });
}

export interface SearchResult {
  /** The rows of the page. */
  readonly rows: readonly Ranked[];
  /** Matching rows on all pages; and matching rows left out because the owner has hidden them. */
  readonly total: number;
  readonly hidden: number;
  readonly page: number;
  readonly pages: number;
  /** Place of the page's first row among the matching rows, from 1. */
  readonly first: number;
}

export interface Defaults {
  readonly rows: number;
  readonly hidden: boolean;
  /** Whether pinned rows go first. */
  readonly pinnedFirst: boolean;
}

/** The requested page; past the end, the last one. */
export function searchRows(ranked: readonly Ranked[], search: Search, defaults: Defaults): SearchResult {
  const matching = ranked.filter(matcher(search));
  const hidden = search.hidden ?? defaults.hidden;
  const shown = matching.filter(visibility(hidden));
  const perPage = search.rows ?? defaults.rows;
  const pages = Math.max(1, Math.ceil(shown.length / perPage));
  const page = Math.min(search.page, pages);
  const start = (page - 1) * perPage;
  const sorted = sort(shown, search, defaults.pinnedFirst);
  return {
    ...{ rows: sorted.slice(start, start + perPage), total: shown.length },
    hidden: hidden ? 0 : matching.length - shown.length,
    ...{ page, pages, first: shown.length === 0 ? 0 : start + 1 },
  };
}

/** How many rows the search would show, for the link of a filter. */
export function countRows(ranked: readonly Ranked[], search: Search, { hidden }: Defaults): number {
  const matches = matcher(search);
  const isVisible = visibility(search.hidden ?? hidden);
  return ranked.reduce((sum, row) => sum + Number(isVisible(row) && matches(row)), 0);
}

const visibility = (hidden: boolean | 'only') => (row: Ranked) =>
  hidden === 'only' ? row.hidden : hidden || !row.hidden;

function matcher(search: Search): (row: Ranked) => boolean {
  const { q, community, source, works, reachable, measured, measurable, pinned } = search;
  const words = fold(q).split(/\s+/).filter(Boolean);
  return (row) => {
    const { provider } = row;
    if (measured && row.attempts === 0) return false;
    if (measurable && provider.barred !== null) return false;
    if (pinned && !row.pinned) return false;
    if (community && provider.community !== community) return false;
    if (source && !(provider.sources as readonly string[]).includes(source)) return false;
    if (works && !isWorking(row)) return false;
    if (reachable && !isReachable(row)) return false;
    if (!isDeclared(provider, search)) return false;
    if (words.length === 0) return true;
    const { node, host, address, port, description } = provider;
    const text = fold([node, host, `${address}:${port ?? ''}`, description, provider.community].join(' '));
    return words.every((word) => text.includes(word));
  };
}

/** By what the announcer says; nothing is read where none of it is asked for. */
function isDeclared({ txt }: Provider, { open, vacant, lang }: Pick<Search, 'open' | 'vacant' | 'lang'>): boolean {
  if (!open && !vacant && !lang) return true;
  const said = readDeclared(txt);
  return (!open || said.open === 'yes') && (!vacant || !said.full) && (!lang || said.languages.includes(lang));
}

/** Without case and accents: `nuria` finds Núria. */
export const fold = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Round-trip time, ms, as the score weighs it where it does; null where it was not measured. */
export function measuredRtt({ path, parts }: Ranked): number | null {
  return parts.find(({ metric }) => metric === 'rtt')?.value ?? path?.rtt ?? null;
}

/** Equal rows stay in ranked order; rows without a value go last, and so do hidden ones. */
function sort(rows: readonly Ranked[], { sort, reverse }: Search, pinnedFirst: boolean): readonly Ranked[] {
  const turn = (sorted: readonly Ranked[]) => (reverse ? sorted.toReversed() : sorted);
  const ascending = (value: (row: Ranked) => number | null) => {
    const sign = reverse ? -1 : 1;
    const keys = new Map(rows.map((row) => [row, sign * (value(row) ?? sign * Number.POSITIVE_INFINITY)]));
    const key = (row: Ranked) => keys.get(row) ?? Number.POSITIVE_INFINITY;
    return rows.toSorted((a, b) => (key(a) === key(b) ? 0 : key(a) - key(b)));
  };
  const byName = () => {
    // Only now: the formatters of Intl take memory that an idle panel does without.
    const { compare } = new Intl.Collator('ca', { numeric: true, sensitivity: 'base' });
    return rows.toSorted((a, b) => compare(providerName(a.provider), providerName(b.provider)));
  };
  const sorted = {
    score: () => turn(rows).toSorted((a, b) => Number(a.hidden) - Number(b.hidden)),
    name: () => turn(byName()),
    rtt: () => ascending(measuredRtt),
    answers: () => ascending(({ attempts, samples }) => (attempts === 0 ? null : -samples / attempts)),
    measured: () => ascending(({ measuredAt }) => measuredAt && -measuredAt),
  }[sort]();
  return pinnedFirst ? sorted.toSorted((a, b) => Number(b.pinned) - Number(a.pinned)) : sorted;
}
