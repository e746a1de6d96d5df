/** guifi.net's federated web proxies: one account opens them all. */
import { endpoint } from '../lib/endpoint.js';
import type { Provider } from '../model/provider.js';
import { type HttpAnswer, type HttpQuestion, httpOnce, httpTimes, otherWeb, pageMetrics } from '../probe/http.js';
import { type Account, type Failed, isFailed, type ProbeContext, type Prober, type Target } from '../probe/index.js';
import { withPacketTrain } from '../probe/ping.js';
import type { ServiceFile, ServiceType, Texts, UseStep } from './contract.js';

/**
 * A name that never exists (RFC 6761), asked for so that the proxy answers by itself: squid has not kept it, and says so
 * (504) once it is willing to serve us. Nothing is looked for or fetched.
 */
const NOWHERE: HttpQuestion = {
  method: 'HEAD',
  path: 'http://probe.invalid/',
  host: 'probe.invalid',
  headers: { 'Cache-Control': 'only-if-cached' },
  bodyCap: 0,
};

/** The same, as a web server is asked: for it there is no difference (RFC 9112 §3.2), a proxy does not know what is meant. */
const AS_WEB: HttpQuestion = { ...NOWHERE, path: '/' };

/** Whether it serves logged-in users is checked only with an account that a person offers. */
const probe: Prober = async (target, context) => {
  const answer = await httpOnce(target, NOWHERE, context);
  if (isFailed(answer)) return answer;
  const known = readStance(answer);
  const stance = known ?? (await compareStance(answer, target, context));
  if (stance === 'none' || stance === 'refuses' || stance === 'broken') return toRefusal(answer, stance);
  const facts = { login: stance === 'login' ? 'yes' : 'no', ...readFacts(answer.headers) };
  const result = { level: 3, samples: httpTimes(answer), facts } as const;
  const wantsPassword = stance === 'login' && /(^|, *)Basic\b/i.test(answer.headers.get('proxy-authenticate') ?? '');
  if (!wantsPassword || context.account === undefined) return result;
  const opened = await logIn(target, context, context.account);
  if (typeof opened === 'object') return opened;
  // A wrong password is not the proxy's fault: it is reported, and costs no points.
  return opened ? { ...result, level: 5 } : { ...result, facts: { ...result.facts, account: 'refused' } };
};

/** Sends the account to a proxy that has asked for one. Returns whether that opens it. */
async function logIn(target: Target, context: ProbeContext, { user, password }: Account): Promise<Failed | boolean> {
  const credentials = Buffer.from(`${user}:${password}`).toString('base64');
  const headers = { ...NOWHERE.headers, 'Proxy-Authorization': `Basic ${credentials}` };
  const answer = await httpOnce(target, { ...NOWHERE, headers }, context);
  if (isFailed(answer)) return answer;
  // It has just shown that it is a proxy.
  const stance = readStance(answer) ?? readStatus(answer.status);
  return stance === 'login' || stance === 'open' ? stance === 'open' : toRefusal(answer, stance);
}

/** How a proxy treats us: it asks for a login, serves us, declines us, or is in trouble. `none` is no proxy. */
type Stance = 'login' | 'open' | 'refuses' | 'broken' | 'none';

/** Programs that are proxies and nothing else, as they call themselves. */
const PROGRAMS = /\b(squid|tinyproxy|privoxy|3proxy|e2guardian|dansguardian|polipo|ziproxy|mikrotik httpproxy)\b/i;
/** What squid says of a host that does not exist, and of a page that it has not kept: it has accepted the question. */
const ACCEPTED = /^(ERR_ONLY_IF_CACHED_MISS|ERR_DNS_FAIL)\b/;

/** What privoxy says of a host that does not exist: a web server knows no domains. */
const NO_HOST = /^No such domain$/i;

/** By the signs of a proxy; null where the answer has none, or none that would not be a web server's as well. */
function readStance(answer: HttpAnswer): Stance | null {
  const { status, headers } = answer;
  if (status === 407 && (headers.has('proxy-authenticate') || isSigned(headers))) return 'login';
  if (NO_HOST.test(answer.statusText) || isUncached(answer)) return 'open';
  if (!isSigned(headers) || status < 300 || status === 404) return null;
  const error = headers.get('x-squid-error');
  if (error === undefined) return readStatus(status);
  if (ACCEPTED.test(error)) return 'open';
  return readStatus(status) === 'refuses' ? 'refuses' : 'broken';
}

/** squid's own page for it, which is told by its header from that of a gateway, whatever else was taken off. */
const isUncached = ({ status, headers }: HttpAnswer) =>
  status === 504 && headers.has('mime-version') && !headers.has('x-squid-error');

function isSigned(headers: HttpAnswer['headers']): boolean {
  const named = `${headers.get('server') ?? ''} ${headers.get('via') ?? ''}`;
  return (
    headers.has('x-squid-error') ||
    headers.has('proxy-agent') ||
    headers.has('proxy-connection') ||
    PROGRAMS.test(named)
  );
}

/** What the status says, once it is a proxy's: the host cannot exist, so nothing better is to be had. 503 is an overload. */
function readStatus(status: number): Stance {
  if (status === 403 || status === 451 || (status >= 300 && status < 400)) return 'refuses';
  return status === 404 || [500, 502, 504].includes(status) ? 'open' : 'broken';
}

/**
 * A proxy without such signs (another program, or squid with its headers taken off) treats a whole address differently from
 * the path that web servers are asked for: it takes the path for nonsense, or serves it itself, and looks for the host.
 */
async function compareStance(first: HttpAnswer, target: Target, context: ProbeContext): Promise<Stance> {
  const stance = readStatus(first.status);
  if (first.status === 401 || stance === 'broken') return 'none';
  const web = await httpOnce(target, AS_WEB, context);
  if (isFailed(web) || web.status === first.status) return 'none';
  // Apache says "500 Proxy Error" of a host without an address.
  const isGateway = first.status === 502 || first.status === 504 || /proxy/i.test(first.statusText);
  return web.status === 400 || (isGateway && web.status < 500) ? stance : 'none';
}

function toRefusal(answer: HttpAnswer, stance: Stance): Failed {
  if (stance === 'none') return otherWeb(answer);
  return { level: 3, reason: stance === 'refuses' ? 'refuses-me' : 'broken', detail: `HTTP ${answer.status}` };
}

function readFacts(headers: HttpAnswer['headers']): Record<string, string> {
  const software = headers.get('server')?.slice(0, 100);
  // squid takes quotes of its configuration for part of the name.
  const realm = /\brealm="+([^"]{1,100})/i.exec(headers.get('proxy-authenticate') ?? '')?.[1];
  return { ...(software ? { software } : {}), ...(realm ? { realm } : {}) };
}

/** A browser tries them one after the other: more would only make it wait. */
const LISTED = 5;

/**
 * Proxy auto-configuration for browsers. Addresses are looked at as they are written: looking names up would hold the
 * browser up for each, and the names of the community are known by their endings.
 */
function autoConfiguration(best: readonly Provider[]): string {
  const ways = best
    .map((provider) => endpoint(provider) ?? '')
    // Goes into a program: nothing but digits and separators of an address and a port.
    .filter((at) => /^([0-9.]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$/.test(at))
    .slice(0, LISTED)
    .map((at) => `PROXY ${at}; `);
  return `// The web proxies that serve this node best, as measured by cloudy-services.
function FindProxyForURL(url, host) {
  if (
    !/[.:]/.test(host) ||
    /\\.guifi\\.(net|local)$/.test(host) ||
    /^(10|127|192\\.168|172\\.(1[6-9]|2[0-9]|3[01]))(\\.[0-9]+)+$/.test(host) ||
    /^\\[?(::1|(f[cd]|fe[89ab])[0-9a-f]*:[0-9a-f:.]*)\\]?$/.test(host)
  ) {
    return "DIRECT";
  }
  return "${ways.join('')}DIRECT";
}
`;
}

const pac: ServiceFile = {
  name: 'proxy.pac',
  mediaType: 'application/x-ns-proxy-autoconfig',
  label: {
    ca: 'Configuració automàtica per al navegador (PAC)',
    es: 'Configuración automática para el navegador (PAC)',
    en: 'Automatic configuration for the browser (PAC)',
    de: 'Automatische Konfiguration für den Browser (PAC)',
  },
  hint: {
    ca: 'Al Firefox: Paràmetres → Paràmetres de xarxa → URL de configuració automàtica del servidor intermediari',
    es: 'En Firefox: Ajustes → Configuración de red → URL de configuración automática del proxy',
    en: 'In Firefox: Settings → Network Settings → Automatic proxy configuration URL',
    de: 'In Firefox: Einstellungen → Verbindungs-Einstellungen → Automatische Proxy-Konfigurations-Adresse',
  },
  write: autoConfiguration,
};

const ACCOUNT_NEEDED: UseStep = {
  kind: 'note',
  label: {
    ca: 'Us demanarà el compte de guifi.net; el mateix serveix per a tots els proxys federats. Si no en teniu, demaneu-lo a qui manté el proxy, que és qui l’aprova.',
    es: 'Le pedirá la cuenta de guifi.net; la misma sirve para todos los proxies federados. Si no tiene, pídala a quien mantiene el proxy, que es quien la aprueba.',
    en: 'It asks for your guifi.net account; one account works for all federated proxies. If you have none, ask whoever runs the proxy, who approves it.',
    de: 'Er fragt nach deinem guifi.net-Konto; eines gilt für alle föderierten Proxys. Wenn du keines hast, frag den Betreiber des Proxys, der es freigibt.',
  },
};

/** Where each system has the fields for address and port. */
const BY_HAND: readonly UseStep[] = [
  {
    kind: 'note',
    on: 'phone',
    label: {
      ca: 'Android: paràmetres de la Wi-Fi, aquesta xarxa, modifica, opcions avançades, «Proxy: manual». iPhone i iPad: Wi-Fi, ⓘ, «Configurar proxy», «Manual». Val només per a aquesta Wi-Fi, i algunes aplicacions no en fan cas.',
      es: 'Android: ajustes de la Wi-Fi, esta red, modificar, opciones avanzadas, «Proxy: manual». iPhone y iPad: Wi-Fi, ⓘ, «Configurar proxy», «Manual». Vale solo para esta Wi-Fi, y algunas aplicaciones no le hacen caso.',
      en: 'Android: Wi-Fi settings, this network, edit, advanced options, “Proxy: Manual”. iPhone and iPad: Wi-Fi, ⓘ, “Configure Proxy”, “Manual”. It applies to this Wi-Fi only, and some apps ignore it.',
      de: 'Android: WLAN-Einstellungen, dieses Netz, bearbeiten, erweiterte Optionen, „Proxy: Manuell“. iPhone und iPad: WLAN, ⓘ, „Proxy konfigurieren“, „Manuell“. Es gilt nur für dieses WLAN, und manche Apps beachten es nicht.',
    },
  },
  {
    kind: 'note',
    on: 'computer',
    label: {
      ca: 'Firefox, a qualsevol sistema: Paràmetres, «Paràmetres de xarxa», configuració manual; també per a HTTPS.',
      es: 'Firefox, en cualquier sistema: Ajustes, «Configuración de red», configuración manual; también para HTTPS.',
      en: 'Firefox, on any system: Settings, “Network Settings”, manual configuration; also for HTTPS.',
      de: 'Firefox, auf jedem System: Einstellungen, „Verbindungs-Einstellungen“, manuelle Konfiguration; auch für HTTPS.',
    },
  },
  {
    kind: 'note',
    on: 'desktop',
    label: {
      ca: 'Windows: Configuració, Xarxa i Internet, Servidor intermediari, configuració manual. macOS: Configuració del Sistema, Xarxa, Wi-Fi o Ethernet, Detalls, Proxies: el web (HTTP) i el web segur (HTTPS).',
      es: 'Windows: Configuración, Red e Internet, Proxy, configuración manual. macOS: Ajustes del Sistema, Red, Wi-Fi o Ethernet, Detalles, Proxies: el web (HTTP) y el web seguro (HTTPS).',
      en: 'Windows: Settings, Network & internet, Proxy, manual setup. macOS: System Settings, Network, Wi-Fi or Ethernet, Details, Proxies: web (HTTP) and secure web (HTTPS).',
      de: 'Windows: Einstellungen, Netzwerk und Internet, Proxy, manuelle Einrichtung. macOS: Systemeinstellungen, Netzwerk, WLAN oder Ethernet, Details, Proxys: Web (HTTP) und sicheres Web (HTTPS).',
    },
  },
];

const linuxLines = (at: string): UseStep[] => [
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Per a la línia d’ordres, fins que tanqueu el terminal; perquè duri, poseu-ho a ~/.profile. Si demana compte, escriviu-lo les dues vegades davant de l’adreça: http://USUARI:CONTRASENYA@…',
      es: 'Para la línea de órdenes, hasta que cierre el terminal; para que dure, póngalo en ~/.profile. Si pide cuenta, escríbala las dos veces delante de la dirección: http://USUARIO:CONTRASEÑA@…',
      en: 'For the command line, until you close the terminal; to keep it, add it to ~/.profile. If it asks for an account, write it before the address both times: http://USER:PASSWORD@…',
      de: 'Für die Befehlszeile, bis du das Terminal schließt; damit es bleibt, füge es zu ~/.profile hinzu. Wenn er ein Konto verlangt, schreib es beide Male vor die Adresse: http://BENUTZER:PASSWORT@…',
    },
    text: `export http_proxy=http://${at}/ https_proxy=http://${at}/ no_proxy=localhost,127.0.0.1,::1`,
  },
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Per a l’apt, que no les llegeix amb sudo: a /etc/apt/apt.conf.d/80proxy, que dura; el compte, com a dalt',
      es: 'Para apt, que no las lee con sudo: en /etc/apt/apt.conf.d/80proxy, que dura; la cuenta, como arriba',
      en: 'For apt, which does not read them under sudo: into /etc/apt/apt.conf.d/80proxy, which lasts; the account as above',
      de: 'Für apt, das sie unter sudo nicht liest: in /etc/apt/apt.conf.d/80proxy, was bleibt; das Konto wie oben',
    },
    text: `Acquire::http::Proxy "http://${at}/";\nAcquire::https::Proxy "http://${at}/";`,
  },
];

/** As Cloudy announces it, in English; anything else is shown as it came. */
const YES_NO: ReadonlyMap<string, Texts> = new Map([
  ['yes', { ca: 'sí', es: 'sí', en: 'yes', de: 'ja' }],
  ['no', { ca: 'no', es: 'no', en: 'no', de: 'nein' }],
]);

const proxy3: ServiceType = {
  id: 'proxy3',
  links: [{ scheme: 'http', port: 3128 }, { scheme: 'proxy' }, { scheme: 'guifi', word: 'proxy' }],
  title: { ca: 'Proxy web', es: 'Proxy web', en: 'Web proxy', de: 'Web-Proxy' },
  summary: {
    ca: 'Per navegar per Internet a través de la connexió d’un veí.',
    es: 'Para navegar por Internet a través de la conexión de un vecino.',
    en: 'Browse the web through a neighbour’s Internet connection.',
    de: 'Über den Internetzugang eines Nachbarn im Web surfen.',
  },
  icon: 'M3 12h6M15 12h6M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM9 9l3 3-3 3M18 9l3 3-3 3',
  defaultPort: 3128,
  transports: ['tcp'],
  local: {
    units: [
      { unit: 'squid.service', package: 'squid' },
      { unit: 'squid3.service', package: null },
    ],
  },
  probe,
  account: {
    label: {
      ca: 'Comproveu-lo amb el vostre compte',
      es: 'Compruébelo con su cuenta',
      en: 'Check it with your account',
      de: 'Mit deinem Konto prüfen',
    },
    explanation: {
      ca: 'El vostre compte de guifi.net diu si us deixa entrar. S’envia només a aquest servidor, sense xifrar, com fa el navegador: escriviu-lo només si us en refieu. No es desa enlloc.',
      es: 'Su cuenta de guifi.net dice si le deja entrar. Se envía solo a este servidor, sin cifrar, como hace el navegador: escríbala solo si se fía de él. No se guarda en ningún sitio.',
      en: 'Your guifi.net account shows whether it lets you in. It is sent only to this server, unencrypted, as a browser does: enter it only if you trust the server. It is not stored anywhere.',
      de: 'Dein guifi.net-Konto zeigt, ob er dich hereinlässt. Es geht nur an diesen Server, unverschlüsselt, wie beim Browser: Gib es nur ein, wenn du dem Server traust. Es wird nirgends gespeichert.',
    },
  },
  // Two questions at most: the second one only where the first was answered without a proxy's signs.
  cost: withPacketTrain({ packets: 22, bytes: 2_800 }),
  // With the longest account that the form takes.
  askedCost: { packets: 12, bytes: 1_700 },
  scoredFrom: 3,
  // Times and throughput through the proxy would say most, and take an account. What can be had without is what
  // pages are judged by, for pages are what comes this way: the proxy's own first byte, and the path to it.
  metrics: pageMetrics(),
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      {
        kind: 'copy',
        label: {
          ca: 'Adreça del proxy',
          es: 'Dirección del proxy',
          en: 'Address of the proxy',
          de: 'Adresse des Proxys',
        },
        text: provider.address,
      },
      { kind: 'copy', label: { ca: 'Port', es: 'Puerto', en: 'Port', de: 'Port' }, text: String(provider.port) },
      ...(provider.facts?.login === 'no' ? [] : [ACCOUNT_NEEDED]),
      ...BY_HAND,
      ...linuxLines(at),
    ];
  },
  files: [pac],
  describe: (txt) => {
    const federated = txt.get('Federated');
    if (federated === undefined) return [];
    const value = YES_NO.get(federated.toLowerCase()) ?? federated;
    return [{ label: { ca: 'Federat', es: 'Federado', en: 'Federated', de: 'Föderiert' }, value }];
  },
};
export default proxy3;
