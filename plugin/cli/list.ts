/** `list` and `scan`: what the community offers, ranked as on the pages. */
import { nearest } from '../lib/nearest.js';
import { PanelError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { Panel, TypeView } from '../panel/contract.js';
import type { Words } from '../present/i18n.js';
import { providerName, type RowModel, rowModel } from '../present/row.js';
import { type ServiceModel, serviceModel, sourceModel, typeModel } from '../present/service.js';
import { BY_HAND, FAILED, type Io, OK, printJson } from './io.js';
import { plain, table } from './table.js';
import { PROGRAM, UsageError } from './usage.js';

export interface Show {
  readonly json: boolean;
  readonly words: Words;
}

/** Between two updates of a running scan's progress. */
const UPDATE_MS = 100;

/** Every service type: its number of providers, the best of them, and this node's own unit. */
export async function listServices(panel: Panel, io: Io, { json, words }: Show): Promise<number> {
  await panel.discovery.ready();
  const { services, sources } = await panel.overview();
  const rows = services.map((service) => serviceModel(service, words));
  if (json) printJson(io, { services: rows, sources: sources.map(sourceModel) });
  else {
    io.stdout.write(
      table(rows, [
        { title: 'TYPE', text: (row) => row.type, max: 24 },
        { title: 'TITLE', text: (row) => row.title, max: 28 },
        { title: 'PROVIDERS', text: (row) => String(row.providers), right: true },
        { title: 'MEASURED', text: (row) => String(row.measured), right: true },
        { title: 'BEST', text: formatBest, max: 40 },
        { title: 'HERE', text: ({ local }: ServiceModel) => (local.unit ? `${local.state} (${local.unit})` : '–') },
      ]),
    );
  }
  warn(panel, io);
  return OK;
}

/** The providers of one type, ranked. @throws UsageError for an unknown type */
export async function listProviders(panel: Panel, io: Io, typeId: string, show: Show): Promise<number> {
  await panel.discovery.ready();
  assertType(panel, typeId, 'list');
  showType(await panel.type(typeId), io, show);
  warn(panel, io);
  return OK;
}

/**
 * Scans the type, with progress on standard error, then lists it. Aborting ends the scan and lists what it found.
 * @throws UsageError; PanelError nothing-to-scan, budget-spent
 */
export async function scanType(panel: Panel, io: Io, typeId: string, show: Show, signal: AbortSignal): Promise<number> {
  await panel.discovery.ready();
  assertType(panel, typeId, 'scan');
  warn(panel, io);
  if ((await panel.type(typeId)).providers === 0) {
    const hint = `To check whether this node hears its neighbours, run: ${PROGRAM} doctor`;
    throw new PanelError('nothing-to-scan', 'Nobody announces it.', hint);
  }
  const started = panel.scan(typeId);
  panel.store.events.add({ ...BY_HAND, what: 'scan', type: typeId, result: 'done', job: started.id });
  const job = await follow(panel, io, started, signal);
  showType(await panel.type(typeId), io, show);
  if (job.error) io.stderr.write(`${plain(job.error.message, 500)}\n${plain(job.error.hint, 500)}\n`);
  return job.state === 'done' ? OK : FAILED;
}

async function follow(panel: Panel, io: Io, { id, type }: Job, signal: AbortSignal): Promise<Job> {
  const cancel = () => void panel.jobs.cancel(id);
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const show = ({ state, done, total }: Job, end: string) =>
    io.stderr.write(`Scan of ${plain(type)}: ${done} of ${total} probes, ${state}${end}`);
  // On a terminal one line that changes; elsewhere only the last.
  const timer = io.stderr.isTTY ? setInterval(() => show(panel.jobs.get(id), '   \r'), UPDATE_MS) : undefined;
  const job = await panel.jobs.ended(id);
  clearInterval(timer);
  signal.removeEventListener('abort', cancel);
  show(job, '   \n');
  return job;
}

function showType(view: TypeView, io: Io, { json, words }: Show): void {
  if (json) printJson(io, typeModel(view, words));
  else if (view.ranked.length === 0) io.stdout.write('Nobody announces this service.\n');
  else io.stdout.write(ranking(view, words));
}

function ranking(view: TypeView, words: Words): string {
  const rows = view.ranked.map((ranked, at) => ({ at, ...rowModel(ranked, view.type, words) }));
  return table(rows, [
    { title: '#', text: formatRank, right: true },
    { title: 'SCORE', text: formatScore },
    { title: 'STATE', text: (row) => formatState(row, words), max: 36 },
    { title: 'CHECKED', text: formatChecked },
    { title: 'NAME', text: providerName, max: 28 },
    { title: 'ADDRESS', text: ({ address, port }) => (port === null ? address : `${address}:${port}`), max: 46 },
    { title: 'REASON', text: formatReason, max: 100 },
  ]);
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
function warn(panel: Panel, io: Io): void {
  if (panel.demo) io.stderr.write('This is the built-in demo community; none of these neighbours is real.\n');
  for (const { name, error } of panel.discovery.sources()) {
    if (error) io.stderr.write(`${name}: ${plain(error.message, 500)} ${plain(error.hint, 500)}\n`);
  }
}

function assertType({ discovery, services }: Panel, typeId: string, command: string): void {
  const names = new Map(services.types.map(({ id, title }) => [id, [id, ...Object.values(title)]]));
  for (const { type } of discovery.providers()) if (!names.has(type)) names.set(type, [type]);
  if (names.has(typeId)) return;
  const wanted = typeId.toLowerCase();
  const [match] = [...names].find(([, all]) => all.some((name) => name.toLowerCase().includes(wanted))) ?? [];
  const meant = match ?? nearest(typeId, [...names.keys()]);
  const instead = meant === undefined ? null : `${command} ${plain(meant)}`;
  throw new UsageError(`Nobody has a service "${plain(typeId)}".`, instead, `All services: ${PROGRAM} list`);
}
