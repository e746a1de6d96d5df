/** A stand-in for the Serf agent that dies, hangs or sends nonsense while the panel follows it: the list stays, and recovers. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { encode } from '@msgpack/msgpack';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Discovery } from '../../../plugin/discovery/index.js';
import { writeTag } from '../../announcement/packed.js';
import { until } from '../../real/agents.js';
import { agentOf, type FakeAgent, fakeAgent, member, reply, type Script } from '../../serf/fake-agent.js';
import { type AtEnd, entry, follow, rows, serf } from '../followed.js';
import { seeded } from '../seeded.js';

const MEMBERS = [member('node0', writeTag([entry('10.0.0.1')])), member('node1', writeTag([entry('10.0.0.2')]))];
const WHOLE = { Members: MEMBERS };

const BOTH = ['node0 10.0.0.1', 'node1 10.0.0.2'];
const STALE = BOTH.map((row) => `${row} stale`);

/** An agent that is sound until it is told otherwise. */
async function turning(atEnd: AtEnd) {
  const sound = agentOf(MEMBERS);
  let script = sound;
  const agent = await fakeAgent((request, socket) => script(request, socket));
  atEnd(() => agent.close());
  const discovery = follow(agent.address, 'key', atEnd);
  await discovery.ready();
  /** It is restarted, and behaves so from now on; soundly without an argument. */
  const turn = (instead: Record<string, Script> = {}) => {
    script = agentOf(MEMBERS, instead);
    for (const socket of agent.sockets) socket.destroy();
  };
  return { discovery, turn };
}

const whole = (seq: number) => reply(seq, WHOLE);
const half = (seq: number) => whole(seq).subarray(0, whole(seq).length / 2);
const says =
  (body: unknown): Script =>
  ({ seq }, socket) =>
    socket.write(reply(seq, body));
const silent: Script = () => {};

/** As fast as the other side takes it. */
const flood =
  (event: (nth: number) => object): Script =>
  async ({ seq }, socket) => {
    socket.write(reply(seq));
    for (let nth = 0; !socket.destroyed; nth++) {
      if (socket.write(reply(seq, event(nth)))) continue;
      // The other side hangs up on it.
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => socket.destroy());
    }
  };
const joins = (nth: number) => ({ Event: 'member-join', Members: [member(`flood${nth}`, '')] });

const random = seeded(5);
/** Only the heads of a thousand lists, each the first value of the one before. */
const nested = Buffer.from('dd000186a0'.repeat(1_000), 'hex');
const noise = Buffer.from(Array.from({ length: 4_000 }, () => random(256)));

const FAULTS: readonly (readonly [string, Record<string, Script>, RegExp])[] = [
  [
    'dies in the middle of its list',
    {
      members: ({ seq }, socket) => {
        socket.end(half(seq));
      },
    },
    /closed the connection/,
  ],
  ['hangs before the handshake', { handshake: silent }, /did not answer "handshake"/],
  ['hangs after the handshake', { stream: silent, stats: silent, members: silent }, /did not answer "stream"/],
  ['hangs in the middle of its list', { members: ({ seq }, socket) => socket.write(half(seq)) }, /"members"/],
  ['answers with random bytes', { members: (_, socket) => socket.write(noise) }, /something else/],
  ['answers with lists in lists, each of 100,000', { members: (_, socket) => socket.write(nested) }, /something else/],
  [
    'answers with a list instead of a map',
    { stats: ({ seq }, socket) => socket.write(Buffer.concat([reply(seq), encode([1])])) },
    /something else/,
  ],
  ['sends a word instead of its members', { members: says({ Members: 'none' }) }, /something else than its members/],
  ['sends a list reply without members', { members: says({}) }, /something else than its members/],
  [
    'sends members that are not members',
    { members: says({ Members: [5, null, [], {}, { Name: 7 }] }) },
    /something else than its members/,
  ],
  [
    'answers with another sequence number',
    { members: ({ seq }, socket) => socket.write(whole(seq + 1e6)) },
    /did not answer "members"/,
  ],
  [
    'sends endless events instead of its list',
    { stream: flood(joins), members: silent },
    /faster than they can be followed|did not answer/,
  ],
  [
    'wants another key',
    { auth: ({ seq }, socket) => socket.write(reply(seq, undefined, 'Invalid authentication token')) },
    /refused "auth"/,
  ],
];

describe.concurrent('an agent that is restarted and then', () => {
  it.for(FAULTS)(
    '%s: the list is kept as stale, and comes back by itself',
    async ([, fault, said], { expect, onTestFinished }) => {
      const { discovery, turn } = await turning(onTestFinished);
      expect(rows(discovery)).toEqual(BOTH);
      turn(fault);
      await until('it is away for that reason', () => said.test(serf(discovery)?.error?.message ?? ''));
      expect(rows(discovery)).toEqual(STALE);
      expect(serf(discovery)).toMatchObject({
        state: 'away',
        read: 2,
        error: { hint: expect.stringContaining('SERF_') },
      });
      turn();
      await until('it is up again', () => serf(discovery)?.state === 'up');
      expect(rows(discovery)).toEqual(BOTH);
      expect(serf(discovery)?.error).toBeUndefined();
    },
  );
});

/** Written around each sound answer. */
const NOISES: readonly (readonly [string, (seq: number) => readonly Buffer[]])[] = [
  [
    'sends answers that nobody asked for',
    (seq) => [reply(seq + 999, WHOLE), reply(0, {}), reply(-1), reply(1e300, {})],
  ],
  ['answers everything twice', (seq) => [reply(seq, WHOLE), reply(seq, WHOLE)]],
  ['sends bodies without a header', () => [Buffer.from(encode(WHOLE)), Buffer.from(encode({ Seq: 'x', Error: 5 }))]],
];

it.each(NOISES)('an agent that %s is understood all the same', async (_, around) => {
  const sound: Record<string, Script> = { members: says(WHOLE), stats: says({ agent: { name: 'node0' } }) };
  const answer: Script = (request, socket) => {
    const { command, seq } = request;
    if (sound[command]) sound[command](request, socket);
    else socket.write(reply(seq));
    for (const bytes of around(seq)) socket.write(bytes);
  };
  const agent = await fakeAgent(answer);
  onTestFinished(() => agent.close());
  const discovery = follow(agent.address);
  await until('it is up', () => serf(discovery)?.state === 'up');
  expect(rows(discovery)).toEqual(BOTH);
  await expect(discovery.serfClient().stats()).resolves.toHaveProperty('size', 1);
});

/** Following, with the way to write on its stream. */
async function streaming(): Promise<{ discovery: Discovery; tell: (...bodies: unknown[]) => void; agent: FakeAgent }> {
  let stream: { seq: number; socket: Socket } | null = null;
  const script: Script = ({ seq }, socket) => {
    stream = { seq, socket };
    socket.write(reply(seq));
  };
  const agent = await fakeAgent(agentOf(MEMBERS, { stream: script }));
  onTestFinished(() => agent.close());
  const discovery = follow(agent.address);
  await discovery.ready();
  return { agent, discovery, tell: (...bodies) => bodies.map((body) => stream?.socket.write(reply(stream.seq, body))) };
}

it('ignores malformed events, and still applies those behind them', async () => {
  const { discovery, tell } = await streaming();
  const added = member('late', writeTag([entry('10.0.0.3')]));
  const times = [2 ** 64, -1, Number.NaN, '1970', null, new Uint8Array(9)];
  tell({}, { Event: 5 }, { Event: 'member-join' }, { Event: 'member-leave', Members: [5, null, {}] }, { Members: 'x' });
  tell(...times.map((LTime) => ({ Event: 'user', Name: 'x', LTime, Payload: LTime })));
  tell({ Event: 'member-join', Members: [{ ...added, Port: Number.NaN, Addr: 'here', Tags: 7 }] });
  tell({ Event: 'member-update', Members: [added], LTime: 2 ** 64 });
  await until('the last is heard', () => discovery.providers().length === 3);
  expect(rows(discovery)).toEqual([...BOTH, 'late 10.0.0.3'].toSorted());
  expect(serf(discovery)).toMatchObject({ state: 'up', read: 3, skipped: {} });
});

it('stores 10,000 members of an agent that invents them without end, and counts the others', async () => {
  const { discovery, tell } = await streaming();
  const crowd = (from: number) => Array.from({ length: 500 }, (_, at) => member(`crowd${from + at}`, ''));
  for (let from = 0; from < 10_500; from += 500) tell({ Event: 'member-join', Members: crowd(from) });
  const beyond = () => serf(discovery)?.skipped['too-many'];
  // The members without a tag's text count as `bad-base64`; two were there before.
  await until('all are heard', () => beyond() === 502);
  expect(serf(discovery)).toMatchObject({ state: 'up', skipped: { 'bad-base64': 9_998 } });
  tell({ Event: 'member-leave', Members: [member('node1', '')] });
  await until('one has left', () => discovery.providers().length === 1);
});

describe('closing', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(FAULTS.filter(([name]) => /hangs|endless|random/.test(name)))(
    'while an agent %s leaves no timer and no connection',
    async (_, fault) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
      const agent = await fakeAgent(agentOf(MEMBERS, fault));
      onTestFinished(() => agent.close());
      const discovery = follow(agent.address);
      while (agent.sockets.length === 0) await new Promise(setImmediate);
      await once(agent.sockets[0] as Socket, 'data');
      await discovery.close();
      expect(vi.getTimerCount()).toBe(0);
      for (const socket of agent.sockets) if (!socket.closed) await once(socket, 'close');
    },
  );
});
