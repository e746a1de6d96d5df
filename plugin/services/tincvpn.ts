/** tinc: the community's private network, as if all its members sat at one cable. */
import { endpoint } from '../probe/endpoint.js';
import { type Failed, isFailed, type ProbeContext, type Prober, type Sample, type Target } from '../probe/index.js';
import { answers, jitter, loss, roundTripTime } from '../probe/metrics.js';
import { NETWORK_COST, roundTrip } from '../probe/network.js';
import { measurePath, PATH_COST } from '../probe/path.js';
import { type Connection, connect } from '../probe/tcp.js';
import { waitFor } from '../probe/wait.js';
import type { ServiceType } from './index.js';

/** tinc greets at once or never: longest wait for it, ms. */
const GREETING_LIMIT_MS = 1_000;

/** "0", its name, and the protocol's version: 17 for as long as there were nodes that greet. */
const GREETING = /^0 ([A-Za-z0-9_]+) 17(\.\d+)?\n/;
const MAX_GREETING = 512;

/**
 * Up to 1.0.34 tinc says who it is to whoever connects; since then (CVE-2018-16737) it waits for a name that it knows, and
 * is silent for everybody else. So silence is what a good one shows to a stranger: it proves nothing and breaks nothing,
 * and is worth what the path is worth. No name is guessed: each wrong one is a warning in the provider's log.
 */
const probe: Prober = async (target, context) => {
  const connection = await connect(target, context);
  if (isFailed(connection)) return connection;
  try {
    const [greeting, path] = await Promise.all([hearGreeting(connection, context), measurePath(target, context)]);
    const samples = path.length > 0 ? path : roundTrip(connection.connectMs);
    if (greeting === null) return { level: 2, samples, facts: {} };
    return isFailed(greeting) ? greeting : identify(greeting.name, samples, target);
  } finally {
    connection.close();
  }
};

/** The name that it gives itself; null when it keeps silent. */
function hearGreeting(
  { socket }: Connection,
  { signal }: ProbeContext,
): Promise<{ readonly name: string } | Failed | null> {
  let received = '';
  const strange: Failed = { level: 2, reason: 'wrong-protocol' };
  return waitFor<{ readonly name: string } | Failed | null>({
    signal,
    limitMs: GREETING_LIMIT_MS,
    atLimit: () => (received === '' ? null : strange),
    listen: (end) => {
      const onData = (chunk: Buffer) => {
        received += chunk.toString('latin1');
        const name = GREETING.exec(received)?.[1];
        if (name !== undefined) end(() => ({ name }));
        else if (received.includes('\n') || received.length > MAX_GREETING) end(() => strange);
      };
      const onClose = () => end(() => (received === '' ? { level: 2, reason: 'closed' } : strange));
      socket.on('data', onData).once('close', onClose);
      return () => socket.pause().off('data', onData).off('close', onClose);
    },
  });
}

function identify(name: string, samples: readonly Sample[], { txt }: Target) {
  const announced = txt.get('name');
  const facts = { name: name.slice(0, 100) };
  if (announced === undefined) return { level: 3, samples, facts } as const;
  if (announced === name) return { level: 4, samples, facts } as const;
  return { level: 3, reason: 'wrong-identity', detail: `it is ${facts.name}` } as const;
}

const tincvpn: ServiceType = {
  id: 'tincvpn',
  title: { ca: 'Xarxa privada tinc', es: 'Red privada tinc', en: 'tinc private network' },
  summary: {
    ca: 'Uneix els membres d’una comunitat en una sola xarxa local, per damunt de la malla.',
    es: 'Une a los miembros de una comunidad en una sola red local, por encima de la malla.',
    en: 'Joins the members of a community into one local network on top of the mesh.',
  },
  icon: 'M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3M12 14.5v2',
  defaultPort: 655,
  transports: ['tcp', 'udp'],
  units: [
    { unit: 'tinc@.service', package: 'tinc' },
    { unit: 'tinc.service', package: 'tinc' },
  ],
  probe,
  // Beside connection and path, a greeting and its acknowledgement.
  cost: { packets: NETWORK_COST.packets + 2 + PATH_COST.packets, bytes: NETWORK_COST.bytes + 150 + PATH_COST.bytes },
  scoredFrom: 2,
  // Everything between the members goes through this path, so it is weighed as SERVICES.md §9 does. Where its node is not
  // known through Serf, loss and jitter stay unknown, and mark as any unknown: in the middle.
  metrics: [
    roundTripTime({ weight: 0.35, useless: 800, excellent: 30 }),
    loss(0.25),
    jitter({ weight: 0.15, useless: 200, excellent: 20 }),
    answers(0.25),
  ],
  use: (provider) => {
    if (endpoint(provider) === null) return [];
    return [
      {
        kind: 'note',
        label: {
          ca: 'tinc només admet coneguts: intercanvieu els fitxers de node amb qui el manté.',
          es: 'tinc solo admite conocidos: intercambie los ficheros de nodo con quien lo mantiene.',
          en: 'tinc admits only those it knows: exchange host files with whoever runs it.',
        },
      },
      {
        kind: 'copy',
        label: {
          ca: 'Línia per al seu fitxer a /etc/tinc/XARXA/hosts/',
          es: 'Línea para su fichero en /etc/tinc/RED/hosts/',
          en: 'Line for its file in /etc/tinc/NET/hosts/',
        },
        text: `Address = ${provider.address} ${provider.port}`,
      },
    ];
  },
  describe: () => [],
};
export default tincvpn;
