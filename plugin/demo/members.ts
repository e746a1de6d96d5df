/** The demo community: who is in it, and how each behaves. All of it is made up; it looks the same every time. */
import type { Announcement } from '../model/provider.js';
import { type AnnounceContext, type Community, type Member, type Node, PORTS, type Story } from './community.js';
import { IDENTITIES } from './identity.js';

export const NODES = {
  'VIC-Adoberia': { at: 11, delay: 2, jitter: 1, loss: 0, width: 0.3 },
  'BCN-Sants-Alcolea': { at: 12, delay: 9, jitter: 3, loss: 0, width: 0.6 },
  'MAT-Rocafonda': { at: 13, delay: 15, jitter: 6, loss: 0, width: 1.2 },
  'GRA-PlacaRovira': { at: 14, delay: 22, jitter: 4, loss: 0, width: 2.5 },
  'OLO-SantFrancesc': { at: 15, delay: 45, jitter: 12, loss: 0.02, width: 2 },
  'RIP-Monestir': { at: 16, delay: 140, jitter: 60, loss: 0.1, width: 12 },
  'CAS-Penyagolosa': { at: 17, delay: 70, jitter: 20, loss: 0.04, width: 5 },
  'LH-Torrassa': { at: 18, delay: 0, jitter: 0, loss: 0, width: 0.2 },
} satisfies Record<string, Node>;

export type NodeName = keyof typeof NODES;

export const hostName = (node: string) => `${node.toLowerCase()}.guifi.local`;

export const MEMBERS: readonly Member[] = [
  { node: 'VIC-Adoberia', type: 'dnsservice', behaves: 'serves', description: 'DNS guifi.net Osona' },
  { node: 'BCN-Sants-Alcolea', type: 'dnsservice', behaves: 'serves', description: 'DNSService System' },
  { node: 'RIP-Monestir', type: 'dnsservice', behaves: 'serves', description: 'DNS del Ripollès' },
  { node: 'MAT-Rocafonda', type: 'dnsservice', behaves: 'generic', description: 'Resolver de Rocafonda' },
  { node: 'GRA-PlacaRovira', type: 'dnsservice', behaves: 'hijacks', description: 'DNS ràpid!' },
  { node: 'OLO-SantFrancesc', type: 'dnsservice', behaves: 'hangs', description: 'DNS Garrotxa' },
  { node: 'CAS-Penyagolosa', type: 'dnsservice', behaves: 'lies', description: 'DNSService System' },
  { node: 'LH-Torrassa', type: 'dnsservice', behaves: 'dead', description: 'DNS La Torrassa' },
  { node: 'MAT-Rocafonda', type: 'owp', behaves: 'serves', description: 'OpenVZ Web panel' },
  { node: 'OLO-SantFrancesc', type: 'peerstreamer', behaves: 'serves', description: 'TV Olot en directe' },
  { node: 'CAS-Penyagolosa', type: 'peerstreamer', behaves: 'empty', description: 'Festa major' },
  { node: 'BCN-Sants-Alcolea', type: 'proxy3', behaves: 'serves', description: 'Proxy3 System' },
  { node: 'LH-Torrassa', type: 'proxy3', behaves: 'dead', description: 'Proxy de l’ateneu' },
  { node: 'VIC-Adoberia', type: 'serf', behaves: 'serves', description: 'SERF instance running' },
  { node: 'RIP-Monestir', type: 'serf', behaves: 'serves', description: 'SERF instance running' },
  { node: 'GRA-PlacaRovira', type: 'serf', behaves: 'impostor', description: 'SERF instance running' },
  { node: 'LH-Torrassa', type: 'serf', behaves: 'dead', description: 'SERF instance running' },
  { node: 'VIC-Adoberia', type: 'snpservice', behaves: 'serves', description: 'SNPgraphs Osona' },
  { node: 'BCN-Sants-Alcolea', type: 'syncthing', behaves: 'serves', description: 'Fotos del barri', announces: 0 },
  { node: 'RIP-Monestir', type: 'syncthing', behaves: 'serves', description: 'Arxiu comarcal', announces: 1 },
  { node: 'GRA-PlacaRovira', type: 'syncthing', behaves: 'impostor', description: 'Fotos del barri', announces: 0 },
  { node: 'OLO-SantFrancesc', type: 'syncthing', behaves: 'hangs', description: 'Còpies de seguretat', announces: 1 },
  { node: 'MAT-Rocafonda', type: 'tahoe-lafs', behaves: 'serves', description: 'Graella del Maresme', announces: 1 },
  { node: 'GRA-PlacaRovira', type: 'tahoe-lafs', behaves: 'impostor', description: 'Graella de Gràcia', announces: 0 },
  { node: 'VIC-Adoberia', type: 'tincvpn', behaves: 'serves', description: 'VPN microcloud Osona' },
  { node: 'RIP-Monestir', type: 'tincvpn', behaves: 'old', description: 'VPN del Ripollès' },
];

const STORIES: Partial<Record<NodeName, Story>> = {
  'VIC-Adoberia': (ago) => (ago > 27 && ago < 31 ? 'slow' : 'works'),
  'MAT-Rocafonda': (ago) => (ago > 41 ? 'unknown' : 'works'),
  'BCN-Sants-Alcolea': (ago) => (ago > 17 && ago < 20 ? 'fails' : 'works'),
  // It answered until it went for good.
  'LH-Torrassa': (ago) => (ago > 9 ? 'works' : 'fails'),
};

function announce(member: Member, { addressOf }: AnnounceContext): Announcement {
  const { node, type, description } = member;
  const address = addressOf(node);
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

export const GUIFI: Community = {
  source: null,
  nodes: NODES,
  members: MEMBERS,
  stories: STORIES,
  gossips: true,
  announce: (context) => ({
    found: MEMBERS.map((member) => ({ announcement: announce(member, context) })),
    skipped: [],
  }),
};
