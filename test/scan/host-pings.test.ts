import { afterEach, describe, expect, it, vi } from 'vitest';
import { PACKET_TRAIN_COST, PING_COST } from '../../plugin/probe/ping.js';
import { HostPings } from '../../plugin/scan/attempt/host-pings.js';

const MINUTE_MS = 60_000;
const signal = new AbortController().signal;
const loss = { metric: 'loss', value: 0, method: 'ping' };
const width = { metric: 'width', value: 2, method: 'ping-train' };
const order = (provider: string, address = '10.0.0.1', wants = { path: true, width: false }) => ({
  ...{ provider, address, ...wants, limitMs: 100 },
});

afterEach(() => void vi.useRealTimers());

function counting() {
  const asked: string[] = [];
  const pinger = {
    path: async (address: string) => {
      asked.push(`path ${address}`);
      return address === '10.0.0.9' ? [] : [loss];
    },
    width: async (address: string) => {
      asked.push(`width ${address}`);
      return [width];
    },
  };
  return { asked, pings: new HostPings(pinger) };
}

describe('pings of hosts', () => {
  it('go out once for all services of a host, each of which gets the samples once', async () => {
    const { asked, pings } = counting();
    expect(await pings.measure(order('a'), signal)).toEqual({ samples: [loss], bytes: PING_COST.bytes });
    expect(await pings.measure(order('a'), signal)).toEqual({ samples: [], bytes: 0 });
    expect(await pings.measure(order('b'), signal)).toEqual({ samples: [loss], bytes: 0 });
    expect(await pings.measure(order('c', '10.0.0.2'), signal)).toMatchObject({ bytes: PING_COST.bytes });
    expect(asked).toEqual(['path 10.0.0.1', 'path 10.0.0.2']);
  });

  it('measure the width beside the path where it is wanted, and count both', async () => {
    const { asked, pings } = counting();
    const both = { path: true, width: true };
    await pings.measure(order('a'), signal);
    expect(await pings.measure(order('b', '10.0.0.1', both), signal)).toEqual({
      samples: [loss, width],
      bytes: PACKET_TRAIN_COST.bytes,
    });
    expect(asked).toEqual(['path 10.0.0.1', 'width 10.0.0.1']);
  });

  it('go out again after ten minutes, and to a host that was silent too', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { asked, pings } = counting();
    for (const address of ['10.0.0.1', '10.0.0.9']) await pings.measure(order('a', address), signal);
    vi.advanceTimersByTime(9 * MINUTE_MS);
    for (const address of ['10.0.0.1', '10.0.0.9']) await pings.measure(order('b', address), signal);
    expect(asked).toHaveLength(2);
    vi.advanceTimersByTime(2 * MINUTE_MS);
    for (const address of ['10.0.0.1', '10.0.0.9']) await pings.measure(order('a', address), signal);
    expect(asked).toHaveLength(4);
  });

  it('that end with the attempt are not remembered', async () => {
    const gone = new Error('cancelled');
    const failing = { path: () => Promise.reject(gone), width: async () => [] };
    const pings = new HostPings(failing);
    await expect(pings.measure(order('a'), signal)).rejects.toBe(gone);
    await expect(pings.measure(order('a'), signal)).rejects.toBe(gone);
  });
});
