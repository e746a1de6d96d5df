/** SNPgraphs servers: traffic and availability of a zone's devices, drawn for guifi.net's pages. */
import { answers, firstByteTime } from '../model/metric.js';
import { type HttpAnswer, httpTimes, otherWeb } from '../probe/http.js';
import type { ProbeContext, Prober, Target } from '../probe/index.js';
import { HTTPS_COST, httpsFact, type WebAnswer, webAddress, webAgain, webOnce } from '../probe/web.js';
import type { ServiceType } from './contract.js';
import { pageSteps } from './steps.js';

/** What the version call says, between whatever PHP adds. */
const VERSION = /^v?(\d{1,4}(?:\.\d{1,4}){1,3}(?:[-+~][\w.+~-]{1,30})?)$/i;
/** A complaint of PHP itself, as text or as HTML: one line, which names its place at the end. */
const COMPLAINT =
  /^(?:<br \/>)?(?:<b>)?(?:PHP )?(?:Warning|Notice|Deprecated|Strict Standards)(?:<\/b>)?: .* on line (?:<b>)?\d+(?:<\/b>)?(?:<br \/>)?$/;
/** Enough for a few complaints, bytes. */
const VERSION_CAP = 2_048;

const CALL = '/snpservices/index.php?call=';

/**
 * Asks for the version: the lightest call. Its identity costs a run of PHP's own command over there, so only a person's
 * request makes us ask for it. Never `liveping` and `livetraceroute`, which run commands over there, nor `stats`, which without a
 * device reads a year of every graph.
 */
const probe: Prober = async (target, context) => {
  const question = { method: 'GET', path: `${CALL}version`, bodyCap: VERSION_CAP } as const;
  const answer = await webOnce(target, question, context);
  if ('level' in answer) return answer;
  const version = readVersion(answer);
  if (version === null) return otherWeb(answer);
  const samples = httpTimes(answer);
  const facts = { version, ...httpsFact(answer) };
  if (!context.asked) return { level: 3, samples, facts };
  const server = await serverInfo(target, context, answer);
  const announced = target.txt.get('server_id') ?? target.txt.get('id');
  const id = server['server id'];
  if (announced !== undefined && id !== undefined && id !== announced) {
    return { level: 3, reason: 'wrong-identity', detail: `it is ${id}` };
  }
  return { level: id !== undefined && id === announced ? 4 : 3, samples, facts: { ...facts, ...server } };
};

/**
 * PHP sends what stands around its tags in any file of the program, an owner's config.php above all: empty lines, a byte order
 * mark, complaints. Once it has sent some, it can no longer say that the answer is plain text.
 */
function readVersion({ status, headers, whole, body }: HttpAnswer): string | null {
  const [type] = /^text\/(?:plain|html)\b/i.exec(headers.get('content-type') ?? 'text/plain') ?? [];
  if (status !== 200 || !whole || type === undefined) return null;
  const lines = body
    .replaceAll('\uFEFF', '')
    .split('\n')
    .map((line) => line.trim());
  const [said, ...more] = lines.filter((line) => line !== '' && line !== '<br />' && !COMPLAINT.test(line));
  const [, version] = (more.length === 0 && VERSION.exec(said ?? '')) || [];
  // A page of nothing but a version is some other page.
  return version === undefined || (/html/i.test(type) && body.startsWith(said ?? '')) ? null : version;
}

/** Which server it is and of which zone, if it tells; a failure here takes away nothing that was proven before. */
async function serverInfo(
  target: Target,
  context: ProbeContext,
  first: WebAnswer,
): Promise<Readonly<Record<string, string>>> {
  const question = { method: 'GET', path: `${CALL}serverinfo`, bodyCap: 2_048, limitMs: 3_000 } as const;
  const answer = await webAgain(target, question, context, first);
  if ('level' in answer || answer.status !== 200) return {};
  const [, id] = /^Server id: *(\d{1,9})\s*$/im.exec(answer.body) ?? [];
  const [, zone] = /^Root zone: *(\d{1,9})\s*$/im.exec(answer.body) ?? [];
  return { ...(id === undefined ? {} : { 'server id': id }), ...(zone === undefined ? {} : { zone }) };
}

const snpservice: ServiceType = {
  id: 'snpservice',
  links: [{ scheme: 'guifi', word: 'snpgraphs' }],
  title: { ca: 'Gràfiques de xarxa', es: 'Gráficas de red', en: 'Network graphs', de: 'Netzgrafiken' },
  summary: {
    ca: 'Mesura els equips d’una zona i en dibuixa el trànsit i la disponibilitat.',
    es: 'Mide los equipos de una zona y dibuja su tráfico y disponibilidad.',
    en: 'Measures the devices of a zone and draws their traffic and availability.',
    de: 'Misst die Geräte einer Zone und zeichnet ihren Verkehr und ihre Verfügbarkeit.',
  },
  icon: 'M4 4v16h16M7 16l4-5 3 3 5-7',
  defaultPort: 80,
  transports: ['tcp'],
  local: { units: [{ unit: 'apache2.service', package: 'apache2' }] },
  probe,
  cost: { packets: 12 + HTTPS_COST.packets, bytes: 3_200 + HTTPS_COST.bytes },
  askedCost: { packets: 14 + HTTPS_COST.packets, bytes: 3_200 + HTTPS_COST.bytes },
  scoredFrom: 3,
  // Both weigh alike. One small answer says how busy
  // the server is, not how fast it draws, so it may take long; but the best mark is at what a
  // mesh can give, for at that table's 500 ms nearly all would be alike. The path is part of that answer's time.
  metrics: [firstByteTime({ weight: 0.5, useless: 8_000, excellent: 30 }), answers(0.5)],
  use: (provider) => {
    const at = webAddress(provider);
    if (at === null) return [];
    const label = {
      ca: 'Obriu el servidor de gràfiques',
      es: 'Abra el servidor de gráficas',
      en: 'Open the graph server',
      de: 'Grafikserver öffnen',
    };
    const zone = /^\d{1,9}$/.test(provider.facts?.zone ?? '') ? `node/${provider.facts?.zone}` : '';
    return [
      ...pageSteps(label, `${at}/snpservices/`),
      {
        kind: 'link',
        label: { ca: 'Què pot mostrar', es: 'Qué puede mostrar', en: 'What it can show', de: 'Was er zeigen kann' },
        url: `${at}/snpservices/index.php?call=help`,
      },
      {
        kind: 'link',
        label: {
          ca: 'Perquè dibuixi els vostres equips: a guifi.net, editeu la vostra zona o el vostre node i trieu-lo com a servidor de gràfiques',
          es: 'Para que dibuje sus equipos: en guifi.net, edite su zona o su nodo y elíjalo como servidor de gráficas',
          en: 'To have it draw your devices: on guifi.net, edit your zone or node and choose it as the graph server',
          de: 'Damit er deine Geräte zeichnet: Bearbeite auf guifi.net deine Zone oder deinen Knoten und wähle ihn als Grafikserver',
        },
        url: `https://guifi.net/${zone}`,
      },
    ];
  },
};
export default snpservice;
