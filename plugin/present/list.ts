/** Search, filters, order and pages of a list as links, each with the number of rows behind it. */

import { readDeclared } from '../model/declared.js';
import type { Ranked } from '../model/ranked.js';
import type { Role } from '../model/role.js';
import type { Words } from './i18n.js';
import { languageName } from './row.js';
import {
  countRows,
  type Defaults,
  EVERYTHING,
  type Search,
  type SearchResult,
  SORTS,
  type Sort,
  TOGGLES,
  type Toggle,
  toFields,
  toQuery,
} from './search.js';

/** Rows of a page where the query does not say. */
const PAGE_ROWS = 100;
/** Communities that get a link of their own; the others are found by searching. */
const MAX_COMMUNITIES = 6;
const MAX_LANGUAGES = 6;
/** A list of up to so many rows needs no search; beyond so many it is in sight also on a phone. */
const SHORT = 5;
const LONG = 15;

interface FilterModel {
  readonly id: string;
  readonly label: string;
  readonly count: number;
  readonly on: boolean;
  /** Leads to the rows that it counts; while it is on, to the list without it. null where there are none. */
  readonly href: string | null;
}

/** Readers get the plain ranking: what the owner has pinned and hidden is the owner's. */
export const pageDefaults = (role: Role): Defaults => ({
  rows: PAGE_ROWS,
  hidden: role !== 'owner',
  pinnedFirst: role === 'owner',
});

/** All rows in ranked order. */
export const API_DEFAULTS: Defaults = { rows: Number.MAX_SAFE_INTEGER, hidden: true, pinnedFirst: false };

export function listModel(
  address: string,
  ranked: readonly Ranked[],
  { search, result, defaults }: { readonly search: Search; readonly result: SearchResult; readonly defaults: Defaults },
  words: Words,
) {
  const link = (change: Partial<Search>) => address + toQuery({ ...search, page: 1, ...change });
  const { total, page, pages, first, hidden } = result;
  const matching = { ...search, hidden: null, rows: null, page: 1 };
  const filtered = toQuery({ ...matching, sort: EVERYTHING.sort, reverse: false }) !== '';
  const unfiltered = { ...EVERYTHING, hidden: search.hidden };
  return {
    /** Whether there is anything to search, or a filter to take back. */
    helps: ranked.length > SHORT || toQuery(matching) !== '',
    isLong: ranked.length > LONG,
    q: search.q,
    /** What a search keeps. */
    fields: toFields({ ...search, q: '', page: 1 }),
    filters: filters(ranked, search, defaults, words).map(
      ({ change, off, ...filter }): FilterModel => ({
        ...filter,
        href: filter.on ? link(off) : filter.count > 0 ? link(change) : null,
      }),
    ),
    sort: search.sort,
    /** By column: which way it is sorted now, and the link that sorts by it; once more, the other way round. */
    sorts: Object.fromEntries(SORTS.map((sort) => [sort, sortModel(search, sort, link)])),
    /** Whether several sources announce: only then it is worth a column which does. */
    hasSources: ranked.some(({ provider }) => String(provider.sources) !== String(ranked[0]?.provider.sources)),
    /** Among pinned rows, which stand apart. */
    pinnedFirst: defaults.pinnedFirst,
    filtered,
    clear: link({ ...unfiltered, sort: search.sort, reverse: search.reverse, rows: search.rows }),
    /** How many rows are left once the filters are cleared. */
    all: countRows(ranked, unfiltered, defaults),
    ...{ total, page, pages, first, hidden },
    last: first + result.rows.length - 1,
    previous: page > 1 ? link({ page: page - 1 }) : null,
    next: page < pages ? link({ page: page + 1 }) : null,
    /** Shows only the hidden rows; where any are shown, hides them again. */
    unhide: link({ hidden: 'only' }),
    hide: search.hidden && !defaults.hidden && ranked.some((row) => row.hidden) ? link({ hidden: null }) : null,
    /** The rows behind a number that counts hidden rows too, whatever is shown now. */
    rows: (change: Partial<Search> = {}) =>
      address + toQuery({ ...EVERYTHING, hidden: defaults.hidden ? null : true, ...change }),
  };
}

/** What is best goes up first: by these columns that is the greatest value. */
const GREATEST_FIRST: ReadonlySet<Sort> = new Set(['score', 'answers', 'measured']);

function sortModel(search: Search, sort: Sort, link: (change: Partial<Search>) => string) {
  const isOn = search.sort === sort;
  const falls = GREATEST_FIRST.has(sort) !== (isOn && search.reverse);
  return {
    aria: isOn ? (falls ? 'descending' : 'ascending') : null,
    arrow: isOn ? (falls ? '↓' : '↑') : '',
    href: link({ sort, reverse: isOn && !search.reverse }),
  };
}

/** The filters, each with the number of rows that it would leave beside the filters that are on. */
function filters(ranked: readonly Ranked[], search: Search, defaults: Defaults, words: Words) {
  const filter = (id: string, label: string, on: boolean, change: Partial<Search>, off: Partial<Search>) => ({
    ...{ id, label, on, change, off },
    count: countRows(ranked, { ...search, ...change }, defaults),
  });
  const declared = ranked.map(({ provider }) => readDeclared(provider.txt));
  const isOffered: Readonly<Record<Toggle, boolean>> = {
    ...{ works: true, reachable: true, measured: true, pinned: defaults.pinnedFirst },
    measurable: search.measurable || ranked.some(({ provider }) => provider.barred !== null),
    open: search.open || declared.some(({ open }) => open === 'yes'),
    vacant: search.vacant || declared.some(({ full }) => full),
  };
  const toggles = TOGGLES.filter((toggle) => isOffered[toggle]).map((toggle) =>
    filter(toggle, words.t(`find.${toggle}`), search[toggle], { [toggle]: true }, { [toggle]: false }),
  );
  const sources = byFrequency(ranked, ({ provider }) => provider.sources);
  const languages = byFrequency(ranked, ({ provider }) => readDeclared(provider.txt).languages);
  const communities = byFrequency(ranked, ({ provider }) => (provider.community ? [provider.community] : []));
  const sourceLabel = (source: string) => (words.has(`source.${source}`) ? words.t(`source.${source}`) : source);
  return [
    ...toggles,
    ...choices(sources, search.source).map((source) =>
      filter(`source-${source}`, sourceLabel(source), search.source === source, { source }, { source: '' }),
    ),
    ...choices(languages.slice(0, MAX_LANGUAGES), search.lang).map((lang) =>
      filter(`lang-${lang}`, languageLabel(lang, words), search.lang === lang, { lang }, { lang: '' }),
    ),
    ...choices(communities.slice(0, MAX_COMMUNITIES), search.community).map((community, index) =>
      filter(`community-${index}`, community, search.community === community, { community }, { community: '' }),
    ),
  ];
}

/** A language's name; what a visitor typed may be none. */
const languageLabel = (lang: string, { language }: Words) =>
  /^[a-z]{2,3}$/.test(lang) ? languageName(lang, language) : lang;

/** A single value is no choice; the chosen one is shown in any case. */
function choices(values: readonly string[], chosen: string): readonly string[] {
  const offered = values.length > 1 ? values : [];
  return chosen && !offered.includes(chosen) ? [...offered, chosen] : offered;
}

/** The values of the rows, the most frequent first. */
function byFrequency(ranked: readonly Ranked[], values: (row: Ranked) => readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of ranked.flatMap(values)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}
