/** Telephone exchanges (SIP, RFC 3261): calls inside the network. */
import { randomBytes } from 'node:crypto';
import { joinHostPort } from '../../lib/address.js';
import { endpoint } from '../../lib/endpoint.js';
import { largest, smallest } from '../../lib/extremes.js';
import { answers, jitter, loss, roundTripTime } from '../../model/metric.js';
import type { Sample } from '../../model/sample.js';
import { isFailed, type Prober, type Target } from '../../probe/index.js';
import { type Answer, openUdp, type Request, type Udp } from '../../probe/udp.js';
import type { ServiceType } from '../contract.js';

interface Reply {
  readonly status: number;
  /** As it calls itself; empty where it does not. */
  readonly software: string;
}

/** Asks what the exchange can do, which rings nowhere; it must repeat three random words. */
function question({ address, port }: Target, local: Udp['local']): Request<Reply> {
  const [branch, tag, call] = [0, 1, 2].map(() => randomBytes(6).toString('hex')) as [string, string, string];
  const [there, here] = [joinHostPort(address, port), joinHostPort(local.address, local.port)];
  const lines = [
    `OPTIONS sip:${there} SIP/2.0`,
    `Via: SIP/2.0/UDP ${here};branch=z9hG4bK${branch};rport`,
    'Max-Forwards: 70',
    `From: <sip:cloudy@${here}>;tag=${tag}`,
    `To: <sip:${there}>`,
    `Call-ID: ${call}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
  ];
  return {
    datagram: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    read: (datagram) => readReply(datagram.toString('latin1', 0, 4_096), [`z9hG4bK${branch}`, call]),
  };
}

/** A final answer to this very question: 1xx only says that one will come. */
function readReply(text: string, [branch = '', call = '']: readonly string[]): Reply | null {
  const [, status] = /^SIP\/2\.0 ([2-6]\d\d) /.exec(text) ?? [];
  const header = (names: string) =>
    new RegExp(`^(?:${names})[ \\t]*:[ \\t]*(.*?)[ \\t]*\\r?$`, 'im').exec(text)?.[1] ?? '';
  const isOurs =
    header('Via|v').includes(branch) && header('Call-ID|i') === call && /^1\s+OPTIONS$/.test(header('CSeq'));
  if (status === undefined || !isOurs) return null;
  return { status: Number(status), software: header('Server|User-Agent').slice(0, 100) };
}

/** Further questions: a call suffers from how much times differ. */
const FURTHER = 2;
const FURTHER_LIMIT_MS = 1_000;

const probe: Prober = async (target, context) => {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const compose = () => question(target, udp.local);
    const first = await udp.ask(compose);
    if (isFailed(first)) return first;
    const { status, software } = first.value;
    // What refuses a stranger's question is an exchange all the same.
    if (status >= 500) return { level: 3, reason: 'broken', detail: `SIP ${status}` };
    const replies: (Answer<Reply> | null)[] = [first];
    for (let at = 0; at < FURTHER; at += 1) {
      const answer = await udp.ask(compose, 1, FURTHER_LIMIT_MS);
      replies.push(isFailed(answer) ? null : answer);
    }
    const samples = measure(replies);
    return { level: 3, samples, facts: { call: callQuality(samples), ...(software && { software }) } };
  } finally {
    udp.close();
  }
};

function measure(replies: readonly (Answer<Reply> | null)[]): Sample[] {
  const times = replies.flatMap((reply) => (reply === null ? [] : [reply.ms]));
  const lost = replies.reduce((sum, reply) => sum + (reply?.loss ?? 1), 0) / replies.length;
  return [
    { metric: 'rtt', value: smallest(times), method: 'sip' },
    ...times.slice(1).map((ms, at) => ({ metric: 'jitter', value: Math.abs(ms - (times[at] ?? ms)), method: 'sip' })),
    { metric: 'loss', value: lost, method: 'sip' },
  ];
}

/**
 * How a call over the same path would sound, by the E-model (ITU-T G.107) with G.711 and packets of 20 ms: the delay of one
 * way with a buffer of twice the jitter, and the share lost, which the codec conceals in part.
 */
export function callQuality(samples: readonly Sample[]): 'good' | 'usable' | 'bad' {
  const values = (metric: string) => samples.filter((sample) => sample.metric === metric).map(({ value }) => value);
  const delay = largest(values('rtt')) / 2 + 2 * largest(values('jitter'), 0) + 20;
  const lost = 100 * largest(values('loss'));
  const r = 93.2 - 0.024 * delay - 0.11 * Math.max(0, delay - 177.3) - (95 * lost) / (lost + 25.1);
  return r >= 80 ? 'good' : r >= 60 ? 'usable' : 'bad';
}

const voip: ServiceType = {
  id: 'voip',
  links: [{ scheme: 'sip' }, { scheme: 'udp', port: 5_060 }, { scheme: 'guifi', word: 'asterisk' }],
  title: { ca: 'Telefonia', es: 'Telefonía', en: 'Telephony' },
  summary: {
    ca: 'Trucades dins de la xarxa, amb un telèfon o una aplicació (SIP).',
    es: 'Llamadas dentro de la red, con un teléfono o una aplicación (SIP).',
    en: 'Calls inside the network, with a telephone or an app (SIP).',
  },
  icon: 'M6 3h4l2 5-3 2a11 11 0 0 0 5 5l2-3 5 2v4c-9 3-18-6-15-15z',
  defaultPort: 5_060,
  transports: ['udp'],
  listed: 'when-announced',
  probe,
  // Four questions of 350 bytes, and answers with a list of what it can do.
  cost: { packets: 8, bytes: 6_000 },
  scoredFrom: 3,
  // A conversation suffers beyond 150 ms of one way (ITU-T G.114), and from what is lost or late.
  metrics: [
    roundTripTime({ weight: 0.35, useless: 600, excellent: 20 }),
    answers(0.3),
    loss(0.2),
    jitter({ weight: 0.15, useless: 100, excellent: 5 }),
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
        },
      },
      {
        kind: 'copy',
        label: {
          ca: 'Domini o servidor SIP, per a un telèfon o una aplicació (a l’F-Droid, Linphone o baresip)',
          es: 'Dominio o servidor SIP, para un teléfono o una aplicación (en F-Droid, Linphone o baresip)',
          en: 'SIP domain or server, for a telephone or an app (on F-Droid, Linphone or baresip)',
        },
        text: at,
      },
    ];
  },
};
export default voip;
