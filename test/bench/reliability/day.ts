/** A day of background scans of a community in which a third misbehaves: what a panel holds afterwards that it did not before. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bad, Behaviour, Good } from '../../scan/bad.js';
import { runChild, startChild, stop } from '../child.js';
import { atLeast, atMost, type Mark } from '../marks.js';
import type { Day } from './day-panel.js';

const TYPES = ['proxy3', 'owp', 'syncthing', 'dnsservice', 'serf'] as const;
const PROVIDERS = 30;
const PORT = 20_155;
/** All end soon: the clock that leaps stands still while a probe runs. */
const MANNERS: readonly (Behaviour | null)[] = [
  ...[null, null, null, null],
  ...(['floods with bytes', 'closes at once'] as const),
];

/** The scheduler never probes a type sooner after its last probe than this, minutes. */
const SHORTEST_GAP = 5;

export async function day(): Promise<readonly Mark[]> {
  const places = TYPES.flatMap((type, nth) =>
    Array.from({ length: PROVIDERS }, (_, index): (Bad | Good) & { readonly type: string } => {
      const at = { type, address: `127.81.${nth}.${index + 1}`, port: PORT };
      const behaves = MANNERS[index % MANNERS.length] ?? null;
      return behaves === null ? { ...at, good: { type, behaves: 'serves' } } : { ...at, behaves };
    }),
  );
  const elsewhere = { address: '127.81.250.1', port: PORT };
  const { child } = await startChild<true>('reliability-badly', { places, elsewhere });
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const { early, late, probes } = await runChild<Day>('reliability-day-panel', { folder, places });
    const most = (TYPES.length * 24 * 60) / SHORTEST_GAP + 8 * places.length;
    return [
      atLeast(`a day of background scans of ${places.length} providers: probes`, probes, '', 24 * TYPES.length),
      atMost(
        'a day of background scans: heap at its end, more than after 2 hours',
        (late.heap - early.heap) / 1e6,
        'MB',
        1,
      ),
      atMost(
        'a day of background scans: handles at its end, more than after 2 hours',
        late.handles - early.handles,
        '',
        0,
      ),
      atMost('a day of background scans: rows in the database', late.rows, '', most),
    ];
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true });
  }
}
