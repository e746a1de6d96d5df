/** `/metrics` for Prometheus: counts of this panel and its community. Loaded by the first collector that asks. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as pauseFor } from 'node:timers/promises';
import { PanelError } from '../../model/errors.js';
import type { Panel } from '../../panel/contract.js';
import { toVerdict, type Verdict } from '../../present/row.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';
import { VERSION } from './status.js';

/** https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
const MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly values: readonly (readonly [value: number, labels?: Labels])[];
}

const gauge = (name: string, help: string, values: Metric['values']): Metric => ({
  name,
  type: 'gauge',
  help,
  values,
});
const counter = (name: string, help: string, values: Metric['values']): Metric => ({
  ...{ name, help, values },
  type: 'counter',
});

/** @throws PanelError not-found where no token is configured, login-required for another one */
export async function metrics(web: Web, { request, reply }: Visit) {
  const { metricsToken } = web.panel.config;
  if (metricsToken === null) throw new PanelError('not-found', 'There are no metrics here.', 'Set METRICS_TOKEN.');
  if (!isToken(request.headers.authorization, metricsToken)) {
    reply.header('www-authenticate', 'Bearer');
    const hint = 'Send the METRICS_TOKEN of this node as “Authorization: Bearer …”.';
    throw new PanelError('login-required', 'Metrics need their token.', hint);
  }
  reply.type(MEDIA_TYPE);
  return format([...(await providerMetrics(web.panel)), ...workMetrics(web.panel), ...(await processMetrics())]);
}

function isToken(header: string | undefined, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(header ?? ''), hash(`Bearer ${token}`));
}

/**
 * Labels are only the types that this panel knows, or any stranger could create millions of series; and the recommended
 * provider of a type, by its id, since its names are a stranger's text.
 */
async function providerMetrics(panel: Panel): Promise<Metric[]> {
  const { services, sources } = await panel.overview();
  const known = services.filter(({ typeId, type }) => type.id === typeId);
  const views = await Promise.all(known.map(({ typeId }) => panel.type(typeId)));
  const others = services
    .filter(({ typeId, type }) => type.id !== typeId)
    .reduce((sum, { providers }) => sum + providers, 0);
  const providers = views.flatMap(({ typeId, ranked }) => {
    const counts = new Map<Verdict, number>();
    for (const verdict of ranked.map(toVerdict)) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    return [...counts].map(([state, count]) => [count, { type: typeId, state }] as const);
  });
  const best = views.flatMap(({ typeId, best }) =>
    best?.score == null ? [] : [[best.score, { type: typeId, provider: best.provider.id }] as const],
  );
  const up = sources.map(({ name, state }) => [state === 'up' ? 1 : 0, { source: name }] as const);
  return [
    gauge('cloudy_services_providers', 'Providers listed, by type and by what is known of them.', providers),
    gauge('cloudy_services_other_providers', 'Providers of types that this panel does not know.', [[others]]),
    gauge('cloudy_services_best_score', 'Score of the recommended provider of each type, 0 to 100.', best),
    gauge('cloudy_services_source_up', 'Whether a source of announcements answers.', up),
  ];
}

function workMetrics({ store, jobs, background }: Panel): Metric[] {
  const { attempts, answered, bytes } = store.attempts.added;
  const { on, spentToday, budget } = background.status();
  const ended = jobs.counts().map(({ kind, state, count }) => [count, { kind, state }] as const);
  return [
    counter('cloudy_services_probes_total', 'Probes stored since the panel began.', [
      [answered, { result: 'answered' }],
      [attempts - answered, { result: 'failed' }],
    ]),
    counter('cloudy_services_probe_bytes_total', 'Bytes that these probes cost, both ways.', [[bytes]]),
    gauge('cloudy_services_spent_bytes', 'Bytes that all probes of the last 24 hours cost.', [[spentToday]]),
    gauge('cloudy_services_budget_bytes', 'Spent bytes beyond which nothing is measured unasked.', [[budget]]),
    gauge('cloudy_services_background', 'Whether it is measured unasked.', [[on ? 1 : 0]]),
    counter('cloudy_services_jobs_total', 'Jobs ended since the panel began; scans are jobs.', ended),
    gauge('cloudy_services_jobs_running', 'Jobs that run now.', [[jobs.running().length]]),
  ];
}

/** Long enough to show that the loop is busy, ms. */
const TICK_MS = 10;

async function processMetrics(): Promise<Metric[]> {
  const before = performance.now();
  await pauseFor(TICK_MS);
  const lag = Math.max(0, performance.now() - before - TICK_MS) / 1000;
  const { user, system } = process.cpuUsage();
  const started = (performance.timeOrigin / 1000).toFixed(3);
  return [
    gauge('cloudy_services_event_loop_lag_seconds', 'How late a timer was just now.', [[lag]]),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', [[process.memoryUsage.rss()]]),
    gauge('process_start_time_seconds', 'Start time of the process since the epoch.', [[Number(started)]]),
    counter('process_cpu_seconds_total', 'User and system CPU time spent.', [[(user + system) / 1e6]]),
    gauge('cloudy_services_build_info', 'The version that runs.', [[1, { version: VERSION }]]),
  ];
}

/** A metric without values is left out. */
function format(all: readonly Metric[]): string {
  return all
    .filter(({ values }) => values.length > 0)
    .map(({ name, type, help, values }) => {
      const lines = values.map(([value, labels = {}]) => `${name}${formatLabels(labels)} ${value}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '_')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
