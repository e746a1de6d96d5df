/** Made-up members in a real community: what strangers' gossip costs readers, memory and neighbours. */
import { setTimeout as delay } from 'node:timers/promises';
import { FLOODS, Flooded, NEIGHBOURS, p99 } from '../../real/flooded.js';
import { atLeast, atMost, type Mark } from '../marks.js';

/** How long it is looked at beside a flood, and after it, ms. */
const LOOK_MS = 10_000;
const NET = 93;

export async function ghosts(): Promise<readonly Mark[]> {
  const marks: Mark[] = [];
  for (const [what, invent] of Object.entries(FLOODS)) {
    const flooded = await Flooded.start(NET);
    try {
      const idle = flooded.memory();
      const during = await flooded.readDuring(Promise.all([flooded.flood(invent()), delay(LOOK_MS)]));
      const after = await flooded.readDuring(delay(LOOK_MS));
      const memory = flooded.memory() - idle;
      const { scored, left } = await flooded.scan();
      await flooded.restart();
      marks.push(
        atMost(`${what}: answers to readers, 99 of 100`, Math.max(p99(during), p99(after)), 'ms', 300),
        atMost(`${what}: memory above idle`, memory, 'MB', 45),
        atLeast(`${what}: neighbours with a score after a scan`, scored, '', NEIGHBOURS),
        atLeast(`${what}: share of the day’s bytes that the scan leaves`, left, '', 0.7),
        atLeast(`${what}: neighbours listed after a restart`, (await flooded.neighbours()).length, '', NEIGHBOURS),
      );
    } finally {
      await flooded.close();
    }
  }
  return marks;
}
