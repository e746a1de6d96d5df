import { expect, it } from 'vitest';
import type { Prober, Target } from '../../../plugin/probe/index.js';
import { warmUp } from '../../../plugin/scan/thread/warm-up.js';
import { heldSockets, settledSockets } from '../../probe/servers.js';
import { typeWith } from '../made.js';

it('makes one attempt at sockets of its own, and leaves none of them, however the probe ends', async () => {
  const before = heldSockets();
  const targets: Target[] = [];
  // Long enough for the echo to be heard on a busy machine; only the last one takes it all.
  const probes: readonly (readonly [probe: Prober, limitMs: number])[] = [
    [async () => ({ level: 3, samples: [], facts: {} }), 30_000],
    [() => Promise.reject(new Error('a mistake in a probe')), 30_000],
    [() => new Promise(() => {}), 3_000],
  ];
  for (const [probe, limitMs] of probes) {
    const noting: Prober = (target, context) => {
      targets.push(target);
      return probe(target, context);
    };
    const introduce = () => Promise.reject(new Error('it was asked about a provider that does not exist'));
    await warmUp(typeWith(noting, { introduce }), limitMs);
  }
  expect(targets.map(({ address }) => address)).toEqual(probes.map(() => '127.0.0.1'));
  expect(await settledSockets()).toEqual(before);
});
