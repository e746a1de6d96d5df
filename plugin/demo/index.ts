/** The demo community: real sockets on loopback that speak the real protocols, well and badly, as neighbours do. */
import type { DemoName } from '../config/index.js';
import type { Recognise } from '../discovery/source.js';
import type { Announcement } from '../model/provider.js';
import { type Announced, type Community, nodeOf, PORTS } from './community.js';
import { GUIFI } from './members.js';
import { pathTo } from './path.js';
import { gossip, open } from './servers.js';
import { Sockets } from './sockets.js';

export interface DemoCommunity extends Announced {
  /** What its members announce: the same in every run. */
  readonly announcements: readonly Announcement[];
  /** Who they are. */
  readonly community: Community;
  /** First three parts of its addresses. */
  readonly network: string;
  close(): Promise<void>;
}

interface DemoOptions {
  /** First three parts of its addresses; the first free ones where left out. */
  readonly network?: string;
  /** The network that it looks like; guifi.net where left out. */
  readonly as?: DemoName;
  /** The service type that an announced link leads to, for communities that announce links. */
  readonly recognise?: Recognise;
}

/** First three parts of a demo's addresses: more than one panel may show it on one machine. */
const NETWORKS = Array.from({ length: 16 }, (_, index) => `127.77.${index}`);
/** Whoever listens there has the network. */
const CLAIM = { host: 1, port: 20_001 } as const;

/** Loaded only where they are shown. */
const COMMUNITIES: Readonly<Record<DemoName, () => Promise<Community>>> = {
  aredn: async () => (await import('./networks/aredn.js')).AREDN,
  freifunk: async () => (await import('./networks/freifunk.js')).FREIFUNK,
};

/** Opens every member's sockets. An address that is in use stays as it is: there runs another panel's demo, which is the same. */
export async function startDemo({ as, recognise = () => null, ...options }: DemoOptions = {}): Promise<DemoCommunity> {
  const community = as === undefined ? GUIFI : await COMMUNITIES[as]();
  const { network, sockets } = await openSomewhere(community, options.network);
  const addressOf = (node: string) => addressAt(community, network, node);
  const announced = community.announce({ addressOf, recognise, now: Date.now });
  const announcements = announced.found.map(({ announcement }) => announcement);
  return { ...announced, announcements, community, network, close: () => sockets.close() };
}

async function openAll(community: Community, network: string, sockets: Sockets): Promise<void> {
  const { members, nodes, gossips } = community;
  const agents = members.flatMap((member) => (member.type === 'serf' ? member.node : []));
  const quiet = gossips ? Object.entries(nodes).filter(([node]) => !agents.includes(node)) : [];
  const place = (node: string, port: number, seed: number) => {
    const path = pathTo(nodeOf(community, node), seed);
    return { address: addressAt(community, network, node), port, sockets, path };
  };
  await Promise.all([
    ...members.map((member, index) => open(member, place(member.node, member.port ?? PORTS[member.type], index))),
    // Every node gossips, also one that does not offer itself as a way into the community.
    ...quiet.map(([node, { at }]) => gossip({ node, behaves: 'serves' }, place(node, PORTS.serf, at + 1000))),
  ]);
}

interface Opened {
  readonly network: string;
  readonly sockets: Sockets;
}

/** On the given network, else on the first free one; where all are taken, the first is shared. */
async function openSomewhere(community: Community, given: string | undefined): Promise<Opened> {
  if (given !== undefined) return openOn(community, given);
  for (const network of NETWORKS) {
    const sockets = new Sockets();
    if (!(await sockets.claim(`${network}.${CLAIM.host}`, CLAIM.port))) continue;
    const opened = await openOn(community, network, sockets);
    // A demo that is just ending still has some of the addresses: they would be nobody's in a moment.
    if (sockets.taken === 0) return opened;
    await sockets.close();
  }
  return openOn(community, NETWORKS[0] as string);
}

async function openOn(community: Community, network: string, sockets = new Sockets()): Promise<Opened> {
  try {
    await openAll(community, network, sockets);
    return { network, sockets };
  } catch (error) {
    await sockets.close();
    throw error;
  }
}

const addressAt = (community: Community, network: string, node: string) => `${network}.${nodeOf(community, node).at}`;
