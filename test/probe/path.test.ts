/** The path: what two pings say of it, and whom they never reach. */
import { describe, expect, it } from 'vitest';
import { answerPing } from '../../plugin/demo/answers/memberlist.js';
import type { Target } from '../../plugin/probe/index.js';
import { measurePath, PATH_COST, pathSamples } from '../../plugin/probe/path.js';
import { Times } from '../../plugin/probe/times.js';
import { stopwatch } from '../stopwatch.js';
import { closedPort, context, ownAddress, settledSockets, target, type UdpFrom, udpServer } from './servers.js';

const answer = ({ datagram, reply }: UdpFrom) => reply(answerPing(datagram, 'node1') ?? Buffer.of());

/** An agent with a given reaction to each ping, and the service beside it. */
async function gossiping(...pings: readonly ((from: UdpFrom) => void)[]): Promise<Target & { heard(): number }> {
  let heard = 0;
  const agent = await udpServer((from) => {
    pings[heard]?.(from);
    heard += 1;
  });
  return { ...target({ address: agent.address, port: 1 }), gossip: agent, heard: () => heard };
}
const lose = () => {};
const jitter = { metric: 'jitter', value: expect.any(Number), method: 'serf-ping' };
const rtt = { ...jitter, metric: 'rtt' };
const loss = (value: number) => ({ metric: 'loss', value, method: 'serf-ping' });

describe('a path', () => {
  it('has two round-trip times, the difference between them, and no loss', async () => {
    const asked = context();
    const samples = await measurePath(await gossiping(answer, answer), asked);
    expect(samples).toEqual([rtt, rtt, jitter, loss(0)]);
    const [first, second, difference] = samples.map(({ value }) => value);
    expect(difference).toBe(Math.abs(Number(first) - Number(second)));
    const headers = PATH_COST.packets * 28;
    expect(asked.traffic.sent + asked.traffic.received + headers).toBeLessThanOrEqual(PATH_COST.bytes);
  });

  it('says when each of its times was taken, and of jitter when both that it comes from were', async () => {
    const times = new Times();
    const began = performance.now();
    const [first, second, difference] = await measurePath(await gossiping(answer, answer), { ...context(), times });
    const spans = [first, second].map((sample) => times.spans(sample?.value ?? -1));
    expect(spans.map((of) => of?.length)).toEqual([1, 1]);
    expect(spans.flat().every((span) => span && span.from > began && span.until < performance.now())).toBe(true);
    expect(times.spans(difference?.value ?? -1)).toEqual(spans.flat());
  });

  it('reports jitter', async () => {
    const slow = (ms: number) => (from: UdpFrom) => void setTimeout(() => answer(from), ms);
    const samples = await measurePath(await gossiping(slow(20), slow(220)), context());
    expect(samples[2]?.metric).toBe('jitter');
    expect(samples[2]?.value).toBeGreaterThan(150);
    expect(samples[2]?.value).toBeLessThan(250);
  });

  it.each([
    ['first', [lose, answer]],
    ['second', [answer, lose]],
  ])('that loses the %s ping has one time, no jitter, and lost half', async (_, pings) => {
    const elapsed = stopwatch();
    expect(await measurePath(await gossiping(...pings), context())).toEqual([rtt, loss(0.5)]);
    expect(elapsed()).toBeLessThan(1_500);
  });

  it('is unknown, not lossy, when neither ping is answered: its gossip may be encrypted', async () => {
    const silent = await gossiping(lose, lose);
    expect(await measurePath(silent, context())).toEqual([]);
    expect(silent.heard()).toBe(2);
  });

  it('does not mistake a late answer to the first ping for one to the second', async () => {
    let late = lose;
    const hold = (from: UdpFrom) => {
      late = () => answer(from);
    };
    expect(await measurePath(await gossiping(hold, () => late()), context())).toEqual([]);
  });

  it('is not measured by other answers, nor at a closed port', async () => {
    const echo = await gossiping(
      ...[0, 1].map(
        () =>
          ({ datagram, reply }: UdpFrom) =>
            reply(datagram),
      ),
    );
    const closed = await closedPort();
    expect(await measurePath(echo, context())).toEqual([]);
    expect(await measurePath({ ...closed, gossip: closed }, context())).toEqual([]);
  });

  it('is asked only of the announcing node, at the address that it announces', async () => {
    const third = await gossiping(answer, answer);
    const strangers = [{ address: ownAddress() }, { gossip: null }].map((more) => ({ ...third, ...more }));
    const { gossip: _, ...unknown } = third;
    for (const one of [...strangers, unknown]) expect(await measurePath(one, context())).toEqual([]);
    expect(third.heard()).toBe(0);
  });

  it('ends with the abort of its signal and leaves no socket', async () => {
    const silent = await gossiping(lose, lose);
    const before = await settledSockets();
    const abort = new AbortController();
    const measuring = measurePath(silent, context(abort.signal));
    await expect.poll(silent.heard).toBe(1);
    abort.abort(new Error('cancelled'));
    await expect(measuring).rejects.toThrow('cancelled');
    expect(await settledSockets()).toEqual(before);
  });
});

describe('questions in a row', () => {
  it('give nothing without an answer, and no jitter without two', () => {
    expect(pathSamples([null, null], 'udp')).toEqual([]);
    expect(pathSamples([{ ms: 7 }], 'udp').map(({ metric, value }) => [metric, value])).toEqual([
      ['rtt', 7],
      ['loss', 0],
    ]);
  });
});
