/** Name servers of the community: they know the names of guifi.net's devices, and often look up the Internet's too. */
import { randomBytes } from 'node:crypto';
import type { Answer as DnsRecord, SoaAnswer, StringAnswer } from 'dns-packet';
import { answers, answerTime, loss, type Metric } from '../../model/metric.js';
import type { Sample } from '../../model/sample.js';
import { askOverTcp, type DnsReply, dnsQuestion, RCODE, reverseName, type StreamAnswer } from '../../probe/dns.js';
import {
  type Failed,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Prober,
  type Target,
} from '../../probe/index.js';
import { type Answer, openUdp, type Request, type Udp, valueOrNull } from '../../probe/udp.js';
import type { ServiceType } from '../contract.js';
import { FILES } from './files.js';
import { COMMUNITY_MASTER, COMMUNITY_ZONE, NAMES_ZONE, OPEN_UNBOUND, use } from './use.js';

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
  label: {
    ca: 'resol noms d’Internet',
    es: 'resuelve nombres de Internet',
    en: 'looks up Internet names',
    de: 'löst Internet-Namen auf',
  },
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
  label: {
    ca: 'coneix els noms de guifi.net',
    es: 'conoce los nombres de guifi.net',
    en: 'knows guifi.net names',
    de: 'kennt guifi.net-Namen',
  },
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
  label: { ca: 'antiguitat de les dades', es: 'antigüedad de los datos', en: 'age of its data', de: 'Alter der Daten' },
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

const dnsservice: ServiceType = {
  id: 'dnsservice',
  aliases: ['domain'],
  links: [{ scheme: 'dns' }, { scheme: 'domain' }, { scheme: 'udp', port: 53 }, { scheme: 'guifi', word: 'dns' }],
  title: { ca: 'Servidor DNS', es: 'Servidor DNS', en: 'DNS server', de: 'DNS-Server' },
  summary: {
    ca: 'Tradueix noms en adreces: els de guifi.net i, sovint, els d’Internet.',
    es: 'Traduce nombres a direcciones: los de guifi.net y, a menudo, los de Internet.',
    en: 'Turns names into addresses: those of guifi.net and often those of the Internet.',
    de: 'Macht aus Namen Adressen: denen von guifi.net und oft auch denen des Internets.',
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
  files: FILES,
};
export default dnsservice;
