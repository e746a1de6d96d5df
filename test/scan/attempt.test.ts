import { createSocket, type Socket } from 'node:dgram';
import { decode, encode } from '@msgpack/msgpack';
import { afterAll, describe, expect, it } from 'vitest';
import type { Prober } from '../../plugin/probe/index.js';
import type { Provider } from '../../plugin/provider.js';
import { attemptOnce } from '../../plugin/scan/attempt.js';
import { LagGuard } from '../../plugin/scan/lag.js';
import type { ServiceType } from '../../plugin/services/index.js';

const lag = new LagGuard();
afterAll(() => lag.close());
const provider = { id: 'p', type: 'thing', address: '10.0.0.1', port: 1, gossip: null } as unknown as Provider & {
  port: number;
};
const attempt = (probe: Prober, at = provider, deadlineMs = 50, signal = new AbortController().signal) => {
  const type = { id: 'thing', probe, cost: { packets: 1, bytes: 60 }, metrics: [] } as unknown as ServiceType;
  return attemptOnce(type, at, { lag, now: () => 7, signal, deadlineMs });
};
const never = new Promise<never>(() => {});

describe('an attempt', () => {
  it('counts the bytes that the probe saw, but never less than the declared cost', async () => {
    const of = async (bytes: number) =>
      (
        await attempt(async (_, { traffic }) => {
          traffic.received += bytes;
          return { level: 3, samples: [], facts: {} };
        })
      ).attempt?.bytes;
    expect([await of(10), await of(1_000)]).toEqual([60, 1_000]);
  });

  it('ends at its deadline as a timeout without a number, also when the probe does not heed its signal', async () => {
    const expected = { provider: 'p', type: 'thing', at: 7, bytes: 60, level: 0, reason: 'timeout', detail: null };
    expect((await attempt(() => never)).attempt).toEqual(expected);
    const heeding: Prober = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect((await attempt(heeding)).attempt).toEqual(expected);
  });

  it('is no attempt at all when its job is cancelled', async () => {
    const abort = new AbortController();
    const trying = attempt(() => never, provider, 50, abort.signal);
    abort.abort();
    await expect(trying).rejects.toThrow('aborted');
  });

  it('throws our own mistakes', async () => {
    await expect(attempt(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug');
  });

  it('blames nobody for a failure while our own loop stood still', async () => {
    const outcome = await attempt(async () => {
      const until = performance.now() + 600;
      while (performance.now() < until);
      return { level: 2, reason: 'timeout' };
    });
    expect(outcome).toEqual({ attempt: null, lagged: true });
  });

  it('measures the path to a node that gossips beside the probe, and does not wait for one that is silent', async () => {
    const echo = createSocket('udp4');
    // A Serf agent's acknowledgement, as little of it as a ping needs: the sequence number that was sent.
    echo.on('message', (ping, from) => {
      const { SeqNo } = decode(ping.subarray(1)) as { SeqNo: number };
      echo.send(Buffer.concat([Buffer.of(2), encode({ SeqNo, Payload: Buffer.alloc(0) })]), from.port, from.address);
    });
    const silent = createSocket('udp4');
    await Promise.all([echo, silent].map((socket) => new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))));
    const answers: Prober = async () => ({ level: 3, samples: [], facts: {} });
    const methods = async (socket: Socket) => {
      const gossip = { address: '127.0.0.1', port: socket.address().port };
      const { attempt: made } = await attempt(answers, { ...provider, address: '127.0.0.1', gossip }, 3_000);
      return made?.reason === null ? made.samples.map(({ metric, method }) => `${metric} ${method}`) : [];
    };
    const loss = 'loss serf-ping';
    expect(await methods(echo)).toContain(loss);
    const started = performance.now();
    expect(await methods(silent)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(900);
    echo.close();
    silent.close();
  });
});
