/** Telephone exchanges (SIP, RFC 3261): calls inside the network. */
import { endpoint } from '../../lib/endpoint.js';
import { largest, smallest } from '../../lib/extremes.js';
import { answers, jitter, loss, type Metric, roundTripTime } from '../../model/metric.js';
import type { Sample } from '../../model/sample.js';
import { isFailed, type ProbeContext, type ProbeResult, type Prober, type Target } from '../../probe/index.js';
import { connect } from '../../probe/tcp.js';
import { type Answer, openUdp } from '../../probe/udp.js';
import type { ServiceType, UseStep } from '../contract.js';
import { askOver, question, type Reply } from './sip.js';

/** After two tries over UDP, a probe stays below 8 s, ms. */
const TCP_LIMIT_MS = 1_400;
const TCP_FURTHER_LIMIT_MS = 500;
/** Further questions: a call suffers from how much times differ. */
const FURTHER = 2;
const FURTHER_LIMIT_MS = 1_000;

/** Over UDP, as most telephones call; then over TCP, for an exchange that is silent there. */
const probe: Prober = async (target, context) => {
  const byUdp = await askUdp(target, context);
  if (!isFailed(byUdp) || byUdp.level > 1) return byUdp;
  const byTcp = await askTcp(target, context);
  if (!isFailed(byTcp) || byTcp.level > 1) return byTcp;
  // Where TCP is shut the machine is alive, and no more is known.
  return byTcp.level === 1 ? { ...byUdp, level: 1 } : byUdp;
};

async function askUdp(target: Target, context: ProbeContext): Promise<ProbeResult> {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const compose = () => {
      const { text, read } = question(target, udp.local, 'UDP');
      return { datagram: Buffer.from(text), read: (datagram: Buffer) => read(datagram.toString('latin1', 0, 4_096)) };
    };
    const first = await udp.ask(compose);
    if (isFailed(first)) return first;
    const replies: (Answer<Reply> | null)[] = [first];
    for (let at = 0; at < FURTHER && !isBroken(first.value); at += 1) {
      const answer = await udp.ask(compose, 1, FURTHER_LIMIT_MS);
      replies.push(isFailed(answer) ? null : answer);
    }
    const lost = replies.reduce((sum, reply) => sum + (reply?.loss ?? 1), 0) / replies.length;
    const times = replies.flatMap((reply) => (reply === null ? [] : [reply.ms]));
    return judge(first.value, { times, lost }, {});
  } finally {
    udp.close();
  }
}

/** Loss does not show here: what was lost comes late, and counts as jitter. */
async function askTcp(target: Target, context: ProbeContext): Promise<ProbeResult> {
  const connection = await connect(target, context, TCP_LIMIT_MS);
  if (isFailed(connection)) return connection;
  try {
    const times: number[] = [];
    let first: Reply | null = null;
    for (let at = 0; at <= FURTHER && !(first && isBroken(first)); at += 1) {
      const answer = await askOver(connection.socket, target, context, first ? TCP_FURTHER_LIMIT_MS : TCP_LIMIT_MS);
      if (isFailed(answer) && first === null) return answer;
      if (isFailed(answer)) break;
      first ??= answer.value;
      times.push(answer.ms);
    }
    return first === null ? { level: 2, reason: 'closed' } : judge(first, { times, lost: null }, { transport: 'TCP' });
  } finally {
    connection.close();
  }
}

/** What refuses a stranger's question is an exchange all the same; what is out of order is none that serves. */
const isBroken = ({ status }: Reply) => status >= 500;

interface Line {
  /** Of the answers, ms; the first is there. */
  readonly times: readonly number[];
  /** Share of the questions; null where it cannot be told. */
  readonly lost: number | null;
}

function judge(reply: Reply, line: Line, facts: Readonly<Record<string, string>>): ProbeResult {
  const { status, software } = reply;
  if (isBroken(reply)) return { level: 3, reason: 'broken', detail: `SIP ${status}` };
  const rating = callRating(line);
  const samples = [...measure(line), { metric: CALL, value: rating / BEST_RATING, method: 'sip' }];
  return { level: 3, samples, facts: { call: callQuality(rating), ...facts, ...(software && { software }) } };
}

const differences = (times: readonly number[]) => times.slice(1).map((ms, at) => Math.abs(ms - (times[at] ?? ms)));

function measure({ times, lost }: Line): Sample[] {
  return [
    { metric: 'rtt', value: smallest(times), method: 'sip' },
    ...differences(times).map((value) => ({ metric: 'jitter', value, method: 'sip' })),
    ...(lost === null ? [] : [{ metric: 'loss', value: lost, method: 'sip' }]),
  ];
}

/** The rating of a perfect line. */
const BEST_RATING = 93.2;

/**
 * How a call over the same path would sound, 0 to 93.2, by the E-model (ITU-T G.107) with G.711 and packets of 20 ms: the
 * delay of one way with a buffer of twice the jitter, and the share lost, which the codec conceals in part.
 */
export function callRating({ times, lost }: Line): number {
  const delay = smallest(times) / 2 + 2 * largest(differences(times), 0) + 20;
  const percent = 100 * (lost ?? 0);
  const rating = BEST_RATING - 0.024 * delay - 0.11 * Math.max(0, delay - 177.3) - (95 * percent) / (percent + 25.1);
  return Math.max(0, rating);
}

/** In words, by the bands of ITU-T G.109: up to 80 nearly all are satisfied, below 60 nearly nobody. */
export const callQuality = (rating: number): 'good' | 'fair' | 'poor' =>
  rating >= 80 ? 'good' : rating >= 60 ? 'fair' : 'poor';

const CALL = 'call';
/** A rating of 50 is the least that G.109 knows. */
const quality: Metric = {
  ...{
    id: CALL,
    label: {
      ca: 'qualitat d’una trucada',
      es: 'calidad de una llamada',
      en: 'quality of a call',
      de: 'Qualität eines Anrufs',
    },
  },
  ...{ unit: 'share', weight: 0.35, useless: 50 / BEST_RATING, excellent: 1, scale: 'linear', halfLifeHours: 24 },
};

const OVER_TCP: UseStep = {
  kind: 'note',
  label: {
    ca: 'Només respon per TCP: trieu TCP com a transport a les opcions del compte.',
    es: 'Solo responde por TCP: elija TCP como transporte en las opciones de la cuenta.',
    en: 'It answers over TCP alone: choose TCP as the transport in the account’s settings.',
    de: 'Antwortet nur über TCP: Wähle in den Einstellungen des Kontos TCP als Transport.',
  },
};

const voip: ServiceType = {
  id: 'voip',
  aliases: ['sip'],
  links: [{ scheme: 'sip' }, { scheme: 'udp', port: 5_060 }, { scheme: 'guifi', word: 'asterisk' }],
  title: { ca: 'Telefonia', es: 'Telefonía', en: 'Telephony', de: 'Telefonie' },
  summary: {
    ca: 'Trucades dins de la xarxa, amb un telèfon o una aplicació (SIP).',
    es: 'Llamadas dentro de la red, con un teléfono o una aplicación (SIP).',
    en: 'Calls inside the network, with a telephone or an app (SIP).',
    de: 'Anrufe im Netz, mit einem Telefon oder einer App (SIP).',
  },
  icon: 'M6 3h4l2 5-3 2a11 11 0 0 0 5 5l2-3 5 2v4c-9 3-18-6-15-15z',
  defaultPort: 5_060,
  transports: ['udp'],
  listed: 'when-announced',
  probe,
  // Two questions over UDP, then three over TCP, of 350 bytes, and answers with a list of what it can do.
  cost: { packets: 26, bytes: 8_000 },
  scoredFrom: 3,
  // What a caller hears weighs most; beside it, what tells good lines apart (150 ms of one way, ITU-T G.114).
  metrics: [
    quality,
    answers(0.3),
    roundTripTime({ weight: 0.15, useless: 600, excellent: 20 }),
    loss(0.1),
    jitter({ weight: 0.1, useless: 100, excellent: 5 }),
  ],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      {
        kind: 'note',
        label: {
          ca: 'Cal un compte, amb un número: demaneu-lo a qui el manté.',
          es: 'Hace falta una cuenta, con un número: pídala a quien lo mantiene.',
          en: 'It takes an account, with a number: ask whoever runs it.',
          de: 'Du brauchst ein Konto mit einer Nummer: Frag den Betreiber.',
        },
      },
      {
        kind: 'copy',
        label: {
          ca: 'Domini o servidor SIP, per a un telèfon o una aplicació (a l’F-Droid, Linphone o baresip)',
          es: 'Dominio o servidor SIP, para un teléfono o una aplicación (en F-Droid, Linphone o baresip)',
          en: 'SIP domain or server, for a telephone or an app (on F-Droid, Linphone or baresip)',
          de: 'SIP-Domain oder -Server, für ein Telefon oder eine App (bei F-Droid: Linphone oder baresip)',
        },
        text: at,
      },
      ...(provider.facts?.transport === 'TCP' ? [OVER_TCP] : []),
    ];
  },
};
export default voip;
