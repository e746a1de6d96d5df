/** Every stored measurement of a provider, or of all providers of a type, as a file: a line for each value. */
import { Readable } from 'node:stream';
import type { Attempt } from '../../model/attempt.js';
import type { Web } from '../context.js';
import { get, type Route } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = ['/services/:type/providers/:id', '/services/:type'].flatMap((path) => [
  get(`${path}/measurements.csv`, 'reader', csv),
  get(`${path}/measurements.json`, 'reader', json),
]);

/** A failure is a line without a value. */
async function csv(web: Web, visit: Visit) {
  return download(web, visit, 'csv', 'text/csv; charset=utf-8', function* (attempts) {
    yield `${COLUMNS}\r\n`;
    for (const attempt of attempts) yield csvLines(attempt);
  });
}

/** One attempt a line inside an array. */
async function json(web: Web, visit: Visit) {
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
  // The ids of known types and of providers have no character that the name of a file may not have.
  const name =
    id === undefined ? (await web.panel.type(type)).type.id : (await web.panel.provider(type, id)).ranked.provider.id;
  visit.reply
    .type(mediaType)
    .header('content-disposition', `attachment; filename="cloudy-services-${name}.${extension}"`);
  return Readable.from(write(web.panel.store.exportRows(type, id ?? null)));
}

const COLUMNS = 'time,type,provider,level,reason,metric,value,method';

function csvLines(attempt: Attempt): string {
  const { at, type, provider, level, reason } = attempt;
  const head = [new Date(at).toISOString(), type, provider, level, reason ?? ''];
  const rows =
    attempt.reason === null && attempt.samples.length > 0
      ? attempt.samples.map(({ metric, value, method }) => [...head, metric, value, method])
      : [[...head, '', '', '']];
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** RFC 4180; strangers name types, and a spreadsheet must not take a name for a formula. */
function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
