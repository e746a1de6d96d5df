/** `list`: what the community offers, ranked as on the pages. */
import { nearest } from '../lib/nearest.js';
import type { Ranked } from '../model/ranked.js';
import type { Panel, TypeView } from '../panel/contract.js';
import { hasMadeUpPast } from '../panel/past.js';
import { spokenError } from '../present/everywhere/error.js';
import type { Words } from '../present/i18n.js';
import { providerName, type RowModel, rowModel } from '../present/row.js';
import { type ServiceModel, serviceModel, sourceModel, typeModel } from '../present/service.js';
import { painter, type Style } from './colour.js';
import { type Io, OK, printJson } from './io.js';
import { plain, table } from './table.js';
import { UsageError } from './usage.js';

export interface Show {
  readonly json: boolean;
  readonly words: Words;
}

/** Every service type: its number of providers, the best of them, and this node's own unit. */
export async function listServices(panel: Panel, io: Io, { json, words }: Show): Promise<number> {
  await panel.discovery.ready();
  const { services, sources } = await panel.overview();
  const rows = services.map((service) => serviceModel(service, words));
  if (json) printJson(io, { services: rows, sources: sources.map(sourceModel) });
  else {
    const formatHere = ({ local }: ServiceModel) =>
      local.unit ? `${words.t(`state.${local.state}`)} (${local.unit})` : '–';
    io.stdout.write(
      table(
        rows,
        [
          { title: 'TYPE', text: (row) => row.type, max: 24 },
          { title: 'TITLE', text: (row) => row.title, max: 28 },
          { title: 'PROVIDERS', text: (row) => String(row.providers), right: true },
          { title: 'MEASURED', text: (row) => String(row.measured), right: true },
          { title: 'BEST', text: formatBest, max: 40 },
          { title: 'HERE', text: formatHere },
        ],
        { words, paint: painter(io) },
      ),
    );
  }
  warn(panel, io, words);
  return OK;
}

/** The providers of one type, ranked. @throws UsageError for an unknown type */
export async function listProviders(panel: Panel, io: Io, typeId: string, show: Show): Promise<number> {
  await panel.discovery.ready();
  assertType(panel, typeId, 'list');
  showType(await panel.type(typeId), io, show);
  warn(panel, io, show.words);
  return OK;
}

/** @param rows those to show; by default all */
export function showType(view: TypeView, io: Io, { json, words }: Show, rows: readonly Ranked[] = view.ranked): void {
  if (json) printJson(io, typeModel(view, words, rows));
  else if (rows.length === 0) io.stdout.write(`${words.t('terminal.nobody')}\n`);
  else io.stdout.write(ranking(view, words, io, rows));
}

function ranking(view: TypeView, words: Words, io: Io, shown: readonly Ranked[]): string {
  const ranks = new Map(view.ranked.map((ranked, at) => [ranked, at]));
  const rows = shown.map((ranked) => ({ at: ranks.get(ranked) ?? 0, ...rowModel(ranked, view.type, words) }));
  return table(
    rows,
    [
      { title: '#', text: formatRank, right: true },
      { title: 'SCORE', text: formatScore, style: scoreStyle },
      { title: 'STATE', text: (row) => formatState(row, words), max: 36 },
      { title: 'CHECKED', text: formatChecked },
      { title: 'NAME', text: providerName, max: 28 },
      { title: 'ADDRESS', text: ({ address, port }) => (port === null ? address : `${address}:${port}`), max: 46 },
      { title: 'REASON', text: formatReason, max: 100 },
    ],
    { words, paint: painter(io) },
  );
}

/** The colours of the pages. */
function scoreStyle({ verdict }: RowModel): Style {
  if (verdict === 'good') return 'good';
  if (verdict === 'failed') return 'bad';
  return verdict === 'weak' || verdict === 'unproven' ? 'weak' : '';
}

/** The rank, which (as on the page) takes a score above 0; a star marks the recommended provider. */
function formatRank({ at, score, hidden, recommended }: RowModel & { readonly at: number }): string {
  return `${recommended ? '* ' : ''}${score && !hidden ? at + 1 : '–'}`;
}

/** In one or two words; why it fails is told by the reason. */
function formatState({ verdict, verdictText }: RowModel, words: Words): string {
  return verdict === 'failed' || verdict === 'barred' ? words.t(`verdict.${verdict}`) : verdictText;
}

/** How much of what answered was proven, in five steps. */
function formatChecked({ verdict, level }: RowModel): string {
  return verdict === 'failed' || level === 0 ? '' : '●'.repeat(level) + '○'.repeat(5 - level);
}

/** Why it fails or may not be measured. */
function formatReason({ verdict, reasonText, detail }: RowModel): string {
  return [verdict === 'unchecked' ? null : reasonText, detail].filter(Boolean).join(': ');
}

function formatScore({ score, low, high }: RowModel): string {
  if (score === null) return '–';
  const range = low === null || high === null || low === high ? '' : ` (${Math.round(low)}–${Math.round(high)})`;
  return `${Math.round(score)}${range}`;
}

function formatBest({ best }: ServiceModel): string {
  if (!best) return '–';
  return best.score === null ? best.node : `${Math.round(best.score)} ${best.node}`;
}

/** Says that the list is a demo's, or that a source is away. */
export function warn(panel: Panel, io: Io, words: Words): void {
  if (panel.demo) {
    const [title, text] = hasMadeUpPast(panel.store, panel.config)
      ? (['demo.title', 'demo.text'] as const)
      : (['demo.title.new', 'demo.text.new'] as const);
    io.stderr.write(`${words.t(title)} ${words.t(text)}\n`);
  }
  for (const { name, error } of panel.discovery.sources()) {
    if (!error) continue;
    const { message, hint } = spokenError(error, words);
    io.stderr.write(`${name}: ${plain(message, 500)} ${plain(hint, 500)}\n`);
  }
}

export function assertType({ discovery, services }: Panel, typeId: string, command: string): void {
  const names = new Map(services.types.map(({ id, title }) => [id, [id, ...Object.values(title)]]));
  for (const { type } of discovery.providers()) if (!names.has(type)) names.set(type, [type]);
  if (names.has(typeId)) return;
  const wanted = typeId.toLowerCase();
  const [match] = [...names].find(([, all]) => all.some((name) => name.toLowerCase().includes(wanted))) ?? [];
  const meant = match ?? nearest(typeId, [...names.keys()]);
  const instead = meant === undefined ? null : `${command} ${plain(meant)}`;
  throw new UsageError('usage.service', { word: plain(typeId) }, instead, { key: 'usage.services', line: 'list' });
}
