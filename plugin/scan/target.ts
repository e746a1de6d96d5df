/** Who may be probed, and who may be probed without anybody asking. */
import type { Provider } from '../model/provider.js';
import type { ServiceType } from '../services/contract.js';

export type Probeable = Provider & { readonly port: number };

export const isProbeable = (one: Provider): one is Probeable => one.barred === null && one.port !== null;

/** A neighbour's whose announcement is confirmed: what is probed without being asked for must be there to be chosen. */
export const isOfferedHere = (one: Provider): one is Probeable => isProbeable(one) && !one.self && !one.stale;

/** Whoever announces `probe=light` is spared what a probe does only on demand. */
export const allowsHeavy = ({ txt }: Provider) => txt.get('probe')?.toLowerCase() !== 'light';

const HOUR_MS = 3_600_000;

/** Shortest time between two unasked probes of a provider, ms: an identity costs the other side a handshake. */
export const minGapMs = (type: ServiceType) => (type.identifies ? 6 : 3) * HOUR_MS;

/** What the scanner asks of the ranking, which lies to its right and is handed in. */
export interface Standing {
  readonly provider: Provider;
  readonly score: number | null;
  readonly measuredAt: number | null;
  /** How many of its newest attempts answered. */
  readonly samples: number;
}
