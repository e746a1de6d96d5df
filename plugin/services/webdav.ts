/** Web folders (WebDAV, RFC 4918): files on a neighbour's machine, opened in any file manager. */
import type { Metric } from '../model/metric.js';
import { plainPath } from '../model/provider.js';
import type { Sample } from '../model/sample.js';
import { HEAD_COST, type HttpAnswer, type HttpQuestion, httpTimes, otherWeb, pageMetrics } from '../probe/http.js';
import type { ProbeContext, ProbeResult, Prober, Target } from '../probe/index.js';
import { withPacketTrain } from '../probe/ping.js';
import { httpsFact, WEB_COST, type WebAnswer, webAddress, webAgain, webOnce } from '../probe/web.js';
import type { ServiceType, UseStep } from './contract.js';
import { pageSteps } from './steps.js';

/**
 * A folder names its compliance classes in its own header (RFC 4918, §10.1), and tells its properties to those for whom it
 * opens: that proves it too, where a proxy in front answers OPTIONS by itself. A server that wants a login before either,
 * or forbids, may have a folder behind it or not: nothing is proven and nothing has failed.
 */
const probe: Prober = async (target, context) => {
  const path = plainPath(target.txt);
  const first = await webOnce(target, options(path), context);
  if ('level' in first) return first;
  if (!isAt(first, `${path}/`)) return judge(target, first, path, context);
  const second = await webAgain(target, options(`${path}/`), context, first);
  if ('level' in second) return second;
  return judge(target, { ...first, ...second }, `${path}/`, context);
};

const options = (path: string): HttpQuestion => ({ method: 'OPTIONS', path, bodyCap: 0 });
const properties = (path: string): HttpQuestion => ({ method: 'PROPFIND', path, headers: { Depth: '0' }, bodyCap: 0 });

async function judge(target: Target, answer: WebAnswer, path: string, context: ProbeContext): Promise<ProbeResult> {
  const named = namesClass(answer);
  if (!named && answer.status >= 500 && answer.status !== 501) return otherWeb(answer);
  const barrier = BARRIERS[answer.status];
  const told = named || !barrier ? await webAgain(target, properties(path), context, answer) : null;
  const status = told === null || 'level' in told ? 0 : told.status;
  const locked = BARRIERS[status] ?? (named ? undefined : barrier);
  const facts = { ...locked, ...httpsFact(answer) };
  const samples: Sample[] = httpTimes(answer);
  if (status === 207) samples.push({ metric: opens.id, value: 1, method: 'http' });
  if (named && locked) samples.push({ metric: opens.id, value: 0, method: 'http' });
  if (named || status === 207) return { level: 3, samples, facts };
  return locked ? { level: 2, samples, facts } : otherWeb(answer);
}

/** Whether the folder opens for this node: one that wants a login is of no use to those who have none. */
const opens: Metric = {
  id: 'opens',
  label: {
    ca: 's’obre sense compte',
    es: 'se abre sin cuenta',
    en: 'opens without an account',
    de: 'öffnet sich ohne Konto',
  },
  unit: 'share',
  weight: 0.15,
  useless: 0,
  excellent: 1,
  scale: 'linear',
  halfLifeHours: 168,
};

/** Answers of a server that shows nothing to us, and what to say of it. */
const BARRIERS: Readonly<Record<number, Record<string, string>>> = {
  401: { login: 'required' },
  403: { access: 'forbidden' },
};

/** A list in any order, perhaps over several headers; what is not 1, 2 or 3 extends one of these. */
function namesClass({ headers }: HttpAnswer): boolean {
  return (headers.get('dav') ?? '').split(/[\s,;"]+/).some((word) => /^[123]$/.test(word));
}

/** Whether it only points to that path of its own, as for a folder that was asked for without the slash at its end. */
function isAt({ status, headers }: HttpAnswer, path: string): boolean {
  const location = headers.get('location') ?? '';
  return (
    status >= 301 &&
    status <= 308 &&
    URL.canParse(location, 'http://any') &&
    new URL(location, 'http://any').pathname === path
  );
}

const ON_A_PHONE: UseStep = {
  kind: 'note',
  on: 'phone',
  label: {
    ca: 'Per desar-hi fitxers cal una aplicació que parli WebDAV: a l’Android, Material Files, de l’F-Droid. Doneu-li la mateixa adreça.',
    es: 'Para guardar ficheros hace falta una aplicación que hable WebDAV: en Android, Material Files, de F-Droid. Dele la misma dirección.',
    en: 'To save files there it takes an app that speaks WebDAV: on Android, Material Files, from F-Droid. Give it the same address.',
    de: 'Um dort Dateien zu speichern, braucht es eine App, die WebDAV spricht: unter Android Material Files, bei F-Droid. Gib ihr dieselbe Adresse.',
  },
};

const inFileManagers = (url: string): UseStep[] => [
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Adreça per al gestor de fitxers: al GNOME, «Altres ubicacions»; al KDE, comença per webdav en lloc de dav',
      es: 'Dirección para el gestor de archivos: en GNOME, «Otras ubicaciones»; en KDE, empieza por webdav en lugar de dav',
      en: 'Address for the file manager: in GNOME, “Other Locations”; in KDE it begins with webdav instead of dav',
      de: 'Adresse für den Dateimanager: in GNOME „Andere Orte“; in KDE beginnt sie mit webdav statt dav',
    },
    text: url.replace('http', 'dav'),
  },
  {
    kind: 'copy',
    on: 'desktop',
    label: {
      ca: 'Windows: Explorador de fitxers, «Connecta una unitat de xarxa». macOS: Finder, Vés, «Connecta’t al servidor».',
      es: 'Windows: Explorador de archivos, «Conectar a unidad de red». macOS: Finder, Ir, «Conectarse al servidor».',
      en: 'Windows: File Explorer, “Map network drive”. macOS: Finder, Go, “Connect to Server”.',
      de: 'Windows: Datei-Explorer, „Netzlaufwerk verbinden“. macOS: Finder, „Gehe zu“, „Mit Server verbinden“.',
    },
    text: url,
  },
];

const webdav: ServiceType = {
  id: 'webdav',
  aliases: ['webdavs'],
  links: [{ scheme: 'dav' }, { scheme: 'davs' }],
  title: { ca: 'Carpetes web', es: 'Carpetas web', en: 'Web folders', de: 'Webordner' },
  summary: {
    ca: 'Carpetes d’un veí que s’obren amb el gestor de fitxers (WebDAV).',
    es: 'Carpetas de un vecino que se abren con el gestor de archivos (WebDAV).',
    en: 'A neighbour’s folders that open in your file manager (WebDAV).',
    de: 'Ordner eines Nachbarn, die sich in deinem Dateimanager öffnen (WebDAV).',
  },
  icon: 'M3 6h7l2 2h9v11H3zM12 11v5M9.500 13.500h5',
  defaultPort: 80,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: withPacketTrain({ packets: WEB_COST.packets + HEAD_COST.packets, bytes: WEB_COST.bytes + HEAD_COST.bytes }),
  scoredFrom: 3,
  metrics: [...pageMetrics().map((metric) => ({ ...metric, weight: metric.weight * (1 - opens.weight) })), opens],
  use: (provider) => {
    const web = webAddress(provider);
    if (web === null) return [];
    const path = plainPath(provider.txt);
    const url = `${web}${path}`;
    const label = {
      ca: 'Obriu-la al navegador',
      es: 'Ábrala en el navegador',
      en: 'Open it in the browser',
      de: 'Im Browser öffnen',
    };
    return [...pageSteps(label, url), ON_A_PHONE, ...inFileManagers(url)];
  },
  describe: (txt) => {
    const path = plainPath(txt);
    return path === '/' ? [] : [{ label: { ca: 'Carpeta', es: 'Carpeta', en: 'Folder', de: 'Ordner' }, value: path }];
  },
};
export default webdav;
