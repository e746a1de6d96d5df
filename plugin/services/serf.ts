/** Serf agents of the community: each is a place to join it, and to learn of every other service. */
import { endpoint } from '../lib/endpoint.js';
import { answers, loss, roundTripTime } from '../model/metric.js';
import type { Provider } from '../model/provider.js';
import type { Sample } from '../model/sample.js';
import {
  type Failed,
  isFailed,
  type ProbeContext,
  type ProbeResult,
  type Prober,
  type Target,
} from '../probe/index.js';
import { answersToName, memberlistPing } from '../probe/memberlist.js';
import { probePort } from '../probe/port.js';
import { connect } from '../probe/tcp.js';
import { openUdp, type Udp } from '../probe/udp.js';
import type { ServiceType, UseStep } from './contract.js';

/** Longest that the check over TCP may take to connect, ms: with the pings before it, a probe stays below 8 s. */
const SECOND_LOOK_MS = 3_000;

/** A ping to any member gives time and loss; a ping by name shows whether it is the announced member. */
const probe: Prober = async (target, context) => {
  if (isEncryptedMember(target)) return probePort(target, context);
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const pong = await udp.ask(memberlistPing(''));
    if (isFailed(pong)) return pong.reason === 'timeout' ? silence(target, context) : pong;
    const samples: Sample[] = [
      { metric: 'rtt', value: pong.ms, method: 'serf-ping' },
      { metric: 'loss', value: pong.loss, method: 'serf-ping' },
    ];
    return await identify(udp, target, context, samples);
  } finally {
    udp.close();
  }
};

async function identify(
  udp: Udp,
  target: Target,
  context: ProbeContext,
  samples: readonly Sample[],
): Promise<ProbeResult> {
  const proven = (level: 3 | 4): ProbeResult => ({ level, samples, facts: {} });
  // Only Serf tells a member's name: a neighbour from another source cannot be held to it.
  if (target.gossip === null || target.gossip?.encrypted || target.node === '') return proven(3);
  if (!isFailed(await udp.ask(memberlistPing(target.node), 1))) return proven(4);
  const named = await answersToName(target, context, SECOND_LOOK_MS);
  if (named === null) return proven(3);
  return named ? proven(4) : { level: 3, reason: 'wrong-identity', detail: 'answers, but not to the announced name' };
}

/**
 * Whether this node's own agent gossips with that door, with a key that this program does not have: what is left to ask is
 * whether the port is open, and how far it is.
 */
const isEncryptedMember = ({ address, port, gossip }: Target) =>
  gossip?.encrypted === true && gossip.address === address && gossip.port === port;

/** An agent with a gossip key answers only those who have it: others see no more than an open port. */
async function silence(target: Target, context: ProbeContext): Promise<Failed> {
  const connection = await connect(target, context, SECOND_LOOK_MS);
  if (isFailed(connection)) return connection;
  connection.close();
  return { level: 2, reason: 'timeout', detail: 'the port is open, but no answer: its gossip may be encrypted' };
}

function use(provider: Provider): UseStep[] {
  const at = endpoint(provider);
  if (at === null) return [];
  return [
    {
      kind: 'copy',
      on: 'linux',
      label: {
        ca: 'Si us falta el Serf, Debian el té',
        es: 'Si le falta Serf, Debian lo tiene',
        en: 'If Serf is missing, Debian has it',
        de: 'Wenn Serf fehlt: Debian hat es',
      },
      text: 'apt install serf',
    },
    {
      kind: 'copy',
      on: 'linux',
      label: {
        ca: 'Uniu-vos a la comunitat a través d’aquest node',
        es: 'Únase a la comunidad a través de este nodo',
        en: 'Join the community through this node',
        de: 'Der Community über diesen Knoten beitreten',
      },
      text: `serf join ${at}`,
    },
    {
      kind: 'copy',
      on: 'linux',
      system: 'Cloudy',
      label: {
        ca: 'Només un Cloudy té aquest fitxer. Perquè duri després de reiniciar: poseu-hi aquesta línia (/etc/avahi-ps-serf.conf) en lloc de la que hi ha amb el mateix nom',
        es: 'Solo un Cloudy tiene este fichero. Para que dure tras reiniciar: ponga en él (/etc/avahi-ps-serf.conf) esta línea, en lugar de la que haya con el mismo nombre',
        en: 'Only a Cloudy has this file. To rejoin after a restart: put this line into it (/etc/avahi-ps-serf.conf), replacing the one with the same name',
        de: 'Nur ein Cloudy hat diese Datei. Um nach einem Neustart wieder beizutreten: Schreibe diese Zeile hinein (/etc/avahi-ps-serf.conf), anstelle der gleichnamigen',
      },
      text: `SERF_JOIN="${at}"`,
    },
    {
      kind: 'copy',
      on: 'linux',
      system: 'Debian',
      label: {
        ca: 'Perquè duri després de reiniciar: creeu el fitxer /etc/serf/community.json; després, systemctl restart serf. Si cap agent no respon, Serf hi torna.',
        es: 'Para que dure tras reiniciar: cree el fichero /etc/serf/community.json; después, systemctl restart serf. Si ningún agente responde, Serf lo reintenta.',
        en: 'To rejoin after a restart: create /etc/serf/community.json; then systemctl restart serf. If no agent answers, Serf keeps trying.',
        de: 'Um nach einem Neustart wieder beizutreten: Lege /etc/serf/community.json an; danach systemctl restart serf. Wenn kein Agent antwortet, versucht Serf es weiter.',
      },
      text: `{ "retry_join": ["${at}"] }`,
    },
  ];
}

const serf: ServiceType = {
  id: 'serf',
  title: { ca: 'Serf', es: 'Serf', en: 'Serf', de: 'Serf' },
  summary: {
    ca: 'Una porta d’entrada a la comunitat: qui s’hi uneix veu els serveis de tothom.',
    es: 'Una puerta de entrada a la comunidad: quien se une ve los servicios de todos.',
    en: 'A way into the community: join here and you see everybody’s services.',
    de: 'Ein Weg in die Community: Tritt hier bei, und du siehst die Dienste von allen.',
  },
  icon: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM5 3v4M19 3v4M5 17v4M19 17v4M5 7l5 3M19 7l-5 3M5 17l5-3M19 17l-5-3',
  defaultPort: 5000,
  transports: ['udp', 'tcp'],
  local: {
    units: [{ unit: 'serf.service', package: 'serf' }],
    link: true,
  },
  probe,
  // At worst: both pings by UDP, the second again, then over TCP.
  cost: { packets: 15, bytes: 1_200 },
  // An encrypted member shows strangers no more.
  scoredFrom: 2,
  metrics: [
    // Gossip is content with 100 ms, but in a mesh neighbours differ between 3 and 40 ms, and the nearest door is the one
    // wanted: so the best mark is at 2 ms, and the curve is as steep as for the paths of other services.
    roundTripTime({ weight: 0.4, useless: 200, excellent: 2 }),
    loss(0.2),
    answers(0.4),
  ],
  use,
  connect: {
    label: {
      ca: 'Uneix-me a través d’aquest node',
      es: 'Unirme a través de este nodo',
      en: 'Join through this node',
      de: 'Über diesen Knoten beitreten',
    },
    done: {
      ca: 'L’agent d’aquest node s’hi ha unit. Perquè duri després de reiniciar, deseu la línia de sota.',
      es: 'El agente de este nodo se ha unido. Para que dure tras reiniciar, guarde la línea de abajo.',
      en: 'This node’s agent has joined. To rejoin after a restart, save the line below.',
      de: 'Der Agent dieses Knotens ist beigetreten. Damit er es nach einem Neustart wieder tut, speichere die Zeile unten.',
    },
    suits: (provider) => endpoint(provider) !== null,
    run: async (provider, { joinCommunity }) => {
      const at = endpoint(provider);
      if (at !== null) await joinCommunity([at]);
    },
  },
};
export default serf;
