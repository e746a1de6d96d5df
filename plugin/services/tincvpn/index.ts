/** tinc: the community's private network, as if all its members shared one cable. */
import { endpoint } from '../../lib/endpoint.js';
import { waitFor } from '../../lib/wait.js';
import { answers, jitter, loss, roundTripTime } from '../../model/metric.js';
import type { Provider } from '../../model/provider.js';
import type { Sample } from '../../model/sample.js';
import {
  type Failed,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Prober,
  type Target,
} from '../../probe/index.js';
import { measurePath, PATH_COST } from '../../probe/path.js';
import { NETWORK_COST, roundTrip } from '../../probe/port.js';
import { type Connection, connect } from '../../probe/tcp.js';
import type { Hole, ServiceType, Texts, UseStep } from '../contract.js';
import { TINC_NAME, tincIntroduction } from './nets.js';

/** tinc greets at once or never: longest wait for it, ms. */
const GREETING_LIMIT_MS = 1_000;
/** Longest wait for the answer to our own name, ms: it takes a round trip and a public-key operation over there. */
const ANSWER_LIMIT_MS = 3_000;

/** "0", its name, and the protocol's version: 17 for as long as there were nodes that greet. */
const GREETING = /^0 ([A-Za-z0-9_]+) 17(\.\d+)?\n/;
/**
 * Behind the greeting, only for those whose key it has: the key of a session, or from 1.1 on the first record of SPTPS
 * (65 bytes of a key exchange).
 */
const SESSION_KEY = /^[^\n]*\n(?:1 \d+ \d+ \d+ \d+ [0-9A-Fa-f]+\n|\0A\x80)/;
/**
 * The newest version that there is. tinc 1.0 reads no further than the point; 1.1, once it has our Ed25519 key, takes a mere
 * "17" for an attack (https://github.com/gsliepen/tinc, protocol_auth.c), and with our RSA key alone goes on as 1.0 does.
 */
const OUR_VERSION = '17.7';
const MAX_GREETING = 512;
/** With the key of a session, characters. */
const MAX_ANSWER = 4_096;

interface Greeting {
  readonly name: string;
  /** Whether it accepts us as a member. */
  readonly admits: boolean;
}

/**
 * Up to 1.0.34 tinc says who it is to whoever connects; since then (CVE-2018-16737) it waits for a name that it knows, and
 * is silent for everybody else. So silence is what a good one shows to a stranger: it proves nothing and breaks nothing,
 * and is worth what the path is worth. No name is guessed: each wrong one is a warning in the provider's log. Only where
 * this node's own tinc has the provider among its hosts is our name said, and no more than that: a connection that the
 * two have is left alone.
 */
const probe: Prober = async (target, context) => {
  const connection = await connect(target, context);
  if (isFailed(connection)) return connection;
  const ourName = target.own?.has('peer') ? target.own.get('name') : undefined;
  try {
    if (ourName !== undefined) connection.socket.write(`0 ${ourName} ${OUR_VERSION}\n`);
    const [greeting, path] = await Promise.all([
      awaitGreeting(connection, ourName !== undefined, context),
      measurePath(target, context),
    ]);
    const samples = path.length > 0 ? path : roundTrip(connection.connectMs);
    if (greeting === null) return { level: 2, samples, facts: {} };
    return isFailed(greeting) ? greeting : judge(greeting, samples, target);
  } finally {
    connection.close();
  }
};

/** What it says of itself, and whether it accepts us; null when it keeps silent. */
function awaitGreeting(
  { socket }: Connection,
  asMember: boolean,
  { signal }: ProbeContext,
): Promise<Greeting | Failed | null> {
  let received = '';
  const strange: Failed = { level: 2, reason: 'wrong-protocol' };
  const readGreeting = (): Greeting | null => {
    const name = GREETING.exec(received)?.[1];
    return name === undefined ? null : { name, admits: asMember && SESSION_KEY.test(received) };
  };
  return waitFor<Greeting | Failed | null>({
    signal,
    limitMs: asMember ? ANSWER_LIMIT_MS : GREETING_LIMIT_MS,
    atLimit: () => readGreeting() ?? (received === '' ? null : strange),
    listen: (end) => {
      const onData = (chunk: Buffer) => {
        received += chunk.toString('latin1');
        const greeting = readGreeting();
        if (greeting === null && (received.includes('\n') || received.length > MAX_GREETING)) end(() => strange);
        else if (greeting?.admits || (greeting && !asMember)) end(() => greeting);
        else if (received.length > MAX_ANSWER) end(() => strange);
      };
      const onClose = () => end(() => readGreeting() ?? (received === '' ? { level: 2, reason: 'closed' } : strange));
      socket.on('data', onData).once('close', onClose);
      return () => socket.pause().off('data', onData).off('close', onClose);
    },
  });
}

/** Compares its name with the announced one and with that of our own host file, if any. */
function judge({ name, admits }: Greeting, samples: readonly Sample[], { txt, own }: Target): ProbeResult {
  const expected = [txt.get('name'), own?.get('peer')].filter((known) => known !== undefined);
  const facts = { name: name.slice(0, 100) };
  if (expected.some((announced) => announced !== name)) {
    return { level: 3, reason: 'wrong-identity', detail: `it is ${facts.name}` };
  }
  return { level: admits ? 5 : expected.length > 0 ? 4 : 3, samples, facts };
}

/** Parts of a path, of tinc's files and of commands at once. */
const WORD = '[A-Za-z0-9_]{1,32}';
const HOLES: readonly Hole[] = [
  {
    name: 'net',
    label: { ca: 'Nom de la xarxa', es: 'Nombre de la red', en: 'Name of the network', de: 'Name des Netzes' },
    pattern: WORD,
  },
  {
    name: 'peer',
    label: {
      ca: 'Nom de l’altra banda',
      es: 'Nombre de la otra parte',
      en: 'Name of the other side',
      de: 'Name der anderen Seite',
    },
    pattern: WORD,
  },
  {
    name: 'me',
    label: {
      ca: 'Nom d’aquesta màquina',
      es: 'Nombre de esta máquina',
      en: 'Name of this machine',
      de: 'Name dieses Rechners',
    },
    pattern: WORD,
  },
];

/** A command of root, with what is known put in. */
type Line = (label: Texts, text: string) => UseStep;

function use(provider: Provider, _best: readonly Provider[] = [], own: ReadonlyMap<string, string> = new Map()) {
  if (endpoint(provider) === null) return [];
  const announced = provider.txt.get('name') ?? '';
  const known = { net: own.get('net'), peer: own.get('peer') ?? announced, me: own.get('name') };
  const line = lineWith(known);
  return [
    ONLY_KNOWN,
    ...(own.has('net') ? [] : [line(NEW_NETWORK, NEW_NETWORK_LINES)]),
    own.has('file') ? ownFile(own) : line(SEND, 'cat /etc/tinc/<net>/hosts/<me>'),
    ...theirSide(provider, line),
    ...ownSide(own, TINC_NAME.test(known.peer) ? known.peer : 'NAME'),
  ];
}

/** Only names that tinc takes: others are left for the person to type. */
function lineWith(known: Readonly<Record<string, string | undefined>>): Line {
  const isKnown = (name: string) => TINC_NAME.test(known[name] ?? '');
  return (label, text) => {
    const filled = text.replace(/<(\w+)>/g, (hole, name) => (isKnown(name) ? (known[name] ?? hole) : hole));
    const holes = HOLES.filter(({ name }) => filled.includes(`<${name}>`));
    return { kind: 'copy', on: 'linux', label, text: filled, ...(holes.length > 0 && { holes }) };
  };
}

const ONLY_KNOWN: UseStep = {
  kind: 'note',
  label: {
    ca: 'tinc només admet qui ja coneix: envieu el vostre fitxer de node a qui el manté, i demaneu-li el seu, el nom de la xarxa i quina adreça hi tindreu. Mai la clau privada (rsa_key.priv).',
    es: 'tinc solo admite a quien ya conoce: envíe su fichero de nodo a quien lo mantiene, y pídale el suyo, el nombre de la red y qué dirección tendrá en ella. Nunca la clave privada (rsa_key.priv).',
    en: 'tinc admits only those it knows: send your host file to whoever runs it, and ask for theirs, the name of the network and your address in it. Never send the private key (rsa_key.priv).',
    de: 'tinc lässt nur herein, wen es kennt: Schick dem Betreiber deine Host-Datei und frag nach seiner, nach dem Namen des Netzes und nach deiner Adresse darin. Schick nie den privaten Schlüssel (rsa_key.priv).',
  },
};

const NEW_NETWORK: Texts = {
  ca: 'Si aquesta màquina encara no té la xarxa: això la crea (com a root)',
  es: 'Si esta máquina aún no tiene la red: esto la crea (como root)',
  en: 'If this machine does not have the network yet: this creates it (as root)',
  de: 'Wenn dieser Rechner das Netz noch nicht hat: Das legt es an (als root)',
};
const NEW_NETWORK_LINES = `apt install tinc
mkdir -p /etc/tinc/<net>/hosts
echo 'Name = <me>' > /etc/tinc/<net>/tinc.conf
tincd -n <net> -K2048 < /dev/null`;

const SEND: Texts = {
  ca: 'El fitxer que heu d’enviar',
  es: 'El fichero que debe enviar',
  en: 'The file to send them',
  de: 'Die Datei, die du ihm schickst',
};

function theirSide({ address, port }: Provider, line: Line): UseStep[] {
  const labels = {
    address: {
      ca: 'Deseu el seu fitxer a la carpeta hosts de la xarxa, amb el seu nom, i afegiu-hi l’adreça',
      es: 'Guarde su fichero en la carpeta hosts de la red, con su nombre, y añádale la dirección',
      en: 'Save their file in the network’s folder hosts, under their name, and add the address to it',
      de: 'Speichere seine Datei im Ordner hosts des Netzes, unter seinem Namen, und ergänze die Adresse darin',
    },
    connect: { ca: 'Que s’hi connecti', es: 'Que se conecte', en: 'Have it connect', de: 'Lass es sich verbinden' },
    restart: {
      ca: 'Reinicieu-lo; amb «enable», perquè duri',
      es: 'Reinícielo; con «enable», para que dure',
      en: 'Restart it; “enable” makes it last',
      de: 'Starte es neu; „enable“ macht es dauerhaft',
    },
  };
  return [
    line(labels.address, `echo 'Address = ${address} ${port}' >> /etc/tinc/<net>/hosts/<peer>`),
    line(labels.connect, `echo 'ConnectTo = <peer>' >> /etc/tinc/<net>/tinc.conf`),
    line(labels.restart, 'systemctl enable tinc@<net>\nsystemctl restart tinc@<net>'),
  ];
}

const ownFile = (own: ReadonlyMap<string, string>): UseStep => ({
  kind: 'copy',
  on: 'linux',
  label: {
    ca: `Fitxer d’aquest node per a l’altra banda: hosts/${own.get('name')}`,
    es: `Fichero de este nodo para la otra parte: hosts/${own.get('name')}`,
    en: `This node’s file for the other side: hosts/${own.get('name')}`,
    de: `Die Datei dieses Knotens für die andere Seite: hosts/${own.get('name')}`,
  },
  text: own.get('file') ?? '',
});

/** What the other side does, where this node's name is known; and the shorter way of newer versions. */
function ownSide(own: ReadonlyMap<string, string>, peer: string): UseStep[] {
  const [name, net] = [own.get('name'), own.get('net')];
  if (name === undefined || net === undefined) return [];
  return [
    {
      kind: 'copy',
      on: 'linux',
      label: {
        ca: 'Línia per al tinc.conf de l’altra banda',
        es: 'Línea para el tinc.conf de la otra parte',
        en: 'Line for the other side’s tinc.conf',
        de: 'Zeile für die tinc.conf der anderen Seite',
      },
      text: `ConnectTo = ${name}`,
    },
    {
      kind: 'note',
      on: 'linux',
      label: {
        ca: `Amb tinc 1.1 n’hi ha prou que una banda executi «tinc -n ${net} invite ${peer}» i l’altra «tinc join» amb l’adreça que en surt.`,
        es: `Con tinc 1.1 basta con que una parte ejecute «tinc -n ${net} invite ${peer}» y la otra «tinc join» con la dirección resultante.`,
        en: `With tinc 1.1, one side runs “tinc -n ${net} invite ${peer}” and the other “tinc join” with the address it prints; nothing else is needed.`,
        de: `Mit tinc 1.1 führt eine Seite „tinc -n ${net} invite ${peer}“ aus und die andere „tinc join“ mit der Adresse, die dabei herauskommt; mehr braucht es nicht.`,
      },
    },
  ];
}

const tincvpn: ServiceType = {
  id: 'tincvpn',
  title: { ca: 'Xarxa privada tinc', es: 'Red privada tinc', en: 'tinc private network', de: 'Privates Netz mit tinc' },
  summary: {
    ca: 'Uneix els membres d’una comunitat en una sola xarxa local, per damunt de la malla.',
    es: 'Une a los miembros de una comunidad en una sola red local, por encima de la malla.',
    en: 'Joins the members of a community into one local network on top of the mesh.',
    de: 'Verbindet die Mitglieder einer Community zu einem lokalen Netz über dem Mesh.',
  },
  icon: 'M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3M12 14.5v2',
  defaultPort: 655,
  transports: ['tcp', 'udp'],
  local: {
    units: [
      { unit: 'tinc@.service', instance: 'name', package: 'tinc' },
      { unit: 'tinc.service', package: 'tinc' },
    ],
    link: true,
  },
  probe,
  introduce: (provider) => tincIntroduction(provider),
  // Beside connection and path, a greeting; between members both names and a key, in up to three segments.
  cost: { packets: NETWORK_COST.packets + 6 + PATH_COST.packets, bytes: NETWORK_COST.bytes + 900 + PATH_COST.bytes },
  scoredFrom: 2,
  // Everything between the members goes through this path, so the path is what is weighed. Where its node is not
  // known through Serf, loss and jitter stay unknown, and mark as any unknown: in the middle.
  metrics: [
    roundTripTime({ weight: 0.35, useless: 800, excellent: 30 }),
    loss(0.25),
    jitter({ weight: 0.15, useless: 200, excellent: 20 }),
    answers(0.25),
  ],
  use,
};
export default tincvpn;
