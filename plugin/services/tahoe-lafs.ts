/** Introducers of Tahoe-LAFS grids: where the members of a distributed, encrypted storage meet. */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { base32 } from '../lib/base32.js';
import { endpoint } from '../lib/endpoint.js';
import { answers, handshakeTime, roundTripTime } from '../model/metric.js';
import { type HttpAnswer, type HttpQuestion, httpAsk, httpOnce } from '../probe/http.js';
import { isFailed, type ProbeContext, type ProbeResult, type Prober, type Target } from '../probe/index.js';
import { roundTrip } from '../probe/port.js';
import { connect } from '../probe/tcp.js';
import { handshake } from '../probe/tls.js';
import type { ServiceType, Usable, UseStep } from './contract.js';

const TUB_ID = /^[a-z2-7]{32}$/;
/** A foolscap address: tub id, where to find it, and the name of the introducer, since Tahoe-LAFS 1.10 a secret one. */
const FURL = /^pb:\/\/([a-z2-7]{32})@[^\s/]{1,200}\/([a-z2-7]{1,64})$/;

interface Introducer {
  readonly tub: string;
  /** null where only the tub is announced: enough for grids from before Tahoe-LAFS 1.10, whose name was always the same. */
  readonly name: string | null;
}

/** The introducer announced: a whole `furl=`, or the tub id alone, as old nodes have it bare. */
function readIntroducer(txt: ReadonlyMap<string, string>): Introducer | null {
  const [, tub, name] = FURL.exec(txt.get('furl') ?? '') ?? [];
  if (tub !== undefined && name !== undefined) return { tub, name };
  const bare = txt.get('node_id') ?? txt.get('') ?? '';
  return TUB_ID.test(bare) ? { tub: bare, name: null } : null;
}

/** A made-up tub, to ask for when none is announced. */
const NOBODY = 'a'.repeat(32);

const probe: Prober = async (target, context) => {
  const result = await meet(target, context);
  const port = webPort(target.txt);
  if (isFailed(result) || port === null) return result;
  const servers = await storageServers({ ...target, port }, context);
  return servers === null ? result : { ...result, facts: { ...result.facts, servers: String(servers) } };
};

/** Goes as far as a foolscap client does before it names itself: the tub has then proven the key that its id stands for. */
async function meet(target: Target, context: ProbeContext): Promise<ProbeResult> {
  const announced = readIntroducer(target.txt)?.tub ?? null;
  const connection = await connect(target, context);
  if (isFailed(connection)) return connection;
  try {
    const answer = await httpAsk(connection, upgrade(announced ?? NOBODY), context);
    if (isFailed(answer)) return answer;
    const phrase = readPhrase(answer);
    const path = roundTrip(connection.connectMs);
    if (phrase === 'other') return { level: 2, reason: 'wrong-protocol', detail: `HTTP ${answer.status}` };
    if (announced === null) {
      if (phrase === 'ready') return { level: 2, reason: 'wrong-protocol', detail: 'it claims a tub that nobody has' };
      return { level: 3, samples: path, facts: {} };
    }
    if (phrase === 'unknown') return { level: 3, reason: 'wrong-identity', detail: 'it does not know that tub' };
    if (phrase === 'error') return { level: 3, reason: 'broken', detail: answer.statusText.slice(0, 100) };
    const session = await handshake(connection, context, [], { old: true });
    if (isFailed(session)) return { ...session, level: 3 };
    const id = tubId(session.certificate);
    if (id !== announced) return { level: 3, reason: 'wrong-identity', detail: `it is ${id}` };
    const samples = [...path, { metric: 'handshake', value: session.ms, method: 'tls' }];
    return { level: 4, samples, facts: { id, tls: session.version } };
  } finally {
    connection.close();
  }
}

/** How foolscap begins: https://github.com/warner/foolscap/blob/master/src/foolscap/negotiate.py */
const upgrade = (tub: string): HttpQuestion => ({
  method: 'GET',
  path: `/id/${tub}`,
  headers: { Upgrade: 'TLS/1.0' },
  bodyCap: 0,
});

/** The answers of foolscap; a web server's "Internal Server Error" has no colon after it. */
function readPhrase({ status, statusText, headers }: HttpAnswer): 'ready' | 'unknown' | 'error' | 'other' {
  if (status === 101 && /\bPB\/1\.0/.test(headers.get('upgrade') ?? '')) return 'ready';
  if (status !== 500 || !statusText.startsWith('Internal Server Error: ')) return 'other';
  return statusText.includes(': unknown TubID ') ? 'unknown' : 'error';
}

/** Id of the tub with that certificate (DER). */
export function tubId(certificate: Uint8Array): string {
  return base32(createHash('sha1').update(certificate).digest()).toLowerCase();
}

/** Port of the introducer's status page; null unless announced, since only then it is public. */
function webPort(txt: ReadonlyMap<string, string>): number | null {
  const text = txt.get('web') ?? '';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

/** How many storage servers the grid has; null where the status page does not say. */
async function storageServers(target: Target, context: ProbeContext): Promise<number | null> {
  // A failure here must not take away what the rest of the probe has proven.
  const question = { method: 'GET', path: '/?t=json', bodyCap: 4_096, limitMs: 1_000 } as const;
  const answer = await httpOnce(target, question, context);
  if (isFailed(answer) || answer.status !== 200) return null;
  const count = (SUMMARY.exec(answer.body) ?? OLD_SUMMARY.exec(answer.body))?.[1];
  return count === undefined ? null : Number(count);
}

const SUMMARY = /"announcement_summary"\s*:\s*\{[^{}]*"storage"\s*:\s*(\d{1,6})\b/;
/** Versions that know no JSON show their page for every question; kinds of servers there are in order of their names. */
const OLD_SUMMARY = /Announcement Summary:(?:\s|<[^<>]{0,200}>)*(?:\w+: \d+, )*storage: (\d{1,6})\b/;

function use(provider: Usable): UseStep[] {
  const at = endpoint(provider);
  const introducer = readIntroducer(provider.txt);
  if (at === null) return [];
  if (introducer === null) {
    return [
      {
        kind: 'note',
        label: {
          ca: 'No anuncia l’adreça de la graella (furl): demaneu-la a qui la manté.',
          es: 'No anuncia la dirección de la rejilla (furl): pídala a quien la mantiene.',
          en: 'It does not announce the grid’s address (furl): ask whoever runs the grid.',
          de: 'Er kündigt die Adresse des Grids (furl) nicht an: Frag, wer das Grid betreibt.',
        },
      },
    ];
  }
  const { tub, name } = introducer;
  // Foolscap takes brackets for an IPv6 address only where the kind of connection is named.
  const furl = `pb://${tub}@${isIPv6(provider.address) ? 'tcp:' : ''}${at}/${name ?? 'introducer'}`;
  return [...(name === null ? [OLD_ONLY] : []), ...joinSteps(furl), ...fewServers(provider.facts?.servers)];
}

const OLD_ONLY: UseStep = {
  kind: 'note',
  label: {
    ca: 'Només per a graelles de Tahoe-LAFS 1.9 o anteriors: a les noves, demaneu el furl sencer a qui la manté.',
    es: 'Solo para rejillas de Tahoe-LAFS 1.9 o anteriores: en las nuevas, pida el furl entero a quien la mantiene.',
    en: 'Only for grids of Tahoe-LAFS 1.9 or older: for newer ones, ask whoever runs the grid for the whole furl.',
    de: 'Nur für Grids von Tahoe-LAFS 1.9 oder älter: Bei neueren frag, wer das Grid betreibt, nach der ganzen furl.',
  },
};

const joinSteps = (furl: string): UseStep[] => [
  {
    kind: 'copy',
    label: {
      ca: 'Adreça de la graella (furl)',
      es: 'Dirección de la rejilla (furl)',
      en: 'Address of the grid (furl)',
      de: 'Adresse des Grids (furl)',
    },
    text: furl,
  },
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Debian 12 no té Tahoe-LAFS: instal·leu-lo de PyPI; cal Internet',
      es: 'Debian 12 no tiene Tahoe-LAFS: instálelo de PyPI; hace falta Internet',
      en: 'Debian 12 has no Tahoe-LAFS: install it from PyPI; this takes the Internet',
      de: 'Debian 12 hat kein Tahoe-LAFS: Installiere es aus PyPI; dafür braucht es das Internet',
    },
    text: 'sudo apt install pipx && pipx install tahoe-lafs && pipx ensurepath',
  },
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Uniu-vos a la graella, una sola vegada',
      es: 'Únase a la rejilla, una sola vez',
      en: 'Join the grid, once only',
      de: 'Dem Grid beitreten, nur einmal',
    },
    text: `tahoe create-client --introducer=${furl}`,
  },
  {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Engegueu-lo, i deixeu-lo obert: és a http://127.0.0.1:3456/ mentre funciona',
      es: 'Póngalo en marcha, y déjelo abierto: está en http://127.0.0.1:3456/ mientras funciona',
      en: 'Start it, and leave it open: it is at http://127.0.0.1:3456/ while it runs',
      de: 'Starte es und lass es offen: Solange es läuft, ist es unter http://127.0.0.1:3456/',
    },
    text: 'tahoe run',
  },
  {
    kind: 'note',
    on: 'desktop',
    label: {
      ca: 'Windows i macOS: instal·leu Python i, amb «pip install tahoe-lafs», les mateixes dues ordres que al Linux.',
      es: 'Windows y macOS: instale Python y, con «pip install tahoe-lafs», las mismas dos órdenes que en Linux.',
      en: 'Windows and macOS: install Python and, with “pip install tahoe-lafs”, the same two commands as on Linux.',
      de: 'Windows und macOS: Installiere Python und, mit „pip install tahoe-lafs“, dieselben zwei Befehle wie unter Linux.',
    },
  },
];

/** A new client wants so many servers for each file. https://tahoe-lafs.readthedocs.io/en/latest/configuration.html */
const DEFAULT_HAPPY = 7;

function fewServers(servers = ''): UseStep[] {
  if (!/^\d{1,6}$/.test(servers) || Number(servers) >= DEFAULT_HAPPY) return [];
  return [
    {
      kind: 'note',
      label: {
        ca: `La graella té ${servers} servidors, i un client nou en vol ${DEFAULT_HAPPY}: fins que no baixeu shares.happy a tahoe.cfg, no hi podreu desar res.`,
        es: `La rejilla tiene ${servers} servidores, y un cliente nuevo quiere ${DEFAULT_HAPPY}: hasta que no baje shares.happy en tahoe.cfg, no podrá guardar nada.`,
        en: `The grid has ${servers} servers, and a new client wants ${DEFAULT_HAPPY}: until you lower shares.happy in tahoe.cfg, you can store nothing.`,
        de: `Das Grid hat ${servers} Server, und ein neuer Client will ${DEFAULT_HAPPY}: Bis du shares.happy in tahoe.cfg senkst, kannst du nichts speichern.`,
      },
    },
  ];
}

const tahoe: ServiceType = {
  id: 'tahoe-lafs',
  aliases: ['tahoeintro'],
  title: { ca: 'Tahoe-LAFS', es: 'Tahoe-LAFS', en: 'Tahoe-LAFS', de: 'Tahoe-LAFS' },
  summary: {
    ca: 'Emmagatzematge xifrat i repartit entre els discos de molts membres.',
    es: 'Almacenamiento cifrado y repartido entre los discos de muchos miembros.',
    en: 'Encrypted storage spread over the disks of many members.',
    de: 'Verschlüsselter Speicher, verteilt auf die Platten vieler Mitglieder.',
  },
  icon: 'M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9',
  defaultPort: null,
  transports: ['tcp'],
  local: {
    units: [{ unit: 'tahoe-lafs.service', package: null }],
    publishTxt: {
      ca: 'node_id= i l’identificador de l’introductor: el que hi ha entre «pb://» i «@» al seu introducer.furl.',
      es: 'node_id= y el identificador del introductor: lo que hay entre «pb://» y «@» en su introducer.furl.',
      en: 'node_id= and the introducer’s ID: the part between “pb://” and “@” in its introducer.furl.',
      de: 'node_id= und die ID des Introducers: der Teil zwischen „pb://“ und „@“ in seiner introducer.furl.',
    },
  },
  probe,
  identifies: true,
  // With a status page of 4 kB, where one is announced; without, or with a newer one, little more than half of it.
  cost: { packets: 31, bytes: 8_800 },
  scoredFrom: 3,
  // The introducer only introduces: whether it answers counts most, and clients that know the grid do without it for a
  // while. The storage servers, their space and throughput cannot be had from every grid: no file goes
  // by the introducer, so the width of the path to it says nothing. The best marks are at what a near neighbour takes.
  metrics: [
    answers(0.6),
    handshakeTime({ weight: 0.25, useless: 10_000, excellent: 50 }),
    roundTripTime({ weight: 0.15, useless: 1_000, excellent: 2 }),
  ],
  use,
  describe: (txt) => {
    const introducer = readIntroducer(txt);
    if (introducer === null) return [];
    return [
      {
        label: { ca: 'Identificador del node', es: 'Identificador del nodo', en: 'Node ID', de: 'Knoten-ID' },
        value: introducer.tub,
      },
    ];
  },
};
export default tahoe;
