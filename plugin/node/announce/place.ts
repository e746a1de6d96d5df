/** What this node announces of itself: its address, its name, and the community that most neighbours name. */
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/index.js';
import { createAddressCheck } from '../../discovery/allowed.js';
import type { Discovery } from '../../discovery/index.js';
import { PanelError } from '../../model/errors.js';
import { announcedHost } from './host.js';

export interface PlaceDeps {
  readonly config: Pick<Config, 'communityRanges'>;
  readonly discovery: Pick<Discovery, 'serfClient' | 'providers'>;
  /** The name announced as this node's; by default the one that its Cloudy uses. */
  readonly host?: () => string;
}

export interface Place {
  readonly address: string;
  readonly host: string;
}

/** How long a page waits for the list of members, ms. */
const ADDRESS_LIMIT_MS = 1_500;

/**
 * The address at which this node gossips; if the agent does not say, its first one within the community.
 * @param isAgentNeeded whether it must be asked: without, an agent that is away does not matter
 * @throws PanelError publish-failed, serf-refused; serf-away where the agent is needed
 */
export async function readPlace(deps: PlaceDeps, isAgentNeeded: boolean): Promise<Place> {
  const gossip = await orAway(gossipAddress(deps), isAgentNeeded);
  const address = gossip && !(gossip instanceof PanelError) ? gossip : firstAddress(deps);
  return { address, host: (deps.host ?? announcedHost)() };
}

/** The result; where the agent is not needed, `serf-away` is returned rather than thrown. */
export async function orAway<T>(work: Promise<T>, isAgentNeeded: boolean): Promise<T | PanelError> {
  try {
    return await work;
  } catch (error) {
    if (!isAgentNeeded && error instanceof PanelError && error.code === 'serf-away') return error;
    throw error;
  }
}

async function gossipAddress({ discovery }: PlaceDeps): Promise<string | null | undefined> {
  const client = discovery.serfClient();
  const [stats, members] = await Promise.all([client.stats(ADDRESS_LIMIT_MS), client.members()]);
  const name = stats.get('agent')?.get('name');
  return members.find((member) => member.name === name)?.address;
}

function firstAddress({ config }: PlaceDeps): string {
  const isAllowed = createAddressCheck(config.communityRanges, false);
  const own = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
  const found = own.find((address) => isAllowed(address));
  if (found) return found;
  const hint = 'Set COMMUNITY_RANGES to the addresses of your community.';
  throw new PanelError('publish-failed', 'This node has no address within the community.', hint);
}

/** The community's name, as most neighbours give it. */
export function communityName({ discovery }: Pick<PlaceDeps, 'discovery'>): string {
  const counts = new Map<string, number>();
  for (const { community } of discovery.providers())
    if (community !== '') counts.set(community, (counts.get(community) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}
