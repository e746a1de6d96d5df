/** SNPgraphs servers: traffic and availability of a zone's devices, drawn for guifi.net's pages. */
import { endpoint } from '../lib/endpoint.js';
import { answers, firstByteTime } from '../model/metric.js';
import { type HttpAnswer, httpOnce, httpTimes, otherWeb } from '../probe/http.js';
import { isFailed, type ProbeContext, type Prober, type Target } from '../probe/index.js';
import type { ServiceType } from './contract.js';

/** All that the version call says. */
const VERSION = /^\d{1,4}\.\d{1,4}(\.\d{1,4})?$/;

const CALL = '/snpservices/index.php?call=';

/**
 * Asks for the version: the lightest call. Its identity costs a run of PHP's own command over there, so only a person's
 * request makes us ask for it. Never `liveping` and `livetraceroute`, which run commands over there, nor `stats`, which without a
 * device reads a year of every graph.
 */
const probe: Prober = async (target, context) => {
  const answer = await httpOnce(target, { method: 'GET', path: `${CALL}version`, bodyCap: 64 }, context);
  if (isFailed(answer)) return answer;
  const version = answer.body;
  if (!isPlain(answer) || !answer.whole || !VERSION.test(version)) return otherWeb(answer);
  const samples = httpTimes(answer);
  if (!context.asked) return { level: 3, samples, facts: { version } };
  const server = await serverInfo(target, context);
  const announced = target.txt.get('server_id') ?? target.txt.get('id');
  const id = server['server id'];
  if (announced !== undefined && id !== undefined && id !== announced) {
    return { level: 3, reason: 'wrong-identity', detail: `it is ${id}` };
  }
  return { level: id !== undefined && id === announced ? 4 : 3, samples, facts: { version, ...server } };
};

/** Which server it is and of which zone, if it tells; a failure here takes away nothing that was proven before. */
async function serverInfo(target: Target, context: ProbeContext): Promise<Readonly<Record<string, string>>> {
  const question = { method: 'GET', path: `${CALL}serverinfo`, bodyCap: 2_048, limitMs: 3_000 } as const;
  const answer = await httpOnce(target, question, context);
  if (isFailed(answer) || !isPlain(answer)) return {};
  const [, id] = /^Server id: *(\d{1,9})\s*$/im.exec(answer.body) ?? [];
  const [, zone] = /^Root zone: *(\d{1,9})\s*$/im.exec(answer.body) ?? [];
  return { ...(id === undefined ? {} : { 'server id': id }), ...(zone === undefined ? {} : { zone }) };
}

function isPlain({ status, headers }: HttpAnswer): boolean {
  return status === 200 && /^text\/plain\b/i.test(headers.get('content-type') ?? '');
}

const snpservice: ServiceType = {
  id: 'snpservice',
  title: { ca: 'Gràfiques de xarxa', es: 'Gráficas de red', en: 'Network graphs' },
  summary: {
    ca: 'Mesura els equips d’una zona i en dibuixa el trànsit i la disponibilitat.',
    es: 'Mide los equipos de una zona y dibuja su tráfico y disponibilidad.',
    en: 'Measures the devices of a zone and draws their traffic and availability.',
  },
  icon: 'M4 4v16h16M7 16l4-5 3 3 5-7',
  defaultPort: 80,
  transports: ['tcp'],
  local: { units: [{ unit: 'apache2.service', package: 'apache2' }] },
  probe,
  cost: { packets: 10, bytes: 1_000 },
  askedCost: { packets: 14, bytes: 3_200 },
  scoredFrom: 3,
  // Both weigh alike. One small answer says how busy
  // the server is, not how fast it draws, so it may take long; but the best mark is at what a
  // mesh can give, for at that table's 500 ms nearly all would be alike. The path is part of that answer's time.
  metrics: [firstByteTime({ weight: 0.5, useless: 8_000, excellent: 30 }), answers(0.5)],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      {
        kind: 'link',
        label: {
          ca: 'Obriu el servidor de gràfiques',
          es: 'Abra el servidor de gráficas',
          en: 'Open the graph server',
        },
        url: `http://${at}/snpservices/`,
      },
      {
        kind: 'link',
        label: { ca: 'Què pot mostrar', es: 'Qué puede mostrar', en: 'What it can show' },
        url: `http://${at}/snpservices/index.php?call=help`,
      },
      {
        kind: 'note',
        label: {
          ca: 'A guifi.net, trieu-lo com a servidor de gràfiques de la vostra zona o node.',
          es: 'En guifi.net, elíjalo como servidor de gráficas de su zona o nodo.',
          en: 'On guifi.net, choose it as the graph server of your zone or node.',
        },
      },
    ];
  },
};
export default snpservice;
