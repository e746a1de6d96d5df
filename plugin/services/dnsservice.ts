/** Name servers of the community: they know the names of guifi.net's devices, and often look up the Internet's too. */
import { randomBytes } from 'node:crypto';
import type { Answer as DnsRecord, SoaAnswer, StringAnswer } from 'dns-packet';
import { type DnsReply, dnsQuestion, RCODE, reverseName } from '../probe/dns.js';
import { endpoint } from '../probe/endpoint.js';
import { type Failed, isFailed, type ProbeResult, type Prober, type Sample } from '../probe/index.js';
import { answers, answerTime, loss, type Metric } from '../probe/metrics.js';
import { type Answer, openUdp, valueOrNull } from '../probe/udp.js';
import type { Provider } from '../provider.js';
import type { ServiceType, UseStep } from './index.js';

/** A zone that every generated guifi.net server is authority for, and the server that its start of authority names. */
const COMMUNITY_ZONE = '10.in-addr.arpa';
const COMMUNITY_MASTER = 'ns1.guifi.net';

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
 * The start of authority tells protocol, identity and time in one exchange. "Some answer with authority" would not do:
 * unbound and BIND answer for this zone out of the box (RFC 6303), with another master.
 */
const probe: Prober = async (target, context) => {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const authority = await udp.ask(dnsQuestion(COMMUNITY_ZONE, 'SOA'));
    if (isFailed(authority)) return authority;
    const refusal = refusalOf(authority.value);
    if (refusal) return refusal;
    const reverse = reverseName(target.address);
    // `.invalid` never exists, and no resolver should ask the Internet for it (RFC 6761): whoever finds an address there
    // redirects its users. Like the server's own name, it is asked once only: no answer is no finding.
    const [own, invented] = await Promise.all([
      reverse === null ? null : udp.ask(dnsQuestion(reverse, 'PTR'), 1),
      udp.ask(dnsQuestion(`${randomBytes(8).toString('hex')}.invalid`, 'A'), 1),
    ]);
    const lie = valueOrNull(invented)?.answers.find(({ type }) => type === 'A');
    if (lie) return { level: 3, reason: 'broken', detail: 'gives an address for names that do not exist' };
    return judge(authority, own && valueOrNull(own));
  } finally {
    udp.close();
  }
};

function refusalOf({ rcode, truncated }: DnsReply): Failed | null {
  if (rcode === RCODE.refused) return { level: 3, reason: 'refuses-me', detail: 'REFUSED' };
  if (rcode !== RCODE.noError && rcode !== RCODE.nameError) {
    return { level: 3, reason: 'broken', detail: rcode === RCODE.serverFailure ? 'SERVFAIL' : `error code ${rcode}` };
  }
  return truncated ? { level: 3, reason: 'broken', detail: 'cut its answer short' } : null;
}

function judge({ value: reply, ms, loss: lost }: Answer<DnsReply>, own: DnsReply | null): ProbeResult {
  const soa = reply.answers.find(isSoa)?.data;
  const known = soa?.mname.toLowerCase() === COMMUNITY_MASTER;
  const samples: Sample[] = [
    { metric: 'answer', value: ms, method: 'udp' },
    { metric: 'loss', value: lost, method: 'udp' },
    { metric: 'zones', value: known ? 1 : 0, method: 'udp' },
  ];
  const name = own?.answers.find(isName)?.data;
  return {
    // A resolver that knows the zones from another server serves as well, but is not the server that it is taken for.
    level: known && reply.authoritative ? 4 : 3,
    samples,
    facts: {
      zones: known ? 'guifi.net' : 'generic',
      recursion: reply.recursion ? 'yes' : 'no',
      // The generator writes the time of generation as the serial (seconds since the epoch).
      ...(known && soa?.serial ? { updated: new Date(soa.serial * 1000).toISOString() } : {}),
      ...(name ? { name: name.slice(0, 100) } : {}),
    },
  };
}

const isSoa = (record: DnsRecord): record is SoaAnswer => record.type === 'SOA';
const isName = (record: DnsRecord): record is StringAnswer => record.type === 'PTR';

function use(provider: Provider): UseStep[] {
  const { address, port } = provider;
  if (endpoint(provider) === null) return [];
  const tryIt: UseStep = {
    kind: 'copy',
    label: { ca: 'Proveu-lo primer', es: 'Pruébelo primero', en: 'Try it first' },
    text: `dig @${address} -p ${port} ${COMMUNITY_ZONE} SOA`,
  };
  if (port !== 53) {
    return [
      tryIt,
      {
        kind: 'copy',
        label: {
          ca: 'Línia per a dnsmasq (resolv.conf no admet altres ports)',
          es: 'Línea para dnsmasq (resolv.conf no admite otros puertos)',
          en: 'Line for dnsmasq (resolv.conf knows no other port)',
        },
        text: `server=${address}#${port}`,
      },
    ];
  }
  return [
    tryIt,
    {
      kind: 'copy',
      label: { ca: 'Línia per a /etc/resolv.conf', es: 'Línea para /etc/resolv.conf', en: 'Line for /etc/resolv.conf' },
      text: `nameserver ${address}`,
    },
    {
      kind: 'note',
      label: {
        ca: 'Poseu-hi els dos millors servidors de la llista: si un cau, respon l’altre.',
        es: 'Ponga los dos mejores servidores de la lista: si uno cae, responde el otro.',
        en: 'Enter the two best servers of the list: if one goes down, the other answers.',
      },
    },
  ];
}

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
  units: [
    { unit: 'named.service', package: 'bind9' },
    { unit: 'bind9.service', package: 'bind9' },
    { unit: 'unbound.service', package: 'unbound' },
    { unit: 'dnsmasq.service', package: 'dnsmasq' },
  ],
  probe,
  cost: { packets: 6, bytes: 700 },
  scoredFrom: 3,
  // SCORING.md gives 0.10 to what members think of it; until they can say so, the names that they need take its place.
  metrics: [answerTime({ weight: 0.45, useless: 500, excellent: 5 }), answers(0.35), loss(0.1), zones],
  use,
  describe: () => [],
};
export default dnsservice;
