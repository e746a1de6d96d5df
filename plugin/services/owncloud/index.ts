/** ownCloud and Nextcloud: files, calendars and contacts on a neighbour's machine. */
import { endpoint } from '../../lib/endpoint.js';
import { plainPath } from '../../model/provider.js';
import { httpTimes, otherWeb, pageMetrics } from '../../probe/http.js';
import { isFailed, type Prober } from '../../probe/index.js';
import { withPacketTrain } from '../../probe/ping.js';
import { httpsFact, tlsFacts, WEB_COST, webAddress, webAmong } from '../../probe/web.js';
import type { Hole, ServiceType, UseStep } from '../contract.js';
import { pageSteps } from '../steps.js';
import { readStatus, STATUS_CAP, STATUS_PAGE, statusFacts } from './status.js';

/** Where it is installed, as a rule. */
const FOLDERS = ['', '/nextcloud', '/owncloud'] as const;

/** Asks for its own status in the announced folder, else in the usual ones. */
const probe: Prober = async (target, context) => {
  const announced = plainPath(target.txt).replace(/\/$/, '');
  const folders = announced === '' ? FOLDERS : ([announced] as const);
  const paths = folders.map((folder) => `${folder}${STATUS_PAGE}`) as [string, ...string[]];
  const found = await webAmong(target, paths, { method: 'GET', bodyCap: STATUS_CAP }, context, readStatus);
  if ('level' in found) return found;
  const folder = found.path.slice(0, -STATUS_PAGE.length);
  if (found.value === null) return otherWeb(found.answer);
  const facts = statusFacts(found.value);
  if (isFailed(facts)) return facts;
  const samples = httpTimes({ connectMs: found.first.connectMs, firstByteMs: found.answer.firstByteMs });
  const certified = { ...httpsFact(found.first), ...tlsFacts(target, found.first) };
  return { level: 3, samples, facts: { ...facts, ...certified, ...(folder && { folder }) } };
};

const USER: Hole = {
  name: 'user',
  label: { ca: 'El vostre nom d’usuari', es: 'Su nombre de usuario', en: 'Your user name', de: 'Dein Benutzername' },
  pattern: '[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}',
};

function steps(url: string): UseStep[] {
  return [
    {
      kind: 'note',
      label: {
        ca: 'Cal un compte: demaneu-lo a qui el manté.',
        es: 'Hace falta una cuenta: pídala a quien lo mantiene.',
        en: 'It takes an account: ask whoever runs it.',
        de: 'Du brauchst ein Konto: Frag den Betreiber.',
      },
    },
    ...pageSteps(
      {
        ca: 'Obriu-lo al navegador',
        es: 'Ábralo en el navegador',
        en: 'Open it in the browser',
        de: 'Im Browser öffnen',
      },
      url,
    ),
    {
      kind: 'copy',
      on: 'phone',
      label: {
        ca: 'Adreça del servidor, per a l’aplicació Nextcloud o ownCloud (a l’F-Droid)',
        es: 'Dirección del servidor, para la aplicación Nextcloud u ownCloud (en F-Droid)',
        en: 'Server address, for the Nextcloud or ownCloud app (on F-Droid)',
        de: 'Adresse des Servers, für die App von Nextcloud oder ownCloud (bei F-Droid)',
      },
      text: url,
    },
    {
      kind: 'copy',
      on: 'linux',
      label: {
        ca: 'Els fitxers al gestor de fitxers del GNOME: «Altres ubicacions»',
        es: 'Los ficheros en el gestor de archivos de GNOME: «Otras ubicaciones»',
        en: 'The files in GNOME’s file manager: “Other Locations”',
        de: 'Die Dateien im Dateimanager von GNOME: „Andere Orte“',
      },
      text: `${url.replace('http', 'dav')}remote.php/dav/files/<user>/`,
      holes: [USER],
    },
  ];
}

/** Links by HTTP or HTTPS whose name has the word. */
const named = (word: string) => ['http', 'https'].map((scheme) => ({ scheme, word }));

const owncloud: ServiceType = {
  id: 'owncloud',
  aliases: ['nextcloud'],
  links: [...named('nextcloud'), ...named('owncloud')],
  title: { ca: 'Núvols de fitxers', es: 'Nubes de ficheros', en: 'File clouds', de: 'Datei-Clouds' },
  summary: {
    ca: 'Fitxers, calendaris i contactes a casa d’un veí (Nextcloud, ownCloud).',
    es: 'Ficheros, calendarios y contactos en casa de un vecino (Nextcloud, ownCloud).',
    en: 'Files, calendars and contacts on a neighbour’s machine (Nextcloud, ownCloud).',
    de: 'Dateien, Kalender und Kontakte auf dem Rechner eines Nachbarn (Nextcloud, ownCloud).',
  },
  icon: 'M7 18a4 4 0 0 1 0-8a5 5 0 0 1 9.500-1a4.500 4.500 0 0 1 .5 9z',
  defaultPort: 443,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  // Up to three places, each by HTTPS, and what they answer.
  cost: withPacketTrain({ packets: 3 * WEB_COST.packets + 6, bytes: 3 * (WEB_COST.bytes + STATUS_CAP) }),
  scoredFrom: 3,
  metrics: pageMetrics(),
  use: (provider) => {
    const at = endpoint(provider) === null ? null : webAddress(provider);
    if (at === null) return [];
    const found = plainPath(new Map([['path', provider.facts?.folder ?? '/']]));
    const folder = found === '/' ? plainPath(provider.txt) : found;
    return steps(`${at}${folder.replace(/\/$/, '')}/`);
  },
};
export default owncloud;
