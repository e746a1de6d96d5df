/** Agents that behave, keep silent, answer to another name, or are no agents at all. */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import serf from '../../plugin/services/serf.js';
import { closedPort, context, tcpServer, type UdpFrom, udpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

/** The ack without payload: the number is copied from where our ping has it. */
const ackTo = (ping: Buffer) => Buffer.concat([Buffer.from('0281a55365714e6f', 'hex'), ping.subarray(8, 13)]);
const nameIn = (ping: Buffer) => ping.subarray(19).toString();

/** An agent called `node1` on UDP, and on TCP with the given reaction. */
async function agent(hear: (from: UdpFrom) => void, talk?: (socket: Socket) => void): Promise<Target> {
  if (!talk) return udpServer(hear);
  const server = await tcpServer(talk);
  await udpServer(hear, server);
  return server;
}
const honest = ({ datagram, reply }: UdpFrom) => {
  if (['', 'node1'].includes(nameIn(datagram))) reply(ackTo(datagram));
};
const nameless = ({ datagram, reply }: UdpFrom) => {
  if (nameIn(datagram) === '') reply(ackTo(datagram));
};
const probe = (target: Target, of = context()) => serf.probe(target, of);
const proven = (level: number, loss = 0) => ({
  level,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'serf-ping' },
    { metric: 'loss', value: loss, method: 'serf-ping' },
  ],
  facts: {},
});

describe('serf', () => {
  it('an agent that answers to its name is who it claims to be', async () => {
    const asked = context();
    expect(await probe(await agent(honest), asked)).toEqual(proven(4));
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(serf.cost.bytes);
  });

  it('a lost first ping counts as loss', async () => {
    let pings = 0;
    const result = await probe(
      await agent((from) => {
        pings += 1;
        if (pings > 1) honest(from);
      }),
    );
    expect(result).toEqual(proven(4, 0.5));
  });

  it('a ping by name lost over UDP is asked again over TCP, where nothing gets lost', async () => {
    const result = await probe(
      await agent(nameless, (socket) => socket.once('data', (ping) => socket.end(ackTo(ping)))),
    );
    expect(result).toEqual(proven(4));
  });

  it('an agent that does not answer to the announced name is another', async () => {
    const hangsUp = await agent(nameless, (socket) => socket.once('data', () => socket.end()));
    expect(await probe(hangsUp)).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: 'answers, but not to the announced name',
    });
  });

  it('the name stays unproven when TCP does not tell either', async () => {
    const [closed, silent, junk] = await Promise.all([
      agent(nameless),
      agent(nameless, () => {}),
      agent(nameless, (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    ]);
    const results = await Promise.all([closed, silent, junk].map((one) => probe(one)));
    expect(results).toEqual([proven(3), proven(3), proven(3)]);
  });

  it('a neighbour not known through Serf is not held to a name', async () => {
    const target = await agent(honest);
    expect(await probe({ ...target, node: 'by hand', gossip: null })).toEqual(proven(3));
    expect(await probe({ ...target, node: '' })).toEqual(proven(3));
  });

  it('silence behind an open port may be encryption; behind a closed one it is a refusal', async () => {
    const results = await Promise.all(
      [
        await agent(
          () => {},
          () => {},
        ),
        await agent(() => {}),
        await closedPort(),
      ].map((one) => probe(one)),
    );
    expect(results).toEqual([
      { level: 2, reason: 'timeout', detail: expect.stringContaining('may be encrypted') },
      { level: 1, reason: 'refused' },
      { level: 1, reason: 'refused' },
    ]);
  });

  it('an encrypted member of our own community is asked for no more than its port', async () => {
    const target = await tcpServer(() => {});
    const { address, port } = target;
    const encrypted = { ...target, gossip: { address, port, encrypted: true as const } };
    const samples = [{ metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' }];
    expect(await probe(encrypted)).toMatchObject({ level: 2, samples });
    const elsewhere = { ...encrypted, gossip: { ...encrypted.gossip, port: port === 9 ? 8 : 9 } };
    expect(await probe(elsewhere)).toMatchObject({ reason: 'refused' });
    const closed = await closedPort();
    expect(await probe({ ...closed, gossip: { ...closed, encrypted: true } })).toMatchObject({ reason: 'refused' });
  });

  it('something else on the port is not an agent, and an unmatched ack is not an answer', async () => {
    const echo = await udpServer(({ datagram, reply }) => reply(datagram));
    const forger = await udpServer(({ reply }) => reply(Buffer.from('0281a55365714e6fce00000001', 'hex')));
    const wrong = { level: 2, reason: 'wrong-protocol' };
    expect(await Promise.all([probe(echo), probe(forger)])).toEqual([wrong, wrong]);
  });

  it('is joined with a command, IPv6 in brackets', () => {
    expect(said(serf.use(provider({ address: 'fd00::1', port: 5000 })))).toEqual([
      'apt install serf',
      'serf join [fd00::1]:5000',
      'SERF_JOIN="[fd00::1]:5000"',
      '{ "retry_join": ["[fd00::1]:5000"] }',
    ]);
    expect(serf.use(provider({ port: null }))).toEqual([]);
    expect(serf.describe).toBeUndefined();
  });

  it('is joined with a click, at its address and port', async () => {
    const joined: (readonly string[])[] = [];
    const tools = { joinCommunity: async (addresses: readonly string[]) => joined.push(addresses) };
    const at = provider({ address: 'fd00::1', port: 5000 });
    await serf.connect?.run(at, tools, new AbortController().signal);
    expect(joined).toEqual([['[fd00::1]:5000']]);
    expect([at, { ...at, port: null }].map((one) => serf.connect?.suits(one))).toEqual([true, false]);
  });
});
