/** The rows behind the sources' counts: each announcement that was read, and what was left out and why. */
import type { SkippedRow, SourceStatus } from '../../discovery/index.js';
import { idOf } from '../../discovery/merge.js';
import type { Announcement } from '../../model/provider.js';
import type { Words } from '../../present/i18n.js';
import { PAGES, textOf, wholeOf, wordOf } from '../../present/query.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import type { Visit } from '../visit.js';

/** What one source has left out for one reason. */
export interface SkippedGroup {
  readonly source: SourceStatus['name'];
  readonly reason: string;
  /** The reason in words, what it means, and what to do about it; empty where there is nothing to say. */
  readonly text: string;
  readonly means: string;
  readonly todo: string;
  /** How many there are, and those of them that are kept, the newest first. */
  readonly count: number;
  readonly rows: readonly (Pick<SkippedRow, 'node' | 'type'> & { readonly heardAt: string })[];
}

/** Rows of a page. */
const PAGE_ROWS = 100;

export async function skipped(web: Web, visit: Visit) {
  return page(web, visit, 'skipped', { title: visit.words.t('page.skipped'), ...(await skippedApi(web, visit)) });
}

/** `?source=`; null = any. */
const sourceIn = ({ panel }: Web, query: unknown) =>
  wordOf(
    query,
    'source',
    panel.discovery.sourceTypes.map(({ id }) => id),
  );

/** `?source=`, `?reason=`, `?node=`: only what is of them; empty = of any. */
export async function skippedApi(web: Web, { request, words }: Visit): Promise<{ skipped: readonly SkippedGroup[] }> {
  const source = sourceIn(web, request.query);
  const [reason, node] = [textOf(request.query, 'reason'), textOf(request.query, 'node')];
  const sources = web.panel.discovery.sources().filter(({ name }) => source === null || name === source);
  const groups = sources.flatMap(({ name, skipped }) => {
    const kept = web.panel.discovery.skipped(name).filter((row) => node === '' || row.node === node);
    return Object.entries(skipped).map(([of, all]) => {
      const rows = kept.filter((row) => row.reason === of);
      return { source: name, reason: of, count: node === '' ? all : rows.length, rows };
    });
  });
  const wanted = groups.filter((group) => group.count > 0 && (reason === '' || group.reason === reason));
  return { skipped: wanted.map((group) => groupOf(group, words)) };
}

type Kept = Pick<SkippedGroup, 'source' | 'reason' | 'count'> & { readonly rows: readonly SkippedRow[] };

function groupOf({ source, reason, count, rows }: Kept, { t, has }: Words): SkippedGroup {
  const say = (key: string, otherwise: string) => (has(key) ? t(key) : otherwise);
  const [first] = rows;
  const node = first?.node && rows.every((row) => row.node === first.node) ? first.node : t('skipped.nodes');
  const todo = has(`source.${source}.remedy`) ? `source.${source}.remedy` : `skipped.todo.${reason}`;
  return {
    ...{ source, reason, count },
    text: say(`skipped.${reason}`, reason),
    means: say(`skipped.${reason}.means`, ''),
    todo: t(has(todo) ? todo : 'skipped.todo', { node }),
    rows: rows
      .map(({ node, type, heardAt }) => ({ node, type, heardAt: new Date(heardAt).toISOString() }))
      .sort((one, other) => other.heardAt.localeCompare(one.heardAt)),
  };
}

export async function heard(web: Web, visit: Visit) {
  const { request } = visit;
  const [source, node] = [sourceIn(web, request.query), textOf(request.query, 'node')];
  const heard = source === null ? [] : web.panel.discovery.announcements(source);
  const all = heard.filter((one) => node === '' || one.node === node);
  const pages = Math.max(1, Math.ceil(all.length / PAGE_ROWS));
  const at = Math.min(wholeOf(request.query, 'page', PAGES) ?? 1, pages);
  const start = (at - 1) * PAGE_ROWS;
  const to = (number: number) =>
    `${web.url('help', 'heard')}?${new URLSearchParams({ source: source ?? '', node, page: String(number) })}`;
  return page(web, visit, 'heard', {
    ...{ title: visit.words.t('page.heard'), source, total: all.length },
    rows: all.slice(start, start + PAGE_ROWS).map((one) => heardRow(web, one)),
    first: start + 1,
    last: Math.min(start + PAGE_ROWS, all.length),
    previous: at > 1 ? to(at - 1) : null,
    next: at < pages ? to(at + 1) : null,
  });
}

/** Two that say the same are one provider, and share its address here. */
function heardRow(web: Web, announcement: Announcement) {
  const { node, type, address, port, description } = announcement;
  const id = idOf(announcement);
  const isListed = web.panel.discovery.find(id) !== null;
  return { node, type, address, port, description, url: isListed ? web.url('services', type, 'providers', id) : null };
}
