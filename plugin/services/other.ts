/** Every service of an unknown type: listed all the same, and only its port is probed. */
import { endpoint } from '../lib/endpoint.js';
import { plainPath } from '../model/provider.js';
import { isFailed, type Prober } from '../probe/index.js';
import { measurePath, PATH_COST } from '../probe/path.js';
import { NETWORK_COST, probePort } from '../probe/port.js';
import { webAddress } from '../probe/web.js';

import type { ServiceType, Texts, Usable, UseStep } from './contract.js';
import { pageSteps } from './steps.js';

/**
 * Which transport an unknown service uses is unknown, too. Nothing may be sent to its UDP port, for what it would do to the
 * service is anybody's guess. So a closed TCP port proves no more than that the machine is alive, and neither does silence
 * where its node gossips: nothing has failed.
 */
const probe: Prober = async (target, context) => {
  const result = await probePort(target, context);
  if (!isFailed(result)) return result;
  const path = result.reason === 'refused' ? [] : await measurePath(target, context);
  return result.reason === 'refused' || path.length > 0 ? { level: 1, samples: path, facts: {} } : result;
};

/** Ports on which a service is most often one of the web: of HTTP, and of HTTPS. */
const WEB_PORTS: ReadonlySet<number | null> = new Set([80, 81, 3000, 5000, 8000, 8008, 8080, 8081, 8088, 8888, 9000]);
const SECURE_PORTS: ReadonlySet<number | null> = new Set([443, 8443, 9443]);

function webSteps({ address, port }: Usable): UseStep[] {
  const isSecure = SECURE_PORTS.has(port);
  if (!isSecure && !WEB_PORTS.has(port)) return [];
  const url = `${webAddress({ address, port, ...(isSecure && { facts: { https: String(port) } }) })}/`;
  const label = {
    ca: 'El port sol ser d’una pàgina web: proveu d’obrir-la',
    es: 'El puerto suele ser de una página web: pruebe a abrirla',
    en: 'The port is usually that of a web page: try to open it',
    de: 'Der Port ist meist der einer Webseite: Versuche, sie zu öffnen',
  };
  return pageSteps(label, url);
}

/** The link that was announced, of checked parts: for the program that knows its scheme, so it is not opened here. */
function linkSteps({ txt }: Usable, at: string): UseStep[] {
  const scheme = txt.get('scheme') ?? '';
  if (!/^[a-z][a-z\d+.-]{1,15}$/.test(scheme)) return [];
  const path = plainPath(txt);
  const label = { ca: 'Enllaç anunciat', es: 'Enlace anunciado', en: 'Announced link', de: 'Angekündigter Link' };
  return [{ kind: 'copy', label, text: `${scheme}://${at}${path === '/' ? '' : path}` }];
}

/** Announced without a key. */
const bare: Texts = { ca: 'Text', es: 'Texto', en: 'Text', de: 'Text' };

const other: ServiceType = {
  id: 'other',
  title: { ca: 'Altres serveis', es: 'Otros servicios', en: 'Other services', de: 'Andere Dienste' },
  summary: {
    ca: 'Un servei d’un tipus que aquest tauler no coneix.',
    es: 'Un servicio de un tipo que este panel no conoce.',
    en: 'A type of service that this panel does not know.',
    de: 'Eine Art von Dienst, die dieses Panel nicht kennt.',
  },
  icon: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM17 14v6M14 17h6',
  defaultPort: null,
  transports: ['tcp'],
  probe,
  cost: { packets: NETWORK_COST.packets + PATH_COST.packets, bytes: NETWORK_COST.bytes + PATH_COST.bytes },
  scoredFrom: null,
  metrics: [],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      {
        kind: 'copy',
        label: { ca: 'Adreça i port', es: 'Dirección y puerto', en: 'Address and port', de: 'Adresse und Port' },
        text: at,
      },
      ...linkSteps(provider, at),
      ...webSteps(provider),
    ];
  },
  describe: (txt) =>
    [...txt].map(([key, value]) => ({ label: key === '' ? bare : { ca: key, es: key, en: key, de: key }, value })),
};
export default other;
