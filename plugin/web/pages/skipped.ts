/** The page of skipped announcements: what the sources have left out, by reason, with the rows behind the counts. */
import type { SkippedRow, SourceStatus } from '../../discovery/index.js';
import type { Words } from '../../present/i18n.js';
import { queryText } from '../../present/query.js';
import { answers } from '../api/operation.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { sourceIn } from '../request/source.js';
import { sourcesVersion } from '../request/version.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = twins('GET', '/help/skipped', 'reader', {
  operation: answers('What the sources have left out, by reason, with the rows that are kept', 'Skipped', {
    source: 'Name of a source; empty = all.',
    reason: 'As in the source’s `skipped`; empty = any.',
    node: 'Only what that node has announced.',
  }),
  version: sourcesVersion,
  load,
  page: (web, visit, { skipped }) => page(web, visit, 'skipped', { title: visit.words.t('page.skipped'), skipped }),
});

/** What one source has left out for one reason. */
export interface SkippedGroup {
  readonly source: SourceStatus['name'];
  readonly reason: string;
  /** The reason in words, what it means, and what to do about it; empty where there is nothing to say. */
  readonly text: string;
  readonly means: string;
  readonly todo: string;
  /** How many there are, and the stored rows of them, the newest first. */
  readonly count: number;
  readonly rows: readonly (Pick<SkippedRow, 'node' | 'type'> & { readonly heardAt: string })[];
}

/** Filtered by `?source=`, `?reason=` and `?node=`; empty = any. */
function load(web: Web, { request, words }: Visit): { readonly skipped: readonly SkippedGroup[] } {
  const source = sourceIn(web, request.query);
  const [reason, node] = [queryText(request.query, 'reason'), queryText(request.query, 'node')];
  const sources = web.panel.discovery.sources().filter(({ name }) => source === null || name === source);
  const groups = sources.flatMap(({ name, skipped }) => {
    const stored = web.panel.discovery.skipped(name).filter((row) => node === '' || row.node === node);
    return Object.entries(skipped).map(([reason, total]) => {
      const rows = stored.filter((row) => row.reason === reason);
      return { source: name, reason, count: node === '' ? total : rows.length, rows };
    });
  });
  const matching = groups.filter((group) => group.count > 0 && (reason === '' || group.reason === reason));
  return { skipped: matching.map((group) => groupModel(group, words)) };
}

type Group = Pick<SkippedGroup, 'source' | 'reason' | 'count'> & { readonly rows: readonly SkippedRow[] };

function groupModel({ source, reason, count, rows }: Group, { t, has }: Words): SkippedGroup {
  const textOr = (key: string, otherwise: string) => (has(key) ? t(key) : otherwise);
  const [first] = rows;
  const node = first?.node && rows.every((row) => row.node === first.node) ? first.node : t('skipped.nodes');
  const todo = has(`source.${source}.remedy`) ? `source.${source}.remedy` : `skipped.todo.${reason}`;
  return {
    ...{ source, reason, count },
    text: textOr(`skipped.${reason}`, reason),
    means: textOr(`skipped.${reason}.means`, ''),
    todo: t(has(todo) ? todo : 'skipped.todo', { node }),
    rows: rows
      .map(({ node, type, heardAt }) => ({ node, type, heardAt: new Date(heardAt).toISOString() }))
      .sort((a, b) => b.heardAt.localeCompare(a.heardAt)),
  };
}
