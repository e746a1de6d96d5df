/** `scan`: measures one type, one provider, or everything; then lists what came of it. */
import { largest } from '../lib/extremes.js';
import { asPanelError, PanelError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { Panel } from '../panel/contract.js';
import type { Words } from '../present/i18n.js';
import { BY_HAND, FAILED, type Io, OK } from './io.js';
import { assertType, listServices, type Show, showType, warn } from './list.js';
import { pickProvider } from './pick.js';
import { plain } from './table.js';
import { PROGRAM } from './usage.js';

/** Between two updates of a running scan's progress. */
const UPDATE_MS = 100;

/**
 * Scans the type, or one of its providers, with progress on standard error, then lists it. Aborting ends the scan and lists
 * what it found.
 * @param wanted id or name of the provider; null = all
 * @throws UsageError; PanelError nothing-to-scan, budget-spent
 */
export async function scanType(
  panel: Panel,
  io: Io,
  typeId: string,
  show: Show,
  signal: AbortSignal,
  wanted: string | null = null,
): Promise<number> {
  await panel.discovery.ready();
  assertType(panel, typeId, 'scan');
  warn(panel, io, show.words);
  const view = await panel.type(typeId);
  if (view.providers === 0) throw nobody();
  const provider = wanted === null ? undefined : pickProvider(view, wanted, 'scan').provider.id;
  const started = begin(panel, typeId, provider);
  const [job] = await follow(panel, io, [started], { what: typeId, words: show.words, signal });
  const after = await panel.type(typeId);
  const ranked = after.ranked.filter((row) => provider === undefined || row.provider.id === provider);
  showType(after, io, show, ranked);
  tell(io, job);
  return job?.state === 'done' ? OK : FAILED;
}

/**
 * Scans every type that anybody announces, all at once, then lists the services.
 * @throws PanelError nothing-to-scan
 */
export async function scanAll(panel: Panel, io: Io, show: Show, signal: AbortSignal): Promise<number> {
  await panel.discovery.ready();
  warn(panel, io, show.words);
  const { services } = await panel.overview();
  const announced = services.filter(({ providers }) => providers > 0);
  if (announced.length === 0) throw nobody();
  let isRefused = false;
  const started = announced.flatMap(({ typeId }) => {
    try {
      return [begin(panel, typeId)];
    } catch (thrown) {
      const { code, message } = asPanelError(thrown);
      // A type whose providers may not be measured is no failure.
      isRefused ||= code !== 'nothing-to-scan';
      io.stderr.write(`${plain(typeId)}: ${plain(message, 500)}\n`);
      return [];
    }
  });
  const jobs = await follow(panel, io, started, {
    what: show.words.t('terminal.everything'),
    words: show.words,
    signal,
  });
  const listed = await listServices(panel, io, show);
  for (const job of jobs) tell(io, job);
  return isRefused || jobs.some(({ state }) => state !== 'done') ? FAILED : listed;
}

function nobody(): PanelError {
  const hint = `To check whether this node hears its neighbours, run: ${PROGRAM} doctor`;
  return new PanelError('nothing-to-scan', 'Nobody announces it.', hint);
}

function begin(panel: Panel, typeId: string, provider?: string): Job {
  const job = panel.scan(typeId, provider);
  const about = { type: typeId, provider: provider ?? null };
  panel.store.events.add({ ...BY_HAND, ...about, what: 'scan', result: 'done', job: job.id });
  return job;
}

function tell(io: Io, job: Job | undefined): void {
  if (job?.error) io.stderr.write(`${plain(job.error.message, 500)}\n${plain(job.error.hint, 500)}\n`);
}

interface Followed {
  /** The type, or words for all of them. */
  readonly what: string;
  readonly words: Words;
  readonly signal: AbortSignal;
}

/** Until all have ended, or the person interrupts. */
async function follow(panel: Panel, io: Io, started: readonly Job[], followed: Followed): Promise<readonly Job[]> {
  const { signal } = followed;
  const cancel = () => started.forEach(({ id }) => void panel.jobs.cancel(id));
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const show = (jobs: readonly Job[], end: string) => io.stderr.write(progressLine(jobs, followed) + end);
  const now = () => started.map(({ id }) => panel.jobs.get(id));
  // On a terminal one line that changes; elsewhere only the last.
  const timer = io.stderr.isTTY ? setInterval(() => show(now(), '   \r'), UPDATE_MS) : undefined;
  const jobs = await Promise.all(started.map(({ id }) => panel.jobs.ended(id)));
  clearInterval(timer);
  signal.removeEventListener('abort', cancel);
  show(jobs, '   \n');
  return jobs;
}

/** As wide as the longest one, whose end it has to cover. */
const LINE_LENGTH = 70;

function progressLine(jobs: readonly Job[], { what, words: { t, language } }: Followed): string {
  const sum = (of: 'done' | 'total') => jobs.reduce((all, job) => all + job[of], 0);
  const [done, total] = [sum('done'), sum('total')];
  const worst = (['running', 'failed', 'cancelled'] as const).find((state) => jobs.some((job) => job.state === state));
  const state = t(`job.state.${worst ?? 'done'}`).toLocaleLowerCase(language);
  const rest = largest(
    jobs.map(({ leftMs }) => leftMs ?? 0),
    0,
  );
  const left = worst === 'running' && rest > 0 ? `, ${t('terminal.left', { seconds: Math.ceil(rest / 1000) })}` : '';
  return `${t('terminal.progress', { what: plain(what), done, total })}, ${state}${left}`.padEnd(LINE_LENGTH);
}
