/** Search, filters, order and pages as a page shows them: links, each with the number of rows that it leads to. */

import type { Ranked } from '../../model/ranked.js';
import type { Words } from '../../present/i18n.js';
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
} from '../../present/search.js';
import type { Visit } from '../visit.js';

/** Rows of a page where none are asked for. */
const PAGE_ROWS = 100;
/** Communities that get a link of their own; the others are found by searching. */
const COMMUNITIES = 6;
/** A list this short is seen at a glance: it is shown without the means to search it. */
const SHORT = 5;

interface FilterModel {
  readonly id: string;
  readonly label: string;
  readonly count: number;
  readonly on: boolean;
  /** Where it leads: to the rows that it counts, or, where it is on, to those without it. */
  readonly href: string;
}

/** Readers get the plain ranking: what the owner has pinned and hidden is the owner's. */
export const pageDefaults = ({ role }: Visit): Defaults => ({
  rows: PAGE_ROWS,
  hidden: role !== 'owner',
  pinnedFirst: role === 'owner',
});

/** All rows as they are ranked. */
export const API_DEFAULTS: Defaults = { rows: Number.MAX_SAFE_INTEGER, hidden: true, pinnedFirst: false };

export function findModel(
  address: string,
  ranked: readonly Ranked[],
  { find, found, defaults }: { readonly find: Find; readonly found: Found; readonly defaults: Defaults },
  words: Words,
) {
  const to = (change: Partial<Find>) => address + queryOf({ ...find, page: 1, ...change });
  const { total, page, pages, first, hidden } = found;
  const matching = { ...find, hidden: null, rows: null, page: 1 };
  const filtered = queryOf({ ...matching, sort: EVERYTHING.sort }) !== '';
  const whole = { ...EVERYTHING, hidden: find.hidden };
  return {
    /** Whether there is anything to search, or to take back. */
    helps: ranked.length > SHORT || queryOf(matching) !== '',
    q: find.q,
    /** What a search keeps. */
    fields: fieldsOf({ ...find, q: '', page: 1 }),
    filters: filtersOf(ranked, find, defaults, words).map(
      ({ change, off, ...filter }): FilterModel => ({ ...filter, href: to(filter.on ? off : change) }),
    ),
    sorts: SORTS.map((sort) => ({ id: sort, on: find.sort === sort, href: to({ sort }) })),
    sort: find.sort,
    filtered,
    clear: to({ ...whole, sort: find.sort, rows: find.rows }),
    /** How many rows are left once the filters are cleared. */
    all: countOf(ranked, whole, defaults),
    ...{ total, page, pages, first, hidden },
    last: first + found.rows.length - 1,
    previous: page > 1 ? to({ page: page - 1 }) : null,
    next: page < pages ? to({ page: page + 1 }) : null,
    /** Shows the hidden ones alone; where any are shown, hides them again. */
    unhide: to({ hidden: 'only' }),
    hide: find.hidden && !defaults.hidden ? to({ hidden: null }) : null,
    /** The rows behind a number that counts hidden ones too, whatever is shown now. */
    rows: (change: Partial<Find> = {}) =>
      address + queryOf({ ...EVERYTHING, hidden: defaults.hidden ? null : true, ...change }),
    /** The value that the order goes by, where no column shows it. */
    rtt: (id: string) => {
      const one = find.sort === 'rtt' ? found.rows.find(({ provider }) => provider.id === id) : undefined;
      return one === undefined ? null : rttOf(one);
    },
  };
}

/** What may be filtered by, with the number of rows that it would leave beside all that is chosen already. */
function filtersOf(ranked: readonly Ranked[], find: Find, defaults: Defaults, words: Words) {
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
  const sources = valuesOf(ranked, ({ provider }) => provider.sources);
  const communities = valuesOf(ranked, ({ provider }) => (provider.community ? [provider.community] : []));
  const known = (source: string) => (words.has(`source.${source}`) ? words.t(`source.${source}`) : source);
  return [
    ...toggles,
    ...chosenToo(sources, find.source).map((source) =>
      filter(`source-${source}`, known(source), find.source === source, { source }, { source: '' }),
    ),
    ...chosenToo(communities.slice(0, COMMUNITIES), find.community).map((community, nth) =>
      filter(`community-${nth}`, community, find.community === community, { community }, { community: '' }),
    ),
  ];
}

/** Where all are alike there is nothing to choose; what is chosen is shown in any case. */
function chosenToo(values: readonly string[], chosen: string): readonly string[] {
  const worth = values.length > 1 ? values : [];
  return chosen && !worth.includes(chosen) ? [...worth, chosen] : worth;
}

/** The most frequent first. */
function valuesOf(ranked: readonly Ranked[], of: (one: Ranked) => readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const value of ranked.flatMap(of)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}
