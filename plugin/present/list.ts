/** Search, filters, order and pages of a list as links, each with the number of rows behind it. */

import type { Ranked } from '../model/ranked.js';
import type { Role } from '../model/role.js';
import type { Words } from './i18n.js';
import {
  countOf,
  type Defaults,
  EVERYTHING,
  type Find,
  type Found,
  fieldsOf,
  queryOf,
  rttOf,
  SORTS,
  TOGGLES,
  type Toggle,
} from './search.js';

/** Rows of a page where the query does not say. */
const PAGE_ROWS = 100;
/** Communities that get a link of their own; the others are found by searching. */
const MAX_COMMUNITIES = 6;
/** A list of up to so many rows needs no search. */
const SHORT = 5;

interface FilterModel {
  readonly id: string;
  readonly label: string;
  readonly count: number;
  readonly on: boolean;
  /** Leads to the rows that it counts; while it is on, to the list without it. */
  readonly href: string;
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
  { find, found, defaults }: { readonly find: Find; readonly found: Found; readonly defaults: Defaults },
  words: Words,
) {
  const link = (change: Partial<Find>) => address + queryOf({ ...find, page: 1, ...change });
  const { total, page, pages, first, hidden } = found;
  const matching = { ...find, hidden: null, rows: null, page: 1 };
  const filtered = queryOf({ ...matching, sort: EVERYTHING.sort }) !== '';
  const unfiltered = { ...EVERYTHING, hidden: find.hidden };
  return {
    /** Whether there is anything to search, or a filter to take back. */
    helps: ranked.length > SHORT || queryOf(matching) !== '',
    q: find.q,
    /** What a search keeps. */
    fields: fieldsOf({ ...find, q: '', page: 1 }),
    filters: filters(ranked, find, defaults, words).map(
      ({ change, off, ...filter }): FilterModel => ({ ...filter, href: link(filter.on ? off : change) }),
    ),
    sorts: SORTS.map((sort) => ({ id: sort, on: find.sort === sort, href: link({ sort }) })),
    sort: find.sort,
    filtered,
    clear: link({ ...unfiltered, sort: find.sort, rows: find.rows }),
    /** How many rows are left once the filters are cleared. */
    all: countOf(ranked, unfiltered, defaults),
    ...{ total, page, pages, first, hidden },
    last: first + found.rows.length - 1,
    previous: page > 1 ? link({ page: page - 1 }) : null,
    next: page < pages ? link({ page: page + 1 }) : null,
    /** Shows only the hidden rows; where any are shown, hides them again. */
    unhide: link({ hidden: 'only' }),
    hide: find.hidden && !defaults.hidden ? link({ hidden: null }) : null,
    /** The rows behind a number that counts hidden rows too, whatever is shown now. */
    rows: (change: Partial<Find> = {}) =>
      address + queryOf({ ...EVERYTHING, hidden: defaults.hidden ? null : true, ...change }),
    /** The value that the order goes by, where no column shows it. */
    rtt: (id: string) => {
      const row = find.sort === 'rtt' ? found.rows.find(({ provider }) => provider.id === id) : undefined;
      return row === undefined ? null : rttOf(row);
    },
  };
}

/** The filters, each with the number of rows that it would leave beside the filters that are on. */
function filters(ranked: readonly Ranked[], find: Find, defaults: Defaults, words: Words) {
  const filter = (id: string, label: string, on: boolean, change: Partial<Find>, off: Partial<Find>) => ({
    ...{ id, label, on, change, off },
    count: countOf(ranked, { ...find, ...change }, defaults),
  });
  const isOffered: Readonly<Record<Toggle, boolean>> = {
    ...{ reachable: true, measured: true, pinned: defaults.pinnedFirst },
    measurable: find.measurable || ranked.some(({ provider }) => provider.barred !== null),
  };
  const toggles = TOGGLES.filter((toggle) => isOffered[toggle]).map((toggle) =>
    filter(toggle, words.t(`find.${toggle}`), find[toggle], { [toggle]: true }, { [toggle]: false }),
  );
  const sources = byFrequency(ranked, ({ provider }) => provider.sources);
  const communities = byFrequency(ranked, ({ provider }) => (provider.community ? [provider.community] : []));
  const sourceLabel = (source: string) => (words.has(`source.${source}`) ? words.t(`source.${source}`) : source);
  return [
    ...toggles,
    ...choices(sources, find.source).map((source) =>
      filter(`source-${source}`, sourceLabel(source), find.source === source, { source }, { source: '' }),
    ),
    ...choices(communities.slice(0, MAX_COMMUNITIES), find.community).map((community, index) =>
      filter(`community-${index}`, community, find.community === community, { community }, { community: '' }),
    ),
  ];
}

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
