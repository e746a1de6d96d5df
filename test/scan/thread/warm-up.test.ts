import { expect, it } from 'vitest';
import type { Prober, Target } from '../../../plugin/probe/index.js';
import { warmUp } from '../../../plugin/scan/thread/warm-up.js';
import { heldSockets, settledSockets } from '../../probe/servers.js';
import { typeWith } from '../made.js';

it('makes one attempt at sockets of its own, and leaves none of them, however the probe ends', async () => {
  const before = heldSockets();
  const targets: Target[] = [];
  const probes: Prober[] = [
    async () => ({ level: 3, samples: [], facts: {} }),
    () => Promise.reject(new Error('a mistake in a probe')),
    () => new Promise(() => {}),
  ];
  for (const probe of probes) {
    const noting: Prober = (target, context) => {
      targets.push(target);
      return probe(target, context);
    };
    const introduce = () => Promise.reject(new Error('it was asked about a provider that does not exist'));
    await warmUp(typeWith(noting, { introduce }));
  }
  expect(targets.map(({ address }) => address)).toEqual(probes.map(() => '127.0.0.1'));
  expect(await settledSockets()).toEqual(before);
});
