/** Name servers of the community: they know the names of guifi.net's devices, and often look up the Internet's too. */
import { randomBytes } from 'node:crypto';
import type { Answer as DnsRecord, SoaAnswer, StringAnswer } from 'dns-packet';
import { endpoint } from '../lib/endpoint.js';
import { answers, answerTime, loss, type Metric } from '../model/metric.js';
import type { Provider } from '../model/provider.js';
import type { Sample } from '../model/sample.js';
import { answersOverTcp, type DnsReply, dnsQuestion, RCODE, reverseName } from '../probe/dns.js';
import { type Failed, isFailed, type ProbeResult, type Prober } from '../probe/index.js';
import { type Answer, openUdp, type Request, valueOrNull } from '../probe/udp.js';
import type { Opening, ServiceType, UseStep } from './contract.js';

/** A zone that every generated guifi.net server is authority for, and the server that its start of authority names. */
const COMMUNITY_ZONE = '10.in-addr.arpa';
const COMMUNITY_MASTER = 'ns1.guifi.net';
/** The zone with the names of its devices. */
const NAMES_ZONE = 'ip.guifi.net';

const HOUR_S = 3_600;
/** No zone was generated before 2008: s since the epoch. */
const FIRST_SERIAL = 1_200_000_000;

/** Whether guifi.net's own names are served: a plain resolver answers, but is not what a member looks for. */
const zones: Metric = {
  id: 'zones',
  label: { ca: 'coneix els noms de guifi.net', es: 'conoce los nombres de guifi.net', en: 'knows guifi.net names' },
  unit: 'share',
  weight: 0.1,
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
  weight: 0.05,
  useless: 168,
  excellent: 48,
  scale: 'linear',
  halfLifeHours: 24,
};

/**
 * The start of authority tells protocol, identity and time in one exchange. "Some answer with authority" would not do:
 * unbound and BIND answer for this zone out of the box (RFC 6303), with another master.
 */
const probe: Prober = async (target, context) => {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const authority = await udp.ask(dnsQuestion(COMMUNITY_ZONE, 'SOA'));
    if (isFailed(authority)) return authority;
    const refusal = toRefusal(authority.value);
    if (refusal) return refusal;
    const soa = communitySoa(authority.value);
    const reverse = reverseName(target.address);
    const askOnce = (question: () => Request<DnsReply>) => udp.ask(question, 1).then(valueOrNull);
    // Asked only once, like the server's own name: no answer proves nothing.
    const [own, tcp, ...invented] = await Promise.all([
      reverse === null ? null : askOnce(dnsQuestion(reverse, 'PTR')),
      answersOverTcp(target, context, dnsQuestion(COMMUNITY_ZONE, 'SOA')),
      ...inventedNames(soa !== null).map((name) => askOnce(dnsQuestion(name, 'A'))),
    ]);
    const lies = invented.some((reply) => reply?.answers.some(({ type }) => type === 'A'));
    if (lies) return { level: 3, reason: 'broken', detail: 'gives an address for names that do not exist' };
    return judge(authority, soa, own, tcp);
  } finally {
    udp.close();
  }
};

/**
 * Names that do not exist. No resolver should ask the Internet for `.invalid` (RFC 6761): one that finds an address there
 * redirects its users. A server of guifi.net's names must also know what is not among them.
 */
function inventedNames(knowsZones: boolean): string[] {
  const names = [`${randomBytes(8).toString('hex')}.invalid`];
  return knowsZones ? [...names, `x${randomBytes(4).toString('hex')}.${NAMES_ZONE}`] : names;
}

function toRefusal({ rcode, truncated }: DnsReply): Failed | null {
  if (rcode === RCODE.refused) return { level: 3, reason: 'refuses-me', detail: 'REFUSED' };
  if (rcode !== RCODE.noError && rcode !== RCODE.nameError) {
    return { level: 3, reason: 'broken', detail: rcode === RCODE.serverFailure ? 'SERVFAIL' : `error code ${rcode}` };
  }
  return truncated ? { level: 3, reason: 'broken', detail: 'cut its answer short' } : null;
}

/** The start of authority as guifi.net's generator writes it; null for any other. */
function communitySoa({ answers }: DnsReply): SoaAnswer['data'] | null {
  const soa = answers.find(isSoa)?.data;
  return soa?.mname.toLowerCase() === COMMUNITY_MASTER ? soa : null;
}

function judge(
  { value: reply, ms, loss: lost }: Answer<DnsReply>,
  soa: SoaAnswer['data'] | null,
  own: DnsReply | null,
  tcp: boolean,
): ProbeResult {
  const generatedAt = soa && generationTime(soa);
  const name = own?.answers.find(isName)?.data;
  const samples: Sample[] = [
    { metric: 'answer', value: ms, method: 'udp' },
    { metric: 'loss', value: lost, method: 'udp' },
    { metric: 'zones', value: soa ? 1 : 0, method: 'udp' },
  ];
  if (generatedAt) samples.push({ metric: 'age', value: hoursSince(generatedAt), method: 'udp' });
  return {
    // A resolver that has the zones from another server serves as well, but is not the announced server.
    level: soa && reply.authoritative ? 4 : 3,
    samples,
    facts: {
      zones: soa ? 'guifi.net' : 'generic',
      recursion: reply.recursion ? 'yes' : 'no',
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

function use(provider: Provider, best: readonly Provider[] = []): UseStep[] {
  const { address, port } = provider;
  if (endpoint(provider) === null) return [];
  const tryIt: UseStep = {
    kind: 'copy',
    label: { ca: 'Proveu-lo primer', es: 'Pruébelo primero', en: 'Try it first' },
    text: `dig @${address} -p ${port} ${COMMUNITY_ZONE} SOA`,
  };
  const tried = [tryIt, ITS_ANSWER];
  if (port !== 53) {
    return [
      ...tried,
      {
        kind: 'copy',
        label: {
          ca: 'Línia per a /etc/dnsmasq.d/community.conf; després, reinicieu dnsmasq (systemctl restart dnsmasq). El resolv.conf no admet altres ports.',
          es: 'Línea para /etc/dnsmasq.d/community.conf; después, reinicie dnsmasq (systemctl restart dnsmasq). El resolv.conf no admite otros puertos.',
          en: 'Line for /etc/dnsmasq.d/community.conf; then restart dnsmasq (systemctl restart dnsmasq). resolv.conf knows no other port.',
        },
        text: `server=${address}#${port}`,
      },
    ];
  }
  const second = best.find((other) => other.port === 53 && other.address !== address);
  return [...tried, resolverLines(second ? [address, second.address] : [address]), ...(second ? [] : [ALONE])];
}

const ITS_ANSWER: UseStep = {
  kind: 'note',
  label: {
    ca: `Si coneix els noms de guifi.net, la resposta anomena «${COMMUNITY_MASTER}». Si us falta dig, és al paquet bind9-dnsutils.`,
    es: `Si conoce los nombres de guifi.net, la respuesta nombra «${COMMUNITY_MASTER}». Si le falta dig, está en el paquete bind9-dnsutils.`,
    en: `If it knows guifi.net’s names, the answer names “${COMMUNITY_MASTER}”. If dig is missing, the package bind9-dnsutils brings it.`,
  },
};

/** A resolver asks the next server when one does not answer: either may go down without anybody noticing. */
function resolverLines(addresses: readonly string[]): UseStep {
  return {
    kind: 'copy',
    label: {
      ca: 'Línies per a /etc/resolv.conf',
      es: 'Líneas para /etc/resolv.conf',
      en: 'Lines for /etc/resolv.conf',
    },
    text: addresses.map((address) => `nameserver ${address}`).join('\n'),
  };
}

const ALONE: UseStep = {
  kind: 'note',
  label: {
    ca: 'Poseu-hi també un segon servidor: si un cau, respon l’altre.',
    es: 'Ponga también un segundo servidor: si uno cae, responde el otro.',
    en: 'Enter a second server too: if one goes down, the other answers.',
  },
};

const OPEN_UNBOUND: Opening = {
  label: {
    ca: 'Perquè hi arribin els veïns, poseu això a /etc/unbound/unbound.conf.d/community.conf i reinicieu unbound:',
    es: 'Para que lleguen los vecinos, ponga esto en /etc/unbound/unbound.conf.d/community.conf y reinicie unbound:',
    en: 'For neighbours to reach it, put this into /etc/unbound/unbound.conf.d/community.conf and restart unbound:',
  },
  text: 'server:\n  interface: 0.0.0.0\n  access-control: 10.0.0.0/8 allow',
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
  // Four exchanges of two datagrams, the first perhaps repeated, and one over TCP (10 packets): 1.3 kB with BIND.
  cost: { packets: 19, bytes: 1_500 },
  scoredFrom: 3,
  // What members think of it would weigh 0.10; until they can say so, the names that they need take its
  // place. The age of these names takes 0.05 from `answers`: less than `zones`, so that old names are better than none.
  metrics: [answerTime({ weight: 0.45, useless: 500, excellent: 5 }), answers(0.3), loss(0.1), zones, age],
  use,
};
export default dnsservice;
