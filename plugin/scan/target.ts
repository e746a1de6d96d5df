/** Which providers may be probed, and which in the background. */
import type { Provider } from '../model/provider.js';
import type { ServiceType } from '../services/contract.js';

export type Probeable = Provider & { readonly port: number };

export const isProbeable = (provider: Provider): provider is Probeable =>
  provider.barred === null && provider.port !== null;

/** A neighbour's, with a confirmed announcement: background probes go only to what can be chosen. */
export const isOfferedHere = (provider: Provider): provider is Probeable =>
  isProbeable(provider) && !provider.self && !provider.stale;

/** Providers that announce `probe=light` are spared what a probe does only on demand. */
export const allowsHeavy = ({ txt }: Provider) => txt.get('probe')?.toLowerCase() !== 'light';

const HOUR_MS = 3_600_000;

/** Shortest time between two background probes of a provider, ms: an identity costs the other side a handshake. */
export const minGapMs = (type: ServiceType) => (type.identifies ? 6 : 3) * HOUR_MS;

/** What the scanner reads of the ranking, which is passed in: its room comes later. */
export interface Standing {
  readonly provider: Provider;
  readonly score: number | null;
  readonly measuredAt: number | null;
  /** How many of its newest attempts answered. */
  readonly samples: number;
  readonly recommended: boolean;
}
