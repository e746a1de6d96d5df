/** Programs that are no web application, each asked the least that it answers without an account. */
import type { Socket } from 'node:net';
import { waitFor } from '../../lib/wait.js';
import { type Failed, isFailed, type ProbeContext, type Proven, type Target } from '../../probe/index.js';
import { NETWORK_COST, roundTrip } from '../../probe/port.js';
import { connect } from '../../probe/tcp.js';
import { elapsed } from '../../probe/times.js';
import type { Program } from './images.js';

type Facts = Readonly<Record<string, string>>;

interface Conversation {
  /** As its users call it. */
  readonly name: string;
  readonly question: Buffer;
  /** Said before hanging up. */
  readonly goodbye?: Buffer;
  /** What the answer says beside that it is one; null while it is none. */
  read(answer: Buffer): Facts | null;
}

const LOGIN: Facts = { login: 'required' };
/** Return codes of MQTT 3.1.1 (§3.2.2.3): taken, identifier refused, wrong account, no right. */
const RETURNED: ReadonlyMap<number | undefined, Facts> = new Map([
  [0, {}],
  [2, {}],
  [4, LOGIN],
  [5, LOGIN],
]);

const CONVERSATIONS: Partial<Readonly<Record<Program, Conversation>>> = {
  // Version 3.1.1, a session that is not remembered, 10 s at most between two messages, no name.
  mqtt: {
    name: 'MQTT',
    question: Buffer.from('100c00044d5154540402000a0000', 'hex'),
    goodbye: Buffer.from('e000', 'hex'),
    read: (answer) =>
      answer.length === 4 && answer[0] === 0x20 && answer[1] === 2 ? (RETURNED.get(answer[3]) ?? null) : null,
  },
  // Whether it would encrypt, which it says in one letter. https://www.postgresql.org/docs/current/protocol-flow.html
  postgresql: {
    name: 'PostgreSQL',
    question: Buffer.from('0000000804d2162f', 'hex'),
    read: (answer) => (answer.length === 1 && /^[SN]$/.test(answer.toString('latin1')) ? {} : null),
  },
  // HTTP would have it log a possible attack.
  redis: {
    name: 'Redis',
    question: Buffer.from('PING\r\n'),
    read: (answer) => {
      const [, word] = /^([+-][A-Z]+)[ \r]/.exec(answer.toString('latin1')) ?? [];
      if (word === '-DENIED') return { access: 'forbidden' };
      return word === '+PONG' ? {} : word === '-NOAUTH' ? LOGIN : null;
    },
  },
};

/** How long an answer may take, ms: with what is tried after it, a probe stays below 8 s. */
const ANSWER_LIMIT_MS = 1_500;
const ANSWER_CAP = 512;

/** On top of a web service's, headers of IP included. */
export const CONVERSATION_COST = { packets: NETWORK_COST.packets + 4, bytes: NETWORK_COST.bytes + 900 } as const;

/**
 * Asks the program in its own words. null where it has none here, or where the open port answers otherwise: then it is not
 * that program, or not its port.
 */
export async function converse(
  program: Program,
  target: Target,
  context: ProbeContext,
): Promise<Proven | Failed | null> {
  const conversation = CONVERSATIONS[program];
  if (conversation === undefined) return null;
  const connection = await connect(target, context);
  if (isFailed(connection)) return connection;
  try {
    const answer = await ask(connection.socket, conversation, context);
    if (answer === null) return null;
    const { name, goodbye } = conversation;
    if (goodbye !== undefined) connection.socket.write(goodbye);
    const first = { metric: 'ttfb', value: answer.ms, method: program };
    return { level: 3, samples: [...roundTrip(connection.connectMs), first], facts: { speaks: name, ...answer.facts } };
  } finally {
    connection.close();
  }
}

interface Answer {
  readonly facts: Facts;
  /** From the question to the answer, ms. */
  readonly ms: number;
}

function ask(
  socket: Socket,
  { question, read }: Conversation,
  { signal, times }: ProbeContext,
): Promise<Answer | null> {
  return waitFor<Answer | null>({
    signal,
    limitMs: ANSWER_LIMIT_MS,
    atLimit: () => null,
    listen: (end) => {
      const started = performance.now();
      let answer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        const until = performance.now();
        answer = Buffer.concat([answer, chunk.subarray(0, ANSWER_CAP - answer.length)]);
        const facts = read(answer);
        if (facts !== null) end(() => ({ facts, ms: elapsed(started, times, until) }));
        else if (answer.length === ANSWER_CAP) end(() => null);
      });
      socket.once('error', () => end(() => null));
      socket.once('close', () => end(() => null));
      socket.write(question);
      return () => socket.pause();
    },
  });
}

/** The program's name, before a probe has confirmed it; null for one of the web. */
export const nameOf = (program: Program | null): string | null =>
  (program !== null && CONVERSATIONS[program]?.name) || null;
