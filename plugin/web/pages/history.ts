/** What was measured, day by day: for the provider's page, and whole as files. */
import { Readable } from 'node:stream';
import { DAY_MS, dayOf } from '../../lib/time.js';
import type { Attempt } from '../../model/attempt.js';
import { chartsOf, dayModels, HEIGHT, WIDTH } from '../../present/chart.js';
import type { Web } from '../context.js';
import { pathOf } from '../request/path.js';
import type { Visit } from '../visit.js';

/** How far back the page looks, days. */
const SPAN_DAYS = 90;

/** The charts and their text for the provider's page. */
export function historyModel(web: Web, visit: Visit) {
  const { type, id } = pathOf(visit);
  const { words } = visit;
  const until = dayOf(web.now()) * DAY_MS;
  const since = until - SPAN_DAYS * DAY_MS;
  const days = web.panel.store.history.days(type, id, since);
  return {
    width: WIDTH,
    height: HEIGHT,
    /** One day alone says nothing of the course of things. */
    charts: days.length > 1 ? chartsOf(days, since, until, words) : [],
    days: dayModels(days, words),
    from: words.day(since),
    until: words.day(until),
    own: ownAvailability(web, visit, since),
  };
}

/** This node's own absences, apart from the providers': a gap in a chart may be ours. */
function ownAvailability(web: Web, { words }: Visit, since: number): string | null {
  const days = web.panel.store.own.days(since);
  const up = days.reduce((sum, day) => sum + day.up, 0);
  const cut = days.reduce((sum, day) => sum + day.cut, 0);
  if (up + cut === 0) return null;
  return words.t('history.own', {
    hours: words.measure((up + cut) / 60, 'hours'),
    connected: words.measure(up / (up + cut), 'share'),
  });
}

const COLUMNS = 'time,type,provider,level,reason,metric,value,method';

/** Every stored measurement of the provider, or of all of the type, one line for each value; a failure is a line without a value. */
export async function measurementsCsv(web: Web, visit: Visit) {
  return download(web, visit, 'csv', 'text/csv; charset=utf-8', function* (attempts) {
    yield `${COLUMNS}\r\n`;
    for (const attempt of attempts) yield csvOf(attempt);
  });
}

/** The same as JSON, one attempt a line inside an array. */
export async function measurementsJson(web: Web, visit: Visit) {
  return download(web, visit, 'json', 'application/json; charset=utf-8', function* (attempts) {
    let before = '[\n';
    for (const { at, ...attempt } of attempts) {
      yield `${before}${JSON.stringify({ time: new Date(at).toISOString(), ...attempt })}`;
      before = ',\n';
    }
    yield before === '[\n' ? '[]\n' : '\n]\n';
  });
}

async function download(
  web: Web,
  visit: Visit,
  extension: string,
  mediaType: string,
  write: (attempts: Iterable<Attempt>) => Iterable<string>,
) {
  const { type, id } = visit.request.params as { readonly type: string; readonly id?: string };
  // The words of a known type, and ids, have no character that the name of a file may not have.
  const known =
    id === undefined ? (await web.panel.type(type)).type.id : (await web.panel.provider(type, id)).ranked.provider.id;
  visit.reply
    .type(mediaType)
    .header('content-disposition', `attachment; filename="cloudy-services-${known}.${extension}"`);
  return Readable.from(write(web.panel.store.exportRows(type, id ?? null)));
}

function csvOf(attempt: Attempt): string {
  const { at, type, provider, level, reason } = attempt;
  const head = [new Date(at).toISOString(), type, provider, level, reason ?? ''];
  const rows =
    attempt.reason === null && attempt.samples.length > 0
      ? attempt.samples.map(({ metric, value, method }) => [...head, metric, value, method])
      : [[...head, '', '', '']];
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** RFC 4180; a type is a stranger's word, and a spreadsheet must not take it for a formula. */
function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
