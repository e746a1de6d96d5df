/** Channels that stream, show nothing, are frozen, or are others than announced; and the one question they get. */
import { createSocket } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerPing } from '../../plugin/demo/answers/memberlist.js';
import { isFailed, type ProbeResult, type Target } from '../../plugin/probe/index.js';
import peerstreamer from '../../plugin/services/peerstreamer/index.js';
import { ncastQuestion } from '../../plugin/services/peerstreamer/ncast.js';
import { closedPort, context, settledSockets, target, tcpServer, udpServer } from '../probe/servers.js';
import { stopwatch } from '../stopwatch.js';
import { provider, said } from './providers.js';
import { type Behaviour, type Streamer, streamer } from './streamer.js';

const probe = (one: Target, of = context()) => peerstreamer.probe(one, of);
const probed = async (behaviour: Behaviour) => probe(await streamer(behaviour));
const measured = (result: ProbeResult) => (isFailed(result) ? [] : result.samples.map(({ metric }) => metric));

/** Bytes with headers, including all that the streamer sent after the probe. */
const onAir = ({ lengths }: Streamer) => lengths.reduce((sum, length) => sum + length + 28, 0);

describe('a channel', () => {
  it('that streams works, and receives only the one harmless question, twice', async () => {
    const channel = await streamer();
    const asked = context();
    const result = await probe(channel, asked);
    expect(result).toMatchObject({ level: 5, facts: {} });
    expect(result.samples?.map(({ metric, method }) => [metric, method])).toEqual([
      ['rtt', 'udp'],
      ['rtt', 'udp'],
      ['jitter', 'udp'],
      ['loss', 'udp'],
    ]);
    expect(channel.heard).toHaveLength(2);
    for (const { datagram, port } of channel.heard) {
      expect(datagram).toEqual(ncastQuestion({ address: '127.0.0.1', port }));
      expect(datagram).toHaveLength(45);
    }
    expect(asked.traffic.sent).toBe(90);
    await expect.poll(() => channel.lengths.length, { timeout: 3_000 }).toBe(2 * 7);
    expect(onAir(channel)).toBeLessThan(peerstreamer.cost.bytes);
    expect(channel.lengths.length).toBeLessThan(peerstreamer.cost.packets);
  });

  it('that has only just begun, and still holds its first chunk, works', async () => {
    expect(await probed({ chunks: (ms) => [0, Math.floor(ms / 100)] })).toMatchObject({ level: 5 });
  });

  it('whose node gossips has the path measured there', async () => {
    const channel = await streamer();
    const agent = await udpServer(({ datagram, reply }) => reply(answerPing(datagram, 'node1') ?? Buffer.of()), {
      address: channel.address,
    });
    const result = await probe({ ...channel, gossip: agent });
    expect(measured(result)).toEqual(['rtt', 'rtt', 'jitter', 'loss']);
    expect(result.samples?.every(({ method }) => method === 'serf-ping')).toBe(true);
  });

  it('that shows nothing fails, and is asked once', async () => {
    const channel = await streamer({ chunks: () => null });
    expect(await probe(channel)).toEqual({ level: 4, reason: 'broken', detail: 'nothing is being streamed' });
    expect(channel.heard).toHaveLength(1);
  });

  it('that ends between the two questions, or is frozen, fails', async () => {
    const results = await Promise.all([
      probed({ chunks: (ms) => (ms < 1_000 ? [0, 49] : null) }),
      probed({ chunks: () => [100, 149] }),
    ]);
    expect(results).toEqual([
      { level: 4, reason: 'broken', detail: 'nothing is being streamed' },
      { level: 4, reason: 'broken', detail: 'the stream stands still' },
    ]);
  });

  it('that claims another address speaks the protocol and no more, whatever it streams', async () => {
    expect(await probed({ portOffset: 1 })).toMatchObject({ level: 3, facts: {} });
    expect(await probed({ portOffset: 1, chunks: () => null })).toMatchObject({ level: 3, reason: 'broken' });
  });

  it('of which an answer is lost is only less certain', async () => {
    const results = await Promise.all([
      probed({ loses: ['peers'] }),
      probed({ loses: ['chunks'] }),
      probed({ loses: ['peers', 'chunks', 'neighbour'] }),
    ]);
    expect(results.map((result) => !isFailed(result) && result.level)).toEqual([3, 4, 3]);
  });

  it('that answers too late at first is not timed by that answer', async () => {
    const channel = await streamer({ firstAfterMs: 1_300 });
    const result = await probe(channel);
    expect(result).toMatchObject({ level: 5 });
    expect(measured(result)).toEqual(['rtt', 'loss']);
    expect(result.samples?.find(({ metric }) => metric === 'loss')?.value).toBe(0.5);
    expect(channel.heard).toHaveLength(3);
  });
});

/** Answers three seconds too late. */
async function late(): Promise<Target> {
  const timers: NodeJS.Timeout[] = [];
  onTestFinished(() => timers.forEach(clearTimeout));
  const server: Target = await udpServer(({ reply }) => {
    const answer = ncastQuestion(server);
    answer[4] = 2;
    timers.push(setTimeout(() => reply(answer), 3_000));
  });
  return server;
}

/** Keeps silent, while another sends the right answer from elsewhere. */
async function forged(): Promise<Target> {
  const forger = createSocket('udp4');
  onTestFinished(() => void forger.close());
  const silent: Target = await udpServer(({ port }) => {
    const answer = ncastQuestion(silent);
    answer[4] = 2;
    forger.send(answer, port, '127.0.0.1');
  });
  return silent;
}

describe('no channel', () => {
  it('is a closed port, a silent one, one for which another speaks, one that answers after three seconds, an echo, a web server, or half a protocol', async () => {
    const half = Buffer.from('010101100200000002', 'hex');
    const others = await Promise.all([
      closedPort(),
      udpServer(),
      forged(),
      late(),
      udpServer(({ datagram, reply }) => reply(datagram)),
      udpServer(({ reply }) => reply(Buffer.from('HTTP/1.1 400 Bad Request'))),
      udpServer(({ reply }) => reply(half)),
    ]);
    const silent = { level: 1, reason: 'timeout', detail: 'the machine answers, the channel does not' };
    const wrong = { level: 2, reason: 'wrong-protocol' };
    expect(await Promise.all(others.map((one) => probe(one)))).toEqual([
      { level: 1, reason: 'refused' },
      silent,
      silent,
      silent,
      wrong,
      wrong,
      wrong,
    ]);
  });

  it('uses TCP: nothing is sent there', async () => {
    const talked: Buffer[] = [];
    const web = await tcpServer((socket) => socket.on('data', (chunk) => talked.push(chunk)));
    expect(await probe(web)).toEqual({ level: 1, reason: 'refused' });
    expect(talked).toEqual([]);
  });

  it('has an IPv6 address, which the protocol cannot write', async () => {
    expect(await probe(target({ address: '::1', port: 6000 }))).toMatchObject({ level: 0, reason: 'unreachable' });
  });
});

describe('its probe', () => {
  it.each([
    ['while it waits for answers', { firstAfterMs: 1_000 }, 'sent', 45],
    // Its peers, and a map of fifty chunks.
    ['between the looks', {}, 'received', 45 + 47],
  ] as const)('ends at once with its signal %s, and leaves no socket', async (_, behaviour, way, bytes) => {
    const one = await streamer(behaviour);
    const before = await settledSockets();
    const abort = new AbortController();
    const asked = context(abort.signal);
    const probing = probe(one, asked);
    probing.catch(() => {});
    await expect.poll(() => asked.traffic[way]).toBeGreaterThanOrEqual(bytes);
    const elapsed = stopwatch();
    abort.abort(new Error('cancelled'));
    await expect(probing).rejects.toThrow('cancelled');
    expect(elapsed()).toBeLessThan(1_000);
    expect(await settledSockets()).toEqual(before);
  });
});

describe('its use', () => {
  it('is to watch with two commands', () => {
    expect(said(peerstreamer.use(provider({ port: 6000 })))).toEqual([
      'note',
      'ip -brief address',
      'streamer -i 10.1.2.3 -p 6000 -P 6000 -F null,dechunkiser=udp,port0=1234,addr=127.0.0.1 -I <interface>',
      'ffplay udp://127.0.0.1:1234',
    ]);
    expect(peerstreamer.use(provider({ port: null }))).toEqual([]);
  });

  it('does not repeat the address that old nodes announce as its attribute', () => {
    expect(peerstreamer.describe).toBeUndefined();
  });
});
