/** SNPgraphs servers: traffic and availability of a zone's devices, drawn for guifi.net's pages. */
import { endpoint } from '../probe/endpoint.js';
import { httpOnce, httpTimes, otherWeb } from '../probe/http.js';
import { isFailed, type Prober } from '../probe/index.js';
import { answers, firstByteTime } from '../probe/metrics.js';
import type { ServiceType } from './index.js';

/** All that the version call says. */
const VERSION = /^\d{1,4}\.\d{1,4}(\.\d{1,4})?$/;

/**
 * Asks for the version: the lightest call. Never `liveping` and `livetraceroute`, which run commands over there, nor
 * `stats`, which without a device reads a year of every graph.
 */
const probe: Prober = async (target, context) => {
  const question = { method: 'GET', path: '/snpservices/index.php?call=version', bodyCap: 64 } as const;
  const answer = await httpOnce(target, question, context);
  if (isFailed(answer)) return answer;
  const { status, headers, body: version, whole } = answer;
  const isText = /^text\/plain\b/i.test(headers.get('content-type') ?? '');
  if (status !== 200 || !isText || !whole || !VERSION.test(version)) return otherWeb(answer);
  return { level: 3, samples: httpTimes(answer), facts: { version } };
};

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
  units: [{ unit: 'apache2.service', package: 'apache2' }],
  probe,
  cost: { packets: 10, bytes: 1_000 },
  scoredFrom: 3,
  // SCORING.md weighs both alike, besides what members think of it. The anchors are those of SERVICES.md §6: one small
  // answer says how busy the server is, not how fast it draws. The path is part of that answer's time.
  metrics: [firstByteTime({ weight: 0.5, useless: 8_000, excellent: 500 }), answers(0.5)],
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
  describe: () => [],
};
export default snpservice;
