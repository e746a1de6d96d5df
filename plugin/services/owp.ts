/** OpenVZ Web Panel: virtual machines for members, managed in a web page. */
import { httpTimes, otherWeb, pageMetrics } from '../probe/http.js';
import type { Prober } from '../probe/index.js';
import { withPacketTrain } from '../probe/ping.js';
import { HTTPS_COST, httpsFact, webAddress, webOnce } from '../probe/web.js';
import type { ServiceType, UseStep } from './contract.js';
import { pageSteps } from './steps.js';

/** The login page's title; the word before it is translated, a version may follow. */
const TITLE = /<title>[^<]*\bOpenVZ Web Panel(?:\s+(\d[\d.]{0,15}))?/i;

/**
 * Every path of the panel leads to its login page, so only the page itself can tell: by its title, and by its session cookie
 * or its window. The panel does not tell who runs it.
 */
const probe: Prober = async (target, context) => {
  const question = { method: 'GET', path: '/login', headers: { Accept: 'text/html' }, bodyCap: 4_096 } as const;
  const answer = await webOnce(target, question, context);
  if ('level' in answer) return answer;
  const title = TITLE.exec(answer.body);
  const marked =
    /(^|[ ,;])_owp_session=/.test(answer.headers.get('set-cookie') ?? '') ||
    /id=['"]login-window['"]/.test(answer.body);
  if (answer.status !== 200 || title === null || !marked) return otherWeb(answer);
  const [, version] = title;
  return {
    level: 3,
    samples: httpTimes(answer),
    facts: { ...(version === undefined ? {} : { version }), ...httpsFact(answer) },
  };
};

const ACCOUNT: UseStep = {
  kind: 'note',
  label: {
    ca: 'Cal un compte: demaneu-lo a qui el manté, i digueu-li quina màquina us cal.',
    es: 'Hace falta una cuenta: pídala a quien lo mantiene, y dígale qué máquina necesita.',
    en: 'It takes an account: ask whoever runs it for one, and say which machine you need.',
    de: 'Du brauchst ein Konto: Bitte den Betreiber um eines und sag, welche Maschine du brauchst.',
  },
};

const UNENCRYPTED: UseStep = {
  kind: 'note',
  label: {
    ca: 'La connexió no va xifrada: no hi poseu una contrasenya que feu servir en un altre lloc.',
    es: 'La conexión no va cifrada: no ponga una contraseña que use en otro sitio.',
    en: 'The connection is not encrypted: use no password there that you use elsewhere.',
    de: 'Die Verbindung ist nicht verschlüsselt: Nimm dort kein Passwort, das du anderswo benutzt.',
  },
};

const owp: ServiceType = {
  id: 'owp',
  title: { ca: 'OpenVZ Web Panel', es: 'OpenVZ Web Panel', en: 'OpenVZ Web Panel', de: 'OpenVZ Web Panel' },
  summary: {
    ca: 'Màquines virtuals per als membres, gestionades des del navegador.',
    es: 'Máquinas virtuales para los miembros, gestionadas desde el navegador.',
    en: 'Virtual machines for members, managed in the browser.',
    de: 'Virtuelle Maschinen für Mitglieder, verwaltet im Browser.',
  },
  icon: 'M3 4h18v7H3zM3 13h18v7H3zM6 7.5h2M6 16.5h2',
  defaultPort: 3000,
  transports: ['tcp'],
  local: {
    units: [{ unit: 'owp.service', package: null }],
    advice: {
      ca: 'La contrasenya inicial d’OpenVZ Web Panel és coneguda: si encara és la vostra, canvieu-la ara.',
      es: 'La contraseña inicial de OpenVZ Web Panel es conocida: si aún es la suya, cámbiela ahora.',
      en: 'OpenVZ Web Panel’s first password is public knowledge: if it is still yours, change it now.',
      de: 'Das erste Passwort von OpenVZ Web Panel ist allgemein bekannt: Wenn es noch deines ist, ändere es jetzt.',
    },
  },
  probe,
  cost: withPacketTrain({ packets: 14 + HTTPS_COST.packets, bytes: 5_500 + HTTPS_COST.bytes }),
  scoredFrom: 3,
  // The panel runs on small old machines: its page is allowed longer than others', but not so long that
  // all of them come out alike.
  metrics: pageMetrics({ useless: 10_000, excellent: 100 }),
  use: (provider) => {
    const at = webAddress(provider);
    if (at === null) return [];
    const label = { ca: 'Obriu el tauler', es: 'Abra el panel', en: 'Open the panel', de: 'Panel öffnen' };
    return [...pageSteps(label, `${at}/`), ACCOUNT, ...(at.startsWith('https:') ? [] : [UNENCRYPTED])];
  },
};
export default owp;
