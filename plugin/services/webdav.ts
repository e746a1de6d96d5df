/** Web folders (WebDAV, RFC 4918): files on a neighbour's machine, opened in any file manager. */
import { endpoint } from '../lib/endpoint.js';
import { HEAD_COST, httpOnce, httpTimes, otherWeb, pageMetrics } from '../probe/http.js';
import { isFailed, type Prober } from '../probe/index.js';
import { withPacketTrain } from '../probe/ping.js';
import type { ServiceType } from './contract.js';

/**
 * A folder names its compliance class in its own header (RFC 4918, §10.1). A server that wants a login says nothing else
 * before: there may be a folder behind it, or not, so nothing is proven and nothing has failed.
 */
const probe: Prober = async (target, context) => {
  const answer = await httpOnce(target, { method: 'OPTIONS', path: pathIn(target.txt), bodyCap: 0 }, context);
  if (isFailed(answer)) return answer;
  const dav = answer.headers.get('dav');
  if (dav !== undefined && /^\s*1\b/.test(dav)) return { level: 3, samples: httpTimes(answer), facts: {} };
  if (answer.status === 401) return { level: 2, samples: httpTimes(answer), facts: { login: 'required' } };
  return otherWeb(answer);
};

/** The announced folder (`path=`, as in DNS-SD), where it is a plain path; else the root. */
function pathIn(txt: ReadonlyMap<string, string>): string {
  const path = txt.get('path') ?? '';
  return /^(\/[\w.~%-]+){1,20}\/?$/.test(path) && path.length <= 200 ? path : '/';
}

const webdav: ServiceType = {
  id: 'webdav',
  title: { ca: 'Carpetes web', es: 'Carpetas web', en: 'Web folders' },
  summary: {
    ca: 'Carpetes d’un veí que s’obren amb el gestor de fitxers (WebDAV).',
    es: 'Carpetas de un vecino que se abren con el gestor de archivos (WebDAV).',
    en: 'A neighbour’s folders that open in your file manager (WebDAV).',
  },
  icon: 'M3 6h7l2 2h9v11H3zM12 11v5M9.500 13.500h5',
  defaultPort: 80,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain(HEAD_COST),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    const path = pathIn(provider.txt);
    return [
      {
        kind: 'copy',
        label: {
          ca: 'Adreça per al gestor de fitxers',
          es: 'Dirección para el gestor de archivos',
          en: 'Address for the file manager',
        },
        text: `dav://${at}${path}`,
      },
      {
        kind: 'link',
        label: { ca: 'Obriu-la al navegador', es: 'Ábrala en el navegador', en: 'Open it in the browser' },
        url: `http://${at}${path}`,
      },
    ];
  },
};
export default webdav;
