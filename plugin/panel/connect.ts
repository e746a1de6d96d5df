/** One click for a chosen provider: whether it is offered, and the tools of this node that the service type gets for it. */
import { orAbort } from '../lib/abort.js';
import { PanelError } from '../model/errors.js';
import type { Ranked } from '../model/ranked.js';
import type { SerfRpc } from '../serf/client.js';
import type { Connect, ConnectTools, ServiceType } from '../services/contract.js';

/** Serf gives a silent address up after 10 s: its own answer says more than our limit, ms. */
const JOIN_LIMIT_MS = 12_000;

/** What one click would do with the provider; null for one's own, and for one that may not be reached or does not answer. */
export function connectAction({ connect }: ServiceType, { provider, score }: Ranked): Connect | null {
  // A provider that declines to be measured may be used all the same.
  const reachable = provider.barred === null || provider.barred === 'declined';
  const usable = !provider.self && reachable && score !== 0;
  return connect !== undefined && usable && connect.suits(provider) ? connect : null;
}

/**
 * @param serfClient the connection to this node's agent; throws when there is none
 * @param signal ends whatever runs
 */
export function connectTools(serfClient: () => SerfRpc, signal: AbortSignal): ConnectTools {
  return { joinCommunity: async (addresses) => orAbort(join(serfClient(), addresses), signal) };
}

async function join(client: SerfRpc, addresses: readonly string[]): Promise<number> {
  try {
    return await client.join(addresses, JOIN_LIMIT_MS);
  } catch (error) {
    if (!(error instanceof PanelError) || error.code !== 'serf-refused') throw error;
    const hint = 'Its gossip may be encrypted with another key, or closed to this node. Choose another one.';
    throw new PanelError('connect-failed', `Nobody answers at ${addresses.join(', ')}.`, hint, { cause: error });
  }
}
