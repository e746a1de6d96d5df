/** What a scan promises beforehand is what it books at most. */
import { afterEach, describe, expect, it } from 'vitest';
import { widthOfPath } from '../../plugin/model/metric.js';
import type { Provider } from '../../plugin/model/provider.js';
import type { Prober } from '../../plugin/probe/index.js';
import { PATH_COST } from '../../plugin/probe/path.js';
import { PACKET_TRAIN_COST, PING_COST, withPacketTrain } from '../../plugin/probe/ping.js';
import { HostPings } from '../../plugin/scan/attempt/host-pings.js';
import { OwnThread } from '../../plugin/scan/attempt/measurer.js';
import { attemptCost, scanCost } from '../../plugin/scan/cost.js';
import type { ServiceType } from '../../plugin/services/contract.js';
import { answer, createScanner, five, providerAt, servicesOf, typeWith } from './made.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The system's pings, of which nothing comes back. */
const pinger = { path: async () => [], width: async () => [] };

/** Scans all, or one, and says what that booked and what had been promised. */
async function scan(providers: readonly Provider[], type: ServiceType, one?: string) {
  const measurer = new OwnThread({ now: Date.now, pings: new HostPings(pinger) });
  const made = createScanner(providers, type.probe, { services: servicesOf(type), measurer });
  closers.push(made.close);
  const asked = one === undefined ? providers : providers.filter(({ id }) => id === one);
  const job = await made.jobs.ended(made.scanner.start('thing', one).id);
  expect(job.state).toBe('done');
  return {
    booked: made.scanner.spending().spent,
    promised: scanCost(type, asked, { asked: one !== undefined }).bytes,
    attempts: made.attempts().length,
  };
}

const stalled: Prober = async () => {
  const until = performance.now() + 200;
  while (performance.now() < until);
  return answer();
};

describe('the cost of a scan', () => {
  it('covers every provider once, the best three four times more, and a third of that for repeats', () => {
    const type = typeWith(answer);
    const once = 100 + PING_COST.bytes;
    const providers = five.map((address) => providerAt(address));
    expect(scanCost(type, providers)).toEqual({ packets: 23 * (2 + PING_COST.packets), bytes: 23 * once });
    expect(scanCost(type, providers.slice(0, 1)).bytes).toBe((5 + 2) * once);
    expect(scanCost(type, [])).toEqual({ packets: 0, bytes: 0 });
  });

  it('counts Serf’s pings for a gossiping node, else the system’s, and what is done on demand', () => {
    const gossip = { address: '10.0.0.1', port: 1 };
    const type = typeWith(answer, { askedCost: { packets: 1, bytes: 7 } });
    expect(attemptCost(type, providerAt('10.0.0.1', { gossip }), {}).bytes).toBe(100 + PATH_COST.bytes);
    expect(attemptCost(type, providerAt('10.0.0.1'), { asked: true }).bytes).toBe(107 + PING_COST.bytes);
  });

  it.each([
    ['of five', undefined, 17],
    ['of one', '10.0.0.2', 5],
  ])(
    'is not passed by a real scan %s, which pings each host once, and spends the rest but for repetitions',
    async (_, one, probes) => {
      const type = typeWith(answer, {
        cost: withPacketTrain({ packets: 2, bytes: 100 }),
        askedCost: { packets: 1, bytes: 40 },
        metrics: [widthOfPath({ weight: 1, useless: 30, excellent: 1 })],
      });
      const { booked, promised, attempts } = await scan(
        five.map((address) => providerAt(address)),
        type,
        one,
      );
      expect(attempts).toBeGreaterThanOrEqual(probes);
      const once =
        probes * (100 + (one ? 40 : 0)) + (one ? 1 : five.length) * (PACKET_TRAIN_COST.bytes + PING_COST.bytes);
      expect(booked).toBeGreaterThanOrEqual(once);
      expect(booked).toBeLessThanOrEqual(promised);
    },
  );

  it('holds for a scan whose every attempt our own loop invalidates: at most a third are repeated', async () => {
    const { booked, promised, attempts } = await scan([providerAt('10.0.0.1')], typeWith(stalled));
    expect(attempts).toBe(5 + 2);
    expect(booked).toBeLessThanOrEqual(promised);
  });
});
