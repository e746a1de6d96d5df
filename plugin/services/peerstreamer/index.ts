/** PeerStreamer channels: live video passed on from viewer to viewer. */
import { isIPv4 } from 'node:net';
import { endpoint } from '../../lib/endpoint.js';
import { waitFor } from '../../lib/wait.js';
import { answers, jitter, loss, roundTripTime } from '../../model/metric.js';
import type { Sample } from '../../model/sample.js';
import {
  type Failed,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Prober,
  type Target,
} from '../../probe/index.js';
import { measurePath, PATH_COST, pathSamples } from '../../probe/path.js';
import { NETWORK_COST, probeHost } from '../../probe/port.js';
import { openUdp } from '../../probe/udp.js';
import type { Hole, ServiceType, UseStep } from '../contract.js';
import { type Message, ncastQuestion, readNcast } from './ncast.js';

/** Where the viewer's own machine hands the video to the player. */
const PLAYER = { address: '127.0.0.1', port: 1234 } as const;

/** Longest wait for the answer to one question, and for all that follows from it, ms: two looks end within 8 s. */
const ANSWER_LIMIT_MS = 1_250;
const LOOK_LIMIT_MS = 2_500;

/** Between two looks, ms: by then a slow stream, of 10 chunks a second, has surely moved on. */
const APART_MS = 1_500;

/**
 * What one look costs at most: its question asked twice, the three answers to a newcomer and the four questions after it
 * (280 bytes together), and this node's "port unreachable" to those of them that come too late.
 */
const LOOK_COST = { packets: 2 + 7 + 5, bytes: 2 * (45 + 28) + 280 + 7 * 28 + 5 * 101 } as const;

type Said<Kind> = Extract<Message, { readonly kind: Kind }> | null;

/** What a streamer told a newcomer; null = nothing. */
interface Look {
  readonly peers: Said<'peers'>;
  readonly chunks: Said<'chunks'>;
  /** From the question to the first answer, ms; null where it was asked twice: nobody knows which one was answered. */
  readonly ms: number | null;
}

/** Who serves the stream, and whether it moves on: two looks, and between them the path is measured. */
const probe: Prober = async (target, context) => {
  if (!isIPv4(target.address)) return { level: 0, reason: 'unreachable', detail: 'PeerStreamer knows no IPv6' };
  const before = await look(target, context, 2);
  if (isFailed(before)) return before.reason === 'timeout' ? silence(target, context) : before;
  const level = isAnnounced(before, target) ? 4 : 3;
  if (before.chunks?.newest === null) return idle(level);
  const [path] = await Promise.all([measurePath(target, context), pause(context)]);
  const again = await look(target, context, 1);
  const after = isFailed(again) ? null : again;
  const samples = path.length > 0 ? path : pathSamples([toTime(before), toTime(after)], 'udp', context.times);
  return judge(level, samples, before.chunks?.newest, after?.chunks?.newest);
};

const toTime = (look: Look | null) => (look === null || look.ms === null ? null : { ms: look.ms });

/**
 * Asks what there is. Each look comes from a port of its own: only to a newcomer does a streamer send its buffer map.
 * It answers to the address inside the question, so a node behind address translation gets no answer.
 */
async function look(target: Target, context: ProbeContext, tries: number): Promise<Look | Failed> {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  const own = udp.local;
  const read = (datagram: Buffer) => {
    const message = readNcast(datagram);
    // An echo is not a streamer.
    return message?.kind === 'question' && message.first.port === own.port ? null : message;
  };
  const hear = <Kind extends Message['kind']>(kind: Kind) =>
    udp.hear((datagram) => {
      const message = read(datagram);
      return message?.kind === kind ? (message as NonNullable<Said<Kind>>) : null;
    }, LOOK_LIMIT_MS);
  const compose = () => ({ datagram: ncastQuestion(own), read });
  try {
    const [answer, peers, chunks] = await Promise.all([
      udp.ask(compose, tries, ANSWER_LIMIT_MS),
      hear('peers'),
      hear('chunks'),
    ]);
    return isFailed(answer) ? answer : { peers, chunks, ms: answer.loss === 0 ? answer.ms : null };
  } finally {
    udp.close();
  }
}

function isAnnounced({ peers }: Look, { address, port }: Target): boolean {
  return peers?.first.address === address && peers.first.port === port;
}

/** `before` and `after`: the newest chunk at either look; null for none, undefined where nothing was said of it. */
function judge(
  level: 3 | 4,
  samples: readonly Sample[],
  before: number | undefined,
  after: number | null | undefined,
): ProbeResult {
  if (after === null) return idle(level);
  if (before === undefined || after === undefined) return { level, samples, facts: {} };
  if (after <= before) return { level, reason: 'broken', detail: 'the stream stands still' };
  return { level: level === 4 ? 5 : level, samples, facts: {} };
}

/** A channel that shows nothing fails, however lively its port. */
function idle(level: 3 | 4): Failed {
  return { level, reason: 'broken', detail: 'nothing is being streamed' };
}

/** Nothing else may be sent to its port: a TCP connection, which it does not use, tells whether the host is alive. */
async function silence(target: Target, context: ProbeContext): Promise<Failed> {
  const host = await probeHost(target, context);
  if (isFailed(host)) return host;
  return { level: 1, reason: 'timeout', detail: 'the machine answers, the channel does not' };
}

function pause({ signal }: ProbeContext): Promise<void> {
  return waitFor<void>({ signal, limitMs: APART_MS, atLimit: () => {}, listen: () => () => {} });
}

const NEEDS_STREAMER: UseStep = {
  kind: 'note',
  label: {
    ca: 'Només es mira al Linux, i Debian no té el programa «streamer»: un Cloudy el porta a la seva pàgina del PeerStreamer; si no, cal compilar-lo.',
    es: 'Solo se ve en Linux, y Debian no tiene el programa «streamer»: un Cloudy lo trae en su página de PeerStreamer; si no, hay que compilarlo.',
    en: 'It is watched on Linux only, and Debian has no program “streamer”: a Cloudy brings it on its PeerStreamer page; elsewhere it has to be compiled.',
    de: 'Zuschauen geht nur unter Linux, und Debian hat kein Programm „streamer“: Ein Cloudy bringt es auf seiner PeerStreamer-Seite mit; anderswo muss man es kompilieren.',
  },
};

const INTERFACE: Hole = {
  name: 'interface',
  label: {
    ca: 'La vostra interfície de xarxa',
    es: 'Su interfaz de red',
    en: 'Your network interface',
    de: 'Deine Netzwerkschnittstelle',
  },
  pattern: '[A-Za-z0-9][A-Za-z0-9_.\\-]{0,14}',
};

const peerstreamer: ServiceType = {
  id: 'peerstreamer',
  title: { ca: 'PeerStreamer', es: 'PeerStreamer', en: 'PeerStreamer', de: 'PeerStreamer' },
  summary: {
    ca: 'Un canal de vídeo en directe que els mateixos espectadors es passen entre ells.',
    es: 'Un canal de vídeo en directo que los propios espectadores se pasan entre ellos.',
    en: 'A live video channel that its viewers pass on to each other.',
    de: 'Ein Live-Videokanal, den die Zuschauer untereinander weitergeben.',
  },
  icon: 'M3 6h12v12H3zM15 11l6-4v10l-6-4',
  defaultPort: null,
  transports: ['udp'],
  local: { units: [{ unit: 'peerstreamer.service', package: null }] },
  probe,
  cost: {
    packets: 2 * LOOK_COST.packets + PATH_COST.packets,
    bytes: 2 * LOOK_COST.bytes + Math.max(PATH_COST.bytes, NETWORK_COST.bytes),
  },
  scoredFrom: 3,
  // Throughput and chunks in time would matter most, which only who watches can tell: left out, and the rest
  // weighs more. Chunk trading takes one and a half round trips for each chunk. Where
  // neither pings nor the streamer's own answers give jitter, it stays unknown, and marks as any unknown: in the middle.
  metrics: [
    roundTripTime({ weight: 0.3, useless: 800, excellent: 50 }),
    loss(0.25),
    jitter({ weight: 0.15, useless: 200, excellent: 20 }),
    answers(0.3),
  ],
  use: (provider) => {
    if (endpoint(provider) === null) return [];
    const { address, port } = provider;
    const output = `null,dechunkiser=udp,port0=${PLAYER.port},addr=${PLAYER.address}`;
    return [
      NEEDS_STREAMER,
      {
        kind: 'copy',
        on: 'linux',
        label: {
          ca: 'Mireu com es diu la vostra interfície de xarxa: la que té la vostra adreça de la malla',
          es: 'Mire cómo se llama su interfaz de red: la que tiene su dirección de la malla',
          en: 'See the name of your network interface: the one with your address in the mesh',
          de: 'Sieh nach, wie deine Netzwerkschnittstelle heißt: die mit deiner Adresse im Mesh',
        },
        text: 'ip -brief address',
      },
      {
        kind: 'copy',
        on: 'linux',
        label: { ca: 'Uniu-vos al canal', es: 'Únase al canal', en: 'Join the channel', de: 'Dem Kanal beitreten' },
        text: `streamer -i ${address} -p ${port} -P ${port} -F ${output} -I <interface>`,
        holes: [INTERFACE],
      },
      {
        kind: 'copy',
        on: 'linux',
        label: {
          ca: 'Mireu-lo en una altra finestra; l’ffplay és al paquet ffmpeg',
          es: 'Véalo en otra ventana; ffplay está en el paquete ffmpeg',
          en: 'Watch it in another window; ffplay is in the package ffmpeg',
          de: 'In einem anderen Fenster ansehen; ffplay ist im Paket ffmpeg',
        },
        text: `ffplay udp://${PLAYER.address}:${PLAYER.port}`,
      },
    ];
  },
  // No `describe`: its only attribute is, by an old mistake, the node's own address.
};
export default peerstreamer;
