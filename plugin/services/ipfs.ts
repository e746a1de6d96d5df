/** IPFS nodes: files by their content, from any peer that has them. */
import type { Socket } from 'node:net';
import { endpoint } from '../lib/endpoint.js';
import { waitFor } from '../lib/wait.js';
import { answers, answerTime, roundTripTime } from '../model/metric.js';
import { toFailure } from '../probe/failure.js';
import { type Failed, isFailed, type ProbeContext, type Prober } from '../probe/index.js';
import { roundTrip } from '../probe/port.js';
import { connect } from '../probe/tcp.js';
import { elapsed } from '../probe/times.js';
import type { ServiceType } from './contract.js';

/** Each line with its length before it. https://github.com/multiformats/multistream-select */
const line = (text: string) => `${String.fromCharCode(text.length + 1)}${text}\n`;
const GREETING = line('/multistream/1.0.0');
const QUESTION = Buffer.from(GREETING + line('/noise'), 'latin1');
/** The peer takes up Noise, or has only other ways to encrypt: either way it has understood. */
const ANSWERS = [GREETING + line('/noise'), GREETING + line('na')];
const ANSWER_LIMIT_MS = 4_000;

/** Greets and offers to encrypt, then hangs up: the key of a peer shows only in the handshake that would follow. */
const probe: Prober = async (target, context) => {
  const connection = await connect(target, context);
  if (isFailed(connection)) return connection;
  try {
    const answer = await greet(connection.socket, context);
    if (isFailed(answer)) return answer;
    const samples = [...roundTrip(connection.connectMs), { metric: 'answer', value: answer.ms, method: 'multistream' }];
    return { level: 3, samples, facts: {} };
  } finally {
    connection.close();
  }
};

function greet(socket: Socket, { signal, times }: ProbeContext): Promise<{ readonly ms: number } | Failed> {
  return waitFor<{ readonly ms: number } | Failed>({
    signal,
    limitMs: ANSWER_LIMIT_MS,
    atLimit: () => ({ level: 2, reason: 'timeout' }),
    listen: (end) => {
      const started = performance.now();
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        const until = performance.now();
        text += chunk.toString('latin1', 0, QUESTION.length + 1 - text.length);
        if (ANSWERS.includes(text)) end(() => ({ ms: elapsed(started, times, until) }));
        else if (!ANSWERS.some((answer) => answer.startsWith(text))) end(() => wrongProtocol(text));
      });
      socket.once('error', (error) => end(() => toFailure(error)));
      socket.once('close', () => end(() => ({ level: 2, reason: 'closed' })));
      socket.write(QUESTION);
      return () => socket.pause();
    },
  });
}

/** Cloudy announces the port of the interface that commands the node, which is HTTP and for that machine alone. */
function wrongProtocol(text: string): Failed {
  const detail = 'HTTP: if this is the node’s own interface, it should not be open to others';
  return { level: 2, reason: 'wrong-protocol', ...(text.startsWith('HTTP/') ? { detail } : {}) };
}

const ipfs: ServiceType = {
  id: 'ipfs',
  title: { ca: 'IPFS', es: 'IPFS', en: 'IPFS', de: 'IPFS' },
  summary: {
    ca: 'Fitxers que es demanen pel contingut, a qualsevol que els tingui.',
    es: 'Ficheros que se piden por su contenido, a cualquiera que los tenga.',
    en: 'Files requested by their content, from any peer that has them.',
    de: 'Dateien, die man nach ihrem Inhalt verlangt, von jedem, der sie hat.',
  },
  icon: 'M12 2l9 5v10l-9 5-9-5V7zM12 12l9-5M12 12L3 7M12 12v10',
  defaultPort: 4001,
  transports: ['tcp'],
  listed: 'when-announced',
  probe,
  cost: { packets: 10, bytes: 700 },
  scoredFrom: 3,
  // Background use; the greeting has the anchors of other set-ups.
  metrics: [
    answerTime({ weight: 0.4, useless: 3_000, excellent: 100 }),
    answers(0.4),
    roundTripTime({ weight: 0.2, useless: 3_000, excellent: 10 }),
  ],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    return [
      {
        kind: 'copy',
        label: { ca: 'Adreça i port', es: 'Dirección y puerto', en: 'Address and port', de: 'Adresse und Port' },
        text: at,
      },
      {
        kind: 'note',
        label: {
          ca: 'Per connectar-s’hi també cal l’identificador del node, que no s’anuncia: demaneu-lo a qui el manté.',
          es: 'Para conectarse hace falta también el identificador del nodo, que no se anuncia: pídalo a quien lo mantiene.',
          en: 'To connect you also need the node’s peer ID, which is not announced: ask whoever runs it.',
          de: 'Zum Verbinden brauchst du auch die Peer-ID des Knotens, die nicht angekündigt wird: Frag den Betreiber.',
        },
      },
    ];
  },
};
export default ipfs;
