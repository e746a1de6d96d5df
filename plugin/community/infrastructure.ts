/** What this node says of itself: coarse figures, which tell a neighbour whether it is overloaded and nothing more. */
import { statfs } from 'node:fs/promises';
import { availableParallelism, freemem, loadavg, totalmem, uptime } from 'node:os';
import type { Infrastructure } from './document.js';

/** Shares and loads are told in steps of so many percent. */
const STEP = 10;
const DAY_S = 86_400;

/** @param folder on the disk that is told of */
export async function readInfrastructure(folder: string): Promise<Infrastructure> {
  const [, , load = 0] = loadavg();
  return {
    upDays: Math.floor(uptime() / DAY_S),
    load: Math.min(10_000, coarse(load / availableParallelism())),
    memory: coarse(freemem() / totalmem()),
    disk: await freeShare(folder),
  };
}

const coarse = (share: number) => Math.round((100 * share) / STEP) * STEP;

/** null where the disk does not say. */
async function freeShare(folder: string): Promise<number | null> {
  try {
    const { bavail, blocks } = await statfs(folder);
    return coarse(bavail / blocks);
  } catch {
    return null;
  }
}
