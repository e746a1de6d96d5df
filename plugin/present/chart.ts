/** A row's bar of its last days, drawn by the server. */
import { NOT_TRIED } from '../store/index.js';

/** A row's bar: one stroke a day, the newest at the right; tall where everything was answered, low where nothing was. */
export interface AvailabilityBar {
  /** Days with attempts, and days on which all of them were answered. */
  readonly days: number;
  readonly good: number;
  /** Path data on a grid of 120 × 14. */
  readonly all: string;
  readonly some: string;
  readonly none: string;
}

const STROKE = 4;
const HEIGHTS = { all: 14, some: 8, none: 4 } as const;

/** A bar changes only with a measurement: it is drawn once, not for every page. */
const cache = new WeakMap<Uint8Array, AvailabilityBar | null>();

/** @param bar the share that was answered, by day (see `HistoryStore.bars`). @returns null where nothing was tried */
export function availabilityBar(bar: Uint8Array | undefined): AvailabilityBar | null {
  if (bar === undefined) return null;
  const cached = cache.get(bar);
  if (cached !== undefined) return cached;
  const paths = draw(bar);
  cache.set(bar, paths);
  return paths;
}

function draw(bar: Uint8Array): AvailabilityBar | null {
  const paths = { all: '', some: '', none: '' };
  let days = 0;
  let good = 0;
  for (const [index, share] of bar.entries()) {
    if (share === NOT_TRIED) continue;
    const kind = share === 100 ? 'all' : share === 0 ? 'none' : 'some';
    paths[kind] += `M${index * STROKE + 1.5} 14v-${HEIGHTS[kind]}`;
    days += 1;
    if (kind === 'all') good += 1;
  }
  return days === 0 ? null : { days, good, ...paths };
}
