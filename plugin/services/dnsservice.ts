/** Name servers of the community: they know the names of guifi.net's devices, and often look up the Internet's too. */
import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Answer as DnsRecord, SoaAnswer, StringAnswer } from 'dns-packet';
import { PRIVATE_RANGES } from '../lib/address.js';
import { endpoint } from '../lib/endpoint.js';
import { answers, answerTime, loss, type Metric } from '../model/metric.js';
import type { Sample } from '../model/sample.js';
import { askOverTcp, type DnsReply, dnsQuestion, RCODE, reverseName, type StreamAnswer } from '../probe/dns.js';
import {
  type Failed,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Prober,
  type Target,
} from '../probe/index.js';
import { type Answer, openUdp, type Request, type Udp, valueOrNull } from '../probe/udp.js';
import type { Opening, ServiceType, Texts, Usable, UseStep } from './contract.js';

/** A zone that every generated guifi.net server is authority for, and the server that its start of authority names. */
const COMMUNITY_ZONE = '10.in-addr.arpa';
const COMMUNITY_MASTER = 'ns1.guifi.net';
/** The zone with the names of its devices. */
const NAMES_ZONE = 'ip.guifi.net';

/** A name of the Internet that is not in these zones and will exist for long: only a resolver knows its address. */
const OUTSIDE = 'guifi.net';
/** A name that servers of their own machine's names know, whoever is behind them. */
const LOCAL = 'localhost';
/** Longest wait for one try of the lookup, ms: with two tries, and all that comes before, a probe stays below 8 s. */
const LOOKUP_LIMIT_MS = 1_500;

const HOUR_S = 3_600;
/** No zone was generated before 2008: s since the epoch. */
const FIRST_SERIAL = 1_200_000_000;

/**
 * Whether it looks up names for this node: what a name server is wanted for. Its weight keeps the best authority that
 * resolves nothing below the slowest resolver.
 */
const resolves: Metric = {
  id: 'resolves',
  label: { ca: 'resol noms d’Internet', es: 'resuelve nombres de Internet', en: 'looks up Internet names' },
  unit: 'share',
  weight: 0.4,
  useless: 0,
  excellent: 1,
  scale: 'linear',
  halfLifeHours: 24,
};

/** Whether guifi.net's own names are served, which a plain resolver does not know. */
const zones: Metric = {
  id: 'zones',
  label: { ca: 'coneix els noms de guifi.net', es: 'conoce los nombres de guifi.net', en: 'knows guifi.net names' },
  unit: 'share',
  weight: 0.07,
  useless: 0,
  excellent: 1,
  scale: 'linear',
  halfLifeHours: 24,
};

/**
 * How long ago the zones were generated. Two days are fine; at seven the zone itself expires. Their age by
 * the clock, not their lag behind the newest server: a score reads nothing but what its own provider showed, whoever else is
 * listed. Where guifi.net had no change for days all are old alike, lose the same, and their order stays.
 */
const age: Metric = {
  id: 'age',
  label: { ca: 'antiguitat de les dades', es: 'antigüedad de los datos', en: 'age of its data' },
  unit: 'hours',
  weight: 0.03,
  useless: 168,
  excellent: 48,
  scale: 'linear',
  halfLifeHours: 24,
};

/**
 * The start of authority tells protocol, identity and time in one exchange. "Some answer with authority" would not do:
 * unbound and BIND answer for this zone out of the box (RFC 6303), with another master. Whether it is of use is another
 * question: an authority for these zones need not look up anything else, nor for everybody.
 */
const probe: Prober = async (target, context) => {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const first = await firstAnswer(udp);
    if (isFailed(first)) return first;
    const findings = await askFurther(udp, target, context, first);
    const { authority, invented } = findings;
    if (authority && isCutShort(authority.value)) return { level: 3, reason: 'broken', detail: 'cut its answer short' };
    const refusal = toRefusal(findings);
    if (refusal) return refusal;
    const lies = invented.some((reply) => reply?.answers.some(({ type }) => type === 'A'));
    if (lies) return { level: 3, reason: 'broken', detail: 'gives an address for names that do not exist' };
    return judge(findings);
  } finally {
    udp.close();
  }
};

/** Cut, and nothing of the answer has come. */
const isCutShort = ({ truncated, answers }: DnsReply) => truncated && answers.length === 0;

const zoneQuestion = dnsQuestion(COMMUNITY_ZONE, 'SOA');
const lookupQuestion = dnsQuestion(OUTSIDE, 'A');

interface First {
  /** For the zone; null where only the lookup was answered. */
  readonly authority: Answer<DnsReply> | null;
  /** Of a name outside; null where it was not asked yet, or not answered. */
  readonly lookup: Answer<DnsReply> | null;
}

/**
 * The zone, alone at first so that nothing disturbs its time. The second try comes with the lookup: a resolver may ask
 * others about the zone and get no answer, and resolve all the same.
 */
async function firstAnswer(udp: Udp): Promise<First | Failed> {
  const first = await udp.ask(zoneQuestion, 1);
  if (!isFailed(first)) return { authority: first, lookup: null };
  if (first.reason !== 'timeout' && first.reason !== 'wrong-protocol') return first;
  const [second, lookup] = await Promise.all([udp.ask(zoneQuestion, 1), udp.ask(lookupQuestion, 1)]);
  if (!isFailed(second)) return { authority: { ...second, loss: 0.5 }, lookup: isFailed(lookup) ? null : lookup };
  if (!isFailed(lookup)) return { authority: null, lookup: { ...lookup, loss: 0.5 } };
  return second.reason === 'timeout' ? first : second;
}

interface Findings extends First {
  /** The server's own name. */
  readonly own: DnsReply | null;
  /** A name that it may know by itself; null where it was not asked. */
  readonly local: DnsReply | null;
  /** Names that do not exist. */
  readonly invented: readonly (DnsReply | null)[];
  readonly tcp: StreamAnswer | null;
}

/** Everything but the lookup is asked only once: no answer proves nothing. */
async function askFurther(udp: Udp, target: Target, context: ProbeContext, first: First): Promise<Findings> {
  const { authority } = first;
  const reverse = reverseName(target.address);
  const askOnce = (question: () => Request<DnsReply>) => udp.ask(question, 1).then(valueOrNull);
  const isRefused = authority?.value.rcode === RCODE.refused;
  const knowsZones = authority !== null && communitySoa(authority.value) !== null;
  const [tcp, lookup, own, local, ...invented] = await Promise.all([
    askOverTcp(target, context, zoneQuestion),
    first.lookup ?? lookUp(udp, target, context),
    reverse === null ? null : askOnce(dnsQuestion(reverse, 'PTR')),
    isRefused ? askOnce(dnsQuestion(LOCAL, 'A')) : null,
    ...inventedNames(knowsZones).map((name) => askOnce(dnsQuestion(name, 'A'))),
  ]);
  return { authority: authority && wholeAnswer(authority, tcp), lookup, own, local, invented, tcp };
}

/** An answer that is cut (to slow down forgers, say) is asked for again over TCP by every resolver: that takes both times. */
function wholeAnswer(answer: Answer<DnsReply>, tcp: StreamAnswer | null): Answer<DnsReply> {
  return answer.value.truncated && tcp ? { ...answer, value: tcp.value, ms: answer.ms + tcp.ms } : answer;
}

async function lookUp(udp: Udp, target: Target, context: ProbeContext): Promise<Answer<DnsReply> | null> {
  const answer = await udp.ask(lookupQuestion, 2, LOOKUP_LIMIT_MS);
  if (isFailed(answer)) return null;
  return answer.value.truncated ? wholeAnswer(answer, await askOverTcp(target, context, lookupQuestion)) : answer;
}

/**
 * Names that do not exist. No resolver should ask the Internet for `.invalid` (RFC 6761): one that finds an address there
 * redirects its users. A server of guifi.net's names must also know what is not among them.
 */
function inventedNames(knowsZones: boolean): string[] {
  const names = [`${randomBytes(8).toString('hex')}.invalid`];
  return knowsZones ? [...names, `x${randomBytes(4).toString('hex')}.${NAMES_ZONE}`] : names;
}

const hasAnswered = ({ rcode }: DnsReply) => rcode === RCODE.noError || rcode === RCODE.nameError;

/**
 * "Refused" is also what a server says that knows nothing of the zone: it declines this node only where it refuses
 * everything. Other errors are not those of a server that looks up names.
 */
function toRefusal({ authority, lookup, own, local, invented }: Findings): Failed | null {
  const rcode = authority?.value.rcode ?? RCODE.noError;
  if (authority === null || hasAnswered(authority.value) || isResolved(lookup)) return null;
  if (rcode !== RCODE.refused) {
    return { level: 3, reason: 'broken', detail: rcode === RCODE.serverFailure ? 'SERVFAIL' : `error code ${rcode}` };
  }
  const others = [lookup?.value, own, local, ...invented];
  return others.some((reply) => reply && hasAnswered(reply))
    ? null
    : { level: 3, reason: 'refuses-me', detail: 'REFUSED' };
}

function isResolved(lookup: Answer<DnsReply> | null): boolean {
  return lookup?.value.rcode === RCODE.noError && lookup.value.answers.some(({ type }) => type === 'A');
}

/** The start of authority as guifi.net's generator writes it; null for any other. */
function communitySoa({ answers }: DnsReply): SoaAnswer['data'] | null {
  const soa = answers.find(isSoa)?.data;
  return soa?.mname.toLowerCase() === COMMUNITY_MASTER ? soa : null;
}

function judge({ authority, lookup, own, tcp }: Findings): ProbeResult {
  const reply = authority?.value ?? null;
  const soa = reply && communitySoa(reply);
  const generatedAt = soa && generationTime(soa);
  const name = own?.answers.find(isName)?.data;
  const timed = authority ?? lookup;
  const samples: Sample[] = [
    ...(timed ? [{ metric: 'answer', value: timed.ms, method: 'udp' }] : []),
    ...(timed ? [{ metric: 'loss', value: timed.loss, method: 'udp' }] : []),
    { metric: 'resolves', value: isResolved(lookup) ? 1 : 0, method: 'udp' },
    { metric: 'zones', value: soa ? 1 : 0, method: 'udp' },
  ];
  if (generatedAt) samples.push({ metric: 'age', value: hoursSince(generatedAt), method: 'udp' });
  return {
    // A resolver that has the zones from another server serves as well, but is not the announced server.
    level: soa && reply?.authoritative ? 4 : 3,
    samples,
    facts: {
      zones: soa ? 'guifi.net' : 'generic',
      resolves: isResolved(lookup) ? 'yes' : 'no',
      recursion: (reply ?? lookup?.value)?.recursion ? 'yes' : 'no',
      tcp: tcp ? 'yes' : 'no',
      ...(generatedAt ? { updated: new Date(generatedAt * 1000).toISOString() } : {}),
      ...(name ? { name: name.slice(0, 100) } : {}),
    },
  };
}

/** The generator writes the time of generation as the serial, s since the epoch; null for a counter or a date in digits. */
function generationTime({ serial = 0 }: SoaAnswer['data']): number | null {
  const latest = Date.now() / 1000 + HOUR_S;
  return serial >= FIRST_SERIAL && serial <= latest ? serial : null;
}

const hoursSince = (seconds: number) => Math.max(0, Date.now() / 1000 - seconds) / HOUR_S;
const isSoa = (record: DnsRecord): record is SoaAnswer => record.type === 'SOA';
const isName = (record: DnsRecord): record is StringAnswer => record.type === 'PTR';

/** A server that was never asked may be a resolver; one that was and does not resolve is no good as one. */
const mayResolve = ({ facts }: Usable) => facts?.resolves !== 'no';

function use(provider: Usable, best: readonly Usable[] = []): UseStep[] {
  const { address, port } = provider;
  if (endpoint(provider) === null) return [];
  const tryIt: UseStep = {
    kind: 'copy',
    label: { ca: 'Proveu-lo primer', es: 'Pruébelo primero', en: 'Try it first' },
    text: `dig @${address} -p ${port} ${COMMUNITY_ZONE} SOA`,
  };
  const tried = [tryIt, ITS_ANSWER];
  if (!mayResolve(provider)) return [...tried, NO_RESOLVER, ...zoneLines(provider)];
  const second = best.find((other) => mayResolve(other) && other.port === 53 && other.address !== address);
  const servers = port === 53 && second ? [provider, second] : [provider];
  const lines = port === 53 ? [resolverLines(servers), ...resolvConf(servers)] : [];
  const last = servers.length > 1 ? [ON_A_PHONE] : [ALONE, ON_A_PHONE];
  return [...tried, ...lines, ...anyPort(servers), ...(port === 53 ? last : [NO_PHONE])];
}

const ITS_ANSWER: UseStep = {
  kind: 'note',
  label: {
    ca: `Si coneix els noms de guifi.net, la resposta anomena «${COMMUNITY_MASTER}». Si us falta dig, és al paquet bind9-dnsutils.`,
    es: `Si conoce los nombres de guifi.net, la respuesta nombra «${COMMUNITY_MASTER}». Si le falta dig, está en el paquete bind9-dnsutils.`,
    en: `If it knows guifi.net’s names, the answer names “${COMMUNITY_MASTER}”. If dig is missing, the package bind9-dnsutils brings it.`,
  },
};

const NO_RESOLVER: UseStep = {
  kind: 'note',
  label: {
    ca: 'Només respon pels noms que té: no el poseu com a servidor DNS d’una màquina, que no trobaria res més.',
    es: 'Solo responde por los nombres que tiene: no lo ponga como servidor DNS de una máquina, que no encontraría nada más.',
    en: 'It answers only for the names that it has: do not enter it as a machine’s DNS server, or nothing else is found.',
  },
};

/** Sends only the questions about the community's names there. */
function zoneLines({ address, port, facts }: Usable): UseStep[] {
  if (facts?.zones !== 'guifi.net') return [];
  const label = {
    ca: 'Línies per a /etc/dnsmasq.d/community.conf, per preguntar-li només els noms de guifi.net',
    es: 'Líneas para /etc/dnsmasq.d/community.conf, para preguntarle solo los nombres de guifi.net',
    en: 'Lines for /etc/dnsmasq.d/community.conf, to ask it for guifi.net’s names only',
  };
  const lines = [NAMES_ZONE, COMMUNITY_ZONE].map((zone) => `server=/${zone}/${address}#${port}`);
  return [{ kind: 'copy', label, text: lines.join('\n') }];
}

type Server = Pick<Usable, 'address' | 'port'>;
const addressesOf = (servers: readonly Server[], separator: string) =>
  servers.map(({ address }) => address).join(separator);
/** As dnsmasq and systemd-resolved write another port than 53. */
const withPort = (servers: readonly Server[], write: (server: Server) => string, separator: string) =>
  servers.map((server) => (server.port === 53 ? server.address : write(server))).join(separator);

/** A resolver asks the next server when one does not answer: either may go down without anybody noticing. */
function resolverLines(servers: readonly Server[]): UseStep {
  return {
    kind: 'copy',
    label: {
      ca: 'Línies per a /etc/resolv.conf, on només hi escriviu vós. Amb un dels programes de sota no hi duren, perquè refà el fitxer: poseu-les on diu.',
      es: 'Líneas para /etc/resolv.conf, donde solo escriba usted. Con uno de los programas de abajo no duran, porque rehace el fichero: póngalas donde dice.',
      en: 'Lines for /etc/resolv.conf, where you alone write it. With one of the programs below they do not last, since it overwrites the file: put them where it says.',
    },
    text: `nameserver ${addressesOf(servers, '\nnameserver ')}`,
  };
}

/** What writes /etc/resolv.conf, knows no other port, and where it takes the addresses from, for good. */
const resolvConf = (servers: readonly Server[]): UseStep[] => [
  {
    ...intoFile('/etc/NetworkManager/conf.d/community.conf', 'systemctl reload NetworkManager'),
    ...{ kind: 'copy', system: 'NetworkManager (Raspberry Pi OS)' },
    text: `[global-dns-domain-*]\nservers=${addressesOf(servers, ',')}`,
  },
  {
    ...intoFile('/etc/dhcpcd.conf', 'systemctl restart dhcpcd'),
    ...{ kind: 'copy', system: 'dhcpcd' },
    text: `static domain_name_servers=${addressesOf(servers, ' ')}`,
  },
  {
    ...intoFile('/etc/dhcp/dhclient.conf', 'systemctl restart networking'),
    ...{ kind: 'copy', system: 'dhclient (Debian)' },
    text: toDhclient(servers),
  },
];

/** Its options are of one family each. */
function toDhclient(servers: readonly Server[]): string {
  const line = (option: string, of: readonly Server[]) =>
    of.length === 0 ? [] : [`supersede ${option} ${addressesOf(of, ', ')};`];
  const [v6, v4] = [true, false].map((is6) => servers.filter(({ address }) => isIPv6(address) === is6));
  return [...line('domain-name-servers', v4 ?? []), ...line('dhcp6.name-servers', v6 ?? [])].join('\n');
}

/** What asks a server on any port. */
const anyPort = (servers: readonly Server[]): UseStep[] => [
  {
    ...intoFile('/etc/systemd/resolved.conf.d/community.conf', 'systemctl restart systemd-resolved'),
    ...{ kind: 'copy', system: 'systemd-resolved' },
    text: `[Resolve]\nDNS=${withPort(servers, (server) => endpoint(server) ?? '', ' ')}\nDomains=~.`,
  },
  {
    kind: 'copy',
    system: 'dnsmasq',
    label: {
      ca: 'A /etc/dnsmasq.d/community.conf, que dura; després, systemctl restart dnsmasq. La màquina ha de preguntar a 127.0.0.1.',
      es: 'En /etc/dnsmasq.d/community.conf, que dura; después, systemctl restart dnsmasq. La máquina debe preguntar a 127.0.0.1.',
      en: 'Into /etc/dnsmasq.d/community.conf, which lasts; then systemctl restart dnsmasq. The machine has to ask 127.0.0.1.',
    },
    text: `no-resolv\nserver=${withPort(servers, toDnsmasq, '\nserver=')}`,
  },
  {
    kind: 'copy',
    system: 'OpenWrt',
    label: {
      ca: 'En un encaminador amb OpenWrt, per a tota la seva xarxa; dura. La segona línia deixa passar les adreces privades dels noms de guifi.net.',
      es: 'En un router con OpenWrt, para toda su red; dura. La segunda línea deja pasar las direcciones privadas de los nombres de guifi.net.',
      en: 'On a router with OpenWrt, for its whole network; it lasts. The second line lets the private addresses of guifi.net’s names through.',
    },
    text: [
      ...servers.map((server) => `uci add_list 'dhcp.@dnsmasq[0].server=${withPort([server], toDnsmasq, '')}'`),
      `uci add_list 'dhcp.@dnsmasq[0].rebind_domain=guifi.net'`,
      'uci commit dhcp && /etc/init.d/dnsmasq restart',
    ].join('\n'),
  },
];

const toDnsmasq = ({ address, port }: Server) => `${address}#${port}`;

const intoFile = (file: string, then: string): { readonly label: Texts } => ({
  label: {
    ca: `A ${file}, que dura; després, ${then}.`,
    es: `En ${file}, que dura; después, ${then}.`,
    en: `Into ${file}, which lasts; then ${then}.`,
  },
});

const ALONE: UseStep = {
  kind: 'note',
  label: {
    ca: 'Poseu-hi també un segon servidor: si un cau, respon l’altre.',
    es: 'Ponga también un segundo servidor: si uno cae, responde el otro.',
    en: 'Enter a second server too: if one goes down, the other answers.',
  },
};

const ON_A_PHONE: UseStep = {
  kind: 'note',
  label: {
    ca: 'En un telèfon, als paràmetres d’aquesta Wi-Fi: adreça IP estàtica, DNS 1. Val només per a aquesta Wi-Fi, i amb el «DNS privat» desactivat.',
    es: 'En un teléfono, en los ajustes de esta Wi-Fi: dirección IP estática, DNS 1. Vale solo para esta Wi-Fi, y con el «DNS privado» desactivado.',
    en: 'On a phone, in the settings of this Wi-Fi: static IP address, DNS 1. It holds for this Wi-Fi only, and with “Private DNS” off.',
  },
};

const NO_PHONE: UseStep = {
  kind: 'note',
  label: {
    ca: 'El resolv.conf, el NetworkManager i els telèfons només coneixen el port 53.',
    es: 'El resolv.conf, NetworkManager y los teléfonos solo conocen el puerto 53.',
    en: 'resolv.conf, NetworkManager and phones know port 53 only.',
  },
};

/** On a socket for all addresses, the answer would leave from another one than was asked, and be dropped: hence automatic. */
const openUnbound = (ranges: readonly string[]) =>
  ['server:', '  interface-automatic: yes', ...ranges.map((range) => `  access-control: ${range} allow`)].join('\n');

const OPEN_UNBOUND: Opening = {
  label: {
    ca: 'Perquè hi arribin els veïns, poseu això a /etc/unbound/unbound.conf.d/community.conf, que dura, i reinicieu unbound. Si el systemd-resolved ocupa el port 53, abans li cal DNSStubListener=no.',
    es: 'Para que lleguen los vecinos, ponga esto en /etc/unbound/unbound.conf.d/community.conf, que dura, y reinicie unbound. Si systemd-resolved ocupa el puerto 53, antes necesita DNSStubListener=no.',
    en: 'For neighbours to reach it, put this into /etc/unbound/unbound.conf.d/community.conf, which lasts, and restart unbound. If systemd-resolved holds port 53, it needs DNSStubListener=no first.',
  },
  text: openUnbound(PRIVATE_RANGES),
  textFor: openUnbound,
};

const dnsservice: ServiceType = {
  id: 'dnsservice',
  title: { ca: 'Servidor DNS', es: 'Servidor DNS', en: 'DNS server' },
  summary: {
    ca: 'Tradueix noms en adreces: els de guifi.net i, sovint, els d’Internet.',
    es: 'Traduce nombres a direcciones: los de guifi.net y, a menudo, los de Internet.',
    en: 'Turns names into addresses: those of guifi.net and often those of the Internet.',
  },
  icon: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zM2 12h20M12 2c-5 5.5-5 14.5 0 20c5-5.5 5-14.5 0-20z',
  defaultPort: 53,
  transports: ['udp', 'tcp'],
  local: {
    units: [
      { unit: 'named.service', package: 'bind9' },
      { unit: 'bind9.service', package: 'bind9' },
      { unit: 'unbound.service', package: 'unbound', opening: OPEN_UNBOUND },
      { unit: 'dnsmasq.service', package: 'dnsmasq' },
    ],
  },
  probe,
  // Six exchanges of two datagrams, two of them perhaps repeated, and one over TCP (10 packets), of a server that cuts its
  // answers two. 20 packets and 1.5 kB with BIND.
  cost: { packets: 35, bytes: 2_700 },
  scoredFrom: 3,
  // A node needs a resolver first, and then a fast one. The names of guifi.net weigh more than their age: old ones are better
  // than none.
  metrics: [resolves, answerTime({ weight: 0.3, useless: 500, excellent: 5 }), answers(0.15), loss(0.05), zones, age],
  use,
};
export default dnsservice;
