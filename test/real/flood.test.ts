/** A stranger who floods the community with made-up members, against real agents: the panel and its neighbours stay. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FLOODS, Flooded, NEIGHBOURS, p99 } from './flooded.js';

const NET = 91;
/** Answers to an anonymous reader, ms, and memory above that of an idle panel, MB. */
const ANSWER_MS = 300;
const MEMORY_MB = 45;
/** How long it is looked at beside the flood, and after it, ms. */
const LOOK_MS = 4_000;

describe.each(Object.entries(FLOODS))('%s', (_, invent) => {
  let flooded: Flooded;
  beforeAll(async () => {
    flooded = await Flooded.start(NET);
  });
  afterAll(() => flooded?.close());

  it(`leave readers their answers within ${ANSWER_MS} ms, and take at most ${MEMORY_MB} MB`, async () => {
    const idle = flooded.memory();
    const during = await flooded.readDuring(Promise.all([flooded.flood(invent()), delay(LOOK_MS)]));
    const after = await flooded.readDuring(delay(LOOK_MS));
    for (const took of [during, after]) {
      expect(took.length).toBeGreaterThan(100);
      expect(p99(took)).toBeLessThanOrEqual(ANSWER_MS);
    }
    expect(flooded.memory() - idle).toBeLessThanOrEqual(MEMORY_MB);
  }, 120_000);

  it('leave every neighbour that was here before listed, ranked and scanned, also after a restart', async () => {
    expect(await flooded.neighbours()).toHaveLength(NEIGHBOURS);
    await flooded.scanNeighbours();
    await flooded.restart();
    expect((await flooded.neighbours()).filter(({ score }) => (score ?? 0) > 0)).toHaveLength(NEIGHBOURS);
  }, 120_000);
});
