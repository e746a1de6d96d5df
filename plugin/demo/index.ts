/** The demo community: real sockets on loopback that speak the real protocols, well and badly, as neighbours do. */
import type { Announcement } from '../model/provider.js';
import { IDENTITIES } from './identity.js';
import { hostName, MEMBERS, type Member, NODES, type NodeName, PORTS } from './members.js';
import { pathTo } from './path.js';
import { gossip, open } from './servers.js';
import { Sockets } from './sockets.js';

export interface DemoCommunity {
  /** What its members announce: the same in every run. */
  readonly announcements: readonly Announcement[];
  /** First three parts of its addresses. */
  readonly network: string;
  close(): Promise<void>;
}

interface DemoOptions {
  /** First three parts of its addresses; the first free ones where left out. */
  readonly network?: string;
}

/** First three parts of a demo's addresses: more than one panel may show it on one machine. */
const NETWORKS = Array.from({ length: 16 }, (_, index) => `127.77.${index}`);
/** Whoever listens there has the network. */
const CLAIM = { host: 1, port: 20_001 } as const;

/** Opens every member's sockets. An address that is in use stays as it is: there runs another panel's demo, which is the same. */
export async function startDemo(options: DemoOptions = {}): Promise<DemoCommunity> {
  const sockets = new Sockets();
  const network = options.network ?? (await freeNetwork(sockets));
  const place = (node: NodeName, port: number, seed: number) => ({
    address: addressAt(network, node),
    port,
    sockets,
    path: pathTo(NODES[node], seed),
  });
  const agents = MEMBERS.flatMap((member) => (member.type === 'serf' ? member.node : []));
  const quiet = (Object.keys(NODES) as NodeName[]).filter((node) => !agents.includes(node));
  try {
    await Promise.all([
      ...MEMBERS.map((member, index) => open(member, place(member.node, PORTS[member.type], index))),
      // Every node gossips, also one that does not offer itself as a way into the community.
      ...quiet.map((node) => gossip({ node, behaves: 'serves' }, place(node, PORTS.serf, NODES[node].at + 1000))),
    ]);
  } catch (error) {
    await sockets.close();
    throw error;
  }
  const announcements = MEMBERS.map((member) => announce(member, network));
  return { announcements, network, close: () => sockets.close() };
}

/** Where all are taken, the first is shared. */
async function freeNetwork(sockets: Sockets): Promise<string> {
  for (const network of NETWORKS) if (await sockets.claim(`${network}.${CLAIM.host}`, CLAIM.port)) return network;
  return NETWORKS[0] as string;
}

const addressAt = (network: string, node: NodeName) => `${network}.${NODES[node].at}`;

function announce(member: Member, network: string): Announcement {
  const { node, type, description } = member;
  const address = addressAt(network, node);
  return {
    type,
    node,
    host: hostName(node),
    address,
    port: PORTS[type],
    description,
    community: 'demo',
    txt: new Map(attributes(member)),
    gossip: { address, port: PORTS.serf },
  };
}

function attributes({ node, type, announces = 0 }: Member): [string, string][] {
  const { deviceId = '', tub = '' } = IDENTITIES[announces] ?? {};
  if (type === 'proxy3') return [['Federated', 'Yes']];
  if (type === 'syncthing') return [['node_id', deviceId]];
  if (type === 'tahoe-lafs') return [['furl', `pb://${tub}@tcp:${hostName(node)}:${PORTS[type]}/introducer`]];
  return [];
}
