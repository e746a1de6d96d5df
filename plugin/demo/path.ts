/** The path to a demo member: delay, jitter and loss, drawn from a seed so that every run is the same. */
import type { Node } from './community.js';

/** Time until the next answer goes out, ms; null when it gets lost. */
export type Path = () => number | null;

export function pathTo({ delay, jitter, loss }: Node, seed: number): Path {
  const random = mulberry32(seed);
  return () => {
    const lost = random() < loss;
    const ms = Math.max(0, delay + (random() * 2 - 1) * jitter);
    return lost ? null : ms;
  };
}

/** When Linux sends again over TCP what got lost, ms at the least. */
const RESENT_MS = 200;

/** Time until the next answer has arrived over TCP, ms: what gets lost comes late. */
export function overTcp(path: Path): number {
  return path() ?? RESENT_MS + overTcp(path);
}

/** Tommy Ettinger's Mulberry32: 32 bits of state, good enough to look like a radio link. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
