/** Finding providers in a long list: search, filters, order and pages. All of it stands in the address, as a query. */
import type { Ranked } from '../model/ranked.js';
import { PAGES, textOf, wholeOf, wordOf } from './query.js';
import { isReachable, nameOf } from './row.js';

export const SORTS = ['score', 'name', 'rtt', 'measured'] as const;
type Sort = (typeof SORTS)[number];

/** What is either asked for or not. */
export const TOGGLES = ['reachable', 'measured', 'measurable', 'pinned'] as const;
export type Toggle = (typeof TOGGLES)[number];

/** One way of looking at a list. An empty text or `false` filters nothing. */
export interface Find extends Readonly<Record<Toggle, boolean>> {
  readonly q: string;
  readonly community: string;
  readonly source: string;
  readonly sort: Sort;
  /** Whether what the owner has hidden is shown too, or alone; null = as the one who asks does by default. */
  readonly hidden: boolean | 'only' | null;
  /** Rows of a page; null = as the one who asks does by default. */
  readonly rows: number | null;
  readonly page: number;
}

export const EVERYTHING: Find = {
  ...{ q: '', community: '', source: '', reachable: false, measured: false, measurable: false, pinned: false },
  ...{ sort: 'score', hidden: null, rows: null, page: 1 },
};

const ROWS = { from: 10, to: 1000 } as const;

/**
 * Reads the query of a request; what is empty is not asked for.
 * @throws PanelError bad-query, naming the parameter that cannot be meant
 */
export function readFind(query: unknown): Find {
  const text = (name: string) => textOf(query, name);
  const yes = (name: string) => wordOf(query, name, ['yes', 'no']) === 'yes';
  const hidden = wordOf(query, 'hidden', ['yes', 'no', 'only']);
  return {
    ...{ q: text('q'), community: text('community'), source: text('source') },
    sort: wordOf(query, 'sort', SORTS) ?? 'score',
    hidden: hidden === 'only' ? hidden : hidden && hidden === 'yes',
    ...{ reachable: yes('reachable'), measured: yes('measured'), measurable: yes('measurable'), pinned: yes('pinned') },
    ...{ rows: wholeOf(query, 'rows', ROWS), page: wholeOf(query, 'page', PAGES) ?? 1 },
  };
}

/** The query that asks for it, `?` included; empty where nothing is asked for. Together with `readFind` it changes nothing. */
export function queryOf(find: Find, more: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(Object.fromEntries(fieldsOf(find)));
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return query.size === 0 ? '' : `?${query}`;
}

/** The fields of a form that asks for it. */
export function fieldsOf(find: Find): (readonly [name: string, value: string])[] {
  return Object.entries(find).flatMap(([name, value]) => {
    if (value === EVERYTHING[name as keyof Find]) return [];
    return [[name, typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)] as const];
  });
}

/** What of the list is shown, and how much there is of everything else. */
export interface Found {
  readonly rows: readonly Ranked[];
  /** Providers that match, on all pages; and those of them that are left out because the owner has hidden them. */
  readonly total: number;
  readonly hidden: number;
  readonly page: number;
  readonly pages: number;
  /** Place of the first row among those that match, from 1. */
  readonly first: number;
}

export interface Defaults {
  readonly rows: number;
  readonly hidden: boolean;
  /** Whether pinned ones go first. */
  readonly pinnedFirst: boolean;
}

/** The page that is asked for; past the end, the last one. */
export function look(ranked: readonly Ranked[], find: Find, defaults: Defaults): Found {
  const matching = ranked.filter(matcher(find));
  const asked = find.hidden ?? defaults.hidden;
  const shown = matching.filter(shows(asked));
  const rows = find.rows ?? defaults.rows;
  const pages = Math.max(1, Math.ceil(shown.length / rows));
  const page = Math.min(find.page, pages);
  const start = (page - 1) * rows;
  const sorted = order(shown, find.sort, defaults.pinnedFirst);
  return {
    ...{
      rows: sorted.slice(start, start + rows),
      total: shown.length,
      hidden: asked ? 0 : matching.length - shown.length,
    },
    ...{ page, pages, first: shown.length === 0 ? 0 : start + 1 },
  };
}

/** How many rows each of the ways of looking would show: what a filter's link says. */
export function countOf(ranked: readonly Ranked[], find: Find, { hidden }: Defaults): number {
  const matches = matcher(find);
  const isShown = shows(find.hidden ?? hidden);
  return ranked.reduce((sum, one) => sum + Number(isShown(one) && matches(one)), 0);
}

/** Whether one that the owner has hidden, or not, is to be shown. */
const shows = (hidden: boolean | 'only') => (one: Ranked) => (hidden === 'only' ? one.hidden : hidden || !one.hidden);

function matcher({ q, community, source, reachable, measured, measurable, pinned }: Find): (one: Ranked) => boolean {
  const words = plain(q).split(/\s+/).filter(Boolean);
  return (one) => {
    const { provider } = one;
    if (measured && one.attempts === 0) return false;
    if (measurable && provider.barred !== null) return false;
    if (pinned && !one.pinned) return false;
    if (community && provider.community !== community) return false;
    if (source && !(provider.sources as readonly string[]).includes(source)) return false;
    if (reachable && !isReachable(one)) return false;
    if (words.length === 0) return true;
    const { node, host, address, port, description } = provider;
    const text = plain([node, host, `${address}:${port ?? ''}`, description, provider.community].join(' '));
    return words.every((word) => text.includes(word));
  };
}

/** Without case and accents: who types `nuria` means Núria. */
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Round-trip time to it, ms; null where it was not measured. */
export function rttOf({ path, parts }: Ranked): number | null {
  return path?.rtt ?? parts.find(({ metric }) => metric === 'rtt')?.value ?? null;
}

/** By that; equal ones stay as they are ranked, and what has no value goes last. */
function order(rows: readonly Ranked[], sort: Sort, pinnedFirst: boolean): readonly Ranked[] {
  const rising = (value: (one: Ranked) => number | null) => {
    const known = new Map(rows.map((one) => [one, value(one) ?? Number.POSITIVE_INFINITY]));
    const of = (one: Ranked) => known.get(one) ?? Number.POSITIVE_INFINITY;
    return rows.toSorted((a, b) => (of(a) === of(b) ? 0 : of(a) - of(b)));
  };
  const names = () => {
    // Not sooner: the formatters of Intl are memory that a panel nobody looks at does without.
    const { compare } = new Intl.Collator('ca', { numeric: true, sensitivity: 'base' });
    return rows.toSorted((a, b) => compare(nameOf(a.provider), nameOf(b.provider)));
  };
  const sorted = {
    score: () => rows,
    name: names,
    rtt: () => rising(rttOf),
    measured: () => rising(({ measuredAt }) => measuredAt && -measuredAt),
  }[sort]();
  return pinnedFirst ? sorted.toSorted((a, b) => Number(b.pinned) - Number(a.pinned)) : sorted;
}
