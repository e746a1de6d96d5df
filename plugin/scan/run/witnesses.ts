/** Who else is heard before silence counts. */
import type { Discovery } from '../../discovery/index.js';
import type { ServiceRegistry } from '../../services/contract.js';
import type { Store } from '../../store/index.js';
import { isOfferedHere, minGapMs, type Probeable } from '../target.js';

export interface WitnessTools {
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'providers'>;
  readonly store: Pick<Store, 'attempts'>;
  /** ms since the epoch. */
  readonly now: () => number;
}

/**
 * Neighbours of any type whose newest attempt answered, the newest first; one for each host.
 * @param tried hosts that need not be tried again
 */
export function findWitnesses(
  { discovery, services, store, now }: WitnessTools,
  tried: ReadonlySet<string>,
): Probeable[] {
  const targets = discovery.providers().filter(isOfferedHere);
  const newest = new Map(
    [...new Set(targets.map(({ type }) => type))].map((type) => [type, store.attempts.recent(type, 1)]),
  );
  const willing = targets.flatMap((target) => {
    const [last] = newest.get(target.type)?.get(target.id) ?? [];
    const type = services.of(target.type);
    // An identity is not checked again before its time, not even to find a witness.
    const isTooSoon = type.identifies && last && now() - last.at < minGapMs(type);
    return last?.reason === null && !isTooSoon ? [{ target, at: last.at }] : [];
  });
  const hosts = new Set(tried);
  return willing
    .sort((a, b) => b.at - a.at)
    .map(({ target }) => target)
    .filter(({ address }) => !hosts.has(address) && hosts.add(address));
}
