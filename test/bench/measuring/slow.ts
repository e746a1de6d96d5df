/** A node as slow as the slowest that runs Cloudy: whether it can time its neighbours at all. Nobody reads its pages. */
import { setTimeout as wait } from 'node:timers/promises';
import { atMost, type Mark } from '../marks.js';
import { attempts, Community, scanned, untimed } from './community.js';
import { emulator } from './emulator.js';

/** Until all that follows a start is over, ms. */
const REST_MS = 5_000;
/** Every look at the job costs the slow node some 10 ms, in which it is late: it is left alone, ms. */
const LOOK_MS = 5_000;

export async function slow(): Promise<readonly Mark[]> {
  const before = [emulator()];
  const community = await Community.open({ net: 83, port: 20_156, count: 30 });
  try {
    const all = await community.withPanel(async ({ daemon, owner }) => {
      await wait(REST_MS);
      await scanned(owner, undefined, LOOK_MS);
      return attempts(daemon);
    }, before);
    const share = untimed(all);
    const name = 'a slow node scans 30';
    return [
      atMost(
        `${name}: attempts that failed, of ${all.length}`,
        all.filter(({ reason }) => reason !== null).length,
        '',
        0,
      ),
      atMost(`${name}: attempts without times, because it was late itself`, share.attempts, 'share', 0.2),
      atMost(`${name}: providers without any time`, share.providers, 'share', 0.05),
    ];
  } finally {
    await community.close();
  }
}
