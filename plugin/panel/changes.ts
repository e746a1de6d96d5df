/**
 * Tells of providers that have gone or come back, as their announcements do: Serf notices within seconds what a probe each
 * few hours would notice much later.
 */
import type { Discovery } from '../discovery/index.js';

/** Shorter absences are hiccups of the gossip, ms: after longer ones a node may be in another place. */
const AWAY_MS = 10 * 60_000;

/**
 * - `gone`: nobody confirms it any more;
 * - `back`: confirmed again, at once;
 * - `moved`: confirmed again after a while, or something else says that the way there is another one;
 * - `bad`: somebody used it, and it was bad or failed;
 * - `reported`: a neighbour's panel has lost it, or finds it much worse.
 */
export type Change = 'gone' | 'back' | 'moved' | 'bad' | 'reported';

interface FollowDeps {
  readonly discovery: Pick<Discovery, 'providers' | 'onChange'>;
  /** ms, by a clock that nobody sets */
  readonly steady: () => number;
  readonly tell: (typeId: string, provider: string, change: Change) => void;
}

/** @returns stops it */
export function followChanges({ discovery, steady, tell }: FollowDeps): () => void {
  /** Since when each listed provider is unconfirmed; null = confirmed. */
  let known = new Map<string, number | null>();
  const look = () => {
    const now = steady();
    const next = new Map<string, number | null>();
    for (const { id, type, stale, self } of discovery.providers()) {
      if (self) continue;
      const since = known.get(id);
      next.set(id, stale ? (since ?? now) : null);
      if (stale && since === null) tell(type, id, 'gone');
      if (!stale && typeof since === 'number') tell(type, id, now - since >= AWAY_MS ? 'moved' : 'back');
    }
    known = next;
  };
  look();
  return discovery.onChange(look);
}
