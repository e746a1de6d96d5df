/** CONFINE: a testbed of community networks, where a slice of a research device is lent to experiments. */
import { plainPath } from '../../model/provider.js';
import { type HttpAnswer, httpTimes, otherWeb, pageMetrics } from '../../probe/http.js';
import type { Prober } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { httpsFact, WEB_COST, webAddress, webAmong } from '../../probe/web.js';
import type { ServiceType, Usable } from '../contract.js';
import { pageSteps } from '../steps.js';

/** Of a controller, and of a research device; it answers with the links to its parts, 3 kB, and nearly nothing else. */
const PLACES = ['/api/', '/confine/api/'] as const;
const HEAD_BYTES = 4_096;
const QUESTION = { method: 'GET', bodyCap: 256, headers: { Accept: 'application/json' } } as const;

/** The links of its interface name what it is. */
const probe: Prober = async (target, context) => {
  const announced = plainPath(target.txt).replace(/\/$/, '');
  const paths = announced === '' ? PLACES : ([`${announced}/`] as const);
  const found = await webAmong(target, paths, QUESTION, context, readRole);
  if ('level' in found) return found;
  const { answer, value: role, path, first } = found;
  if (role === null) return otherWeb(answer);
  const samples = httpTimes({ connectMs: first.connectMs, firstByteMs: answer.firstByteMs });
  return { level: 3, samples, facts: { role, folder: path, ...httpsFact(first) } };
};

const BASE = /rel="?http:\/\/confine-project\.eu\/rel\/(node|registry|server)\/base"?/;

/** By the first link, to itself: a device also links to its controller, which was once called `server`. */
function readRole({ status, headers }: HttpAnswer): 'device' | 'controller' | null {
  const [, base] = (status === 200 && BASE.exec(headers.get('link') ?? '')) || [];
  return base === undefined ? null : base === 'node' ? 'device' : 'controller';
}

function apiAt(provider: Usable): string | null {
  const at = webAddress(provider);
  const found = plainPath(new Map([['path', provider.facts?.folder ?? '']]));
  const folder = found === '/' ? plainPath(provider.txt) : found;
  return at === null ? null : `${at}${folder === '/' ? PLACES[0] : folder}`;
}

const confine: ServiceType = {
  id: 'confine',
  links: ['http', 'https'].map((scheme) => ({ scheme, word: 'confine' })),
  title: {
    ca: 'Bancs de proves CONFINE',
    es: 'Bancos de pruebas CONFINE',
    en: 'CONFINE testbeds',
    de: 'CONFINE-Testnetze',
  },
  summary: {
    ca: 'Trossos d’aparells de recerca de la xarxa, per fer-hi experiments.',
    es: 'Porciones de equipos de investigación de la red, para hacer experimentos.',
    en: 'Slices of the network’s research devices, for experiments.',
    de: 'Anteile an Forschungsgeräten des Netzes, für Experimente.',
  },
  icon: 'M9 3h6M10 3v6l-5 9a2 2 0 0 0 2 3h10a2 2 0 0 0 2-3l-5-9v-6M8 14h8',
  defaultPort: 80,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain({ packets: 2 * WEB_COST.packets + 12, bytes: 2 * (WEB_COST.bytes + HEAD_BYTES) }),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const at = apiAt(provider);
    if (at === null) return [];
    return [
      {
        kind: 'note',
        label: {
          ca: 'Tothom ho pot mirar. Per fer-hi experiments cal un compte al controlador del banc de proves.',
          es: 'Cualquiera puede mirarlo. Para hacer experimentos hace falta una cuenta en el controlador del banco de pruebas.',
          en: 'Anybody may look at it. Experiments take an account at the testbed’s controller.',
          de: 'Ansehen darf es jeder. Für Experimente brauchst du ein Konto bei der Steuerung des Testnetzes.',
        },
      },
      ...pageSteps(
        { ca: 'Obriu-ne la interfície', es: 'Abra su interfaz', en: 'Open its interface', de: 'Oberfläche öffnen' },
        at,
      ),
    ];
  },
};
export default confine;
