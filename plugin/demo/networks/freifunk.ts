/** The demo as a Freifunk community, listed by olsrd's nameservice. All of its places are made up. */
import { readServices } from '../../discovery/sources/olsr/index.js';
import type { AnnounceContext, Community, Node } from '../community.js';
import { linked } from './links.js';

const NODES = {
  'kirchturm-core.olsr': { at: 51, delay: 2, jitter: 1, loss: 0, width: 0.3 },
  'torhaus-core.olsr': { at: 52, delay: 7, jitter: 2, loss: 0, width: 0.5 },
  'kiezladen.olsr': { at: 53, delay: 13, jitter: 5, loss: 0, width: 1 },
  'hafen-gw.olsr': { at: 54, delay: 20, jitter: 5, loss: 0, width: 2 },
  'werkstatt-nord.olsr': { at: 55, delay: 42, jitter: 12, loss: 0.02, width: 3 },
  'gartenkolonie.olsr': { at: 56, delay: 110, jitter: 45, loss: 0.08, width: 9 },
  'altes-stellwerk.olsr': { at: 57, delay: 15, jitter: 5, loss: 0, width: 1 },
} satisfies Record<string, Node>;

const MEMBERS = [
  linked(['kirchturm-core.olsr', 'dnsservice', 'generic'], 'dns://kirchturm-core.olsr:20053', 'DNS Kirchturm'),
  linked(['hafen-gw.olsr', 'dnsservice', 'generic'], 'dns://hafen-gw.olsr:20053', 'DNS Hafen'),
  linked(['gartenkolonie.olsr', 'dnsservice', 'generic'], 'dns://gartenkolonie.olsr:20053', 'DNS Gartenkolonie'),
  linked(['torhaus-core.olsr', 'ntp', 'serves'], 'ntp://zeit-torhaus.olsr:20123', 'Zeit Torhaus'),
  linked(['hafen-gw.olsr', 'ntp', 'serves'], 'ntp://zeit-hafen.olsr:20123', 'Zeit Hafen'),
  linked(['kiezladen.olsr', 'owncloud', 'serves'], 'http://cloud.olsr:20443/nextcloud', 'Nextcloud im Kiezladen'),
  linked(['werkstatt-nord.olsr', 'owncloud', 'breaks'], 'http://dateien.olsr:20443/nextcloud', 'Nextcloud Werkstatt'),
  linked(['hafen-gw.olsr', 'proxy3', 'generic'], 'proxy://hafen-gw.olsr:23128', 'Squid am Hafen'),
  linked(['altes-stellwerk.olsr', 'proxy3', 'dead'], 'proxy://altes-stellwerk.olsr:23128', 'Proxy Stellwerk'),
  linked(['torhaus-core.olsr', 'voip', 'serves'], 'sip://telefon.olsr:25060', 'Asterisk Torhaus'),
  linked(['werkstatt-nord.olsr', 'voip', 'serves'], 'sip://asterisk.olsr:25060', 'Asterisk Werkstatt'),
  linked(
    ['kirchturm-core.olsr', 'web', 'serves'],
    'http://kirchturm-core.olsr:20080/',
    'Kirchturm: Status der Strecken',
  ),
  linked(['kirchturm-core.olsr', 'web', 'serves'], 'http://webcam.olsr:20081/', 'Webcam vom Kirchturm'),
  linked(['kiezladen.olsr', 'web', 'serves'], 'http://wiki.olsr:20082/', 'Wiki vom Kiezladen'),
  linked(['werkstatt-nord.olsr', 'web', 'serves'], 'http://radio.olsr:20083/', 'Kiezradio'),
  linked(['gartenkolonie.olsr', 'web', 'hangs'], 'http://wetter.olsr:20084/', 'Wetterstation Gartenkolonie'),
  linked(['torhaus-core.olsr', 'other', 'serves'], 'xmpp://jabber.olsr:25222', 'XMPP Prosody'),
  // A gateway as Opennet's routers announce it: a word, then what it declares of itself.
  linked(['hafen-gw.olsr', 'other', 'serves'], 'openvpn://hafen-gw.olsr:25191', 'gw upload:5400 download:48200'),
];

/** Which of them answer on UDP. */
const BY_UDP = /^(?:dns|ntp|sip|openvpn):/;

/** The file of services, as olsrd's plugin writes it. */
function services({ addressOf }: Pick<AnnounceContext, 'addressOf'>): string {
  const lines = MEMBERS.map(({ link, node, description }) => {
    return `${link}|${BY_UDP.test(link) ? 'udp' : 'tcp'}|${description}\t\t#${addressOf(node)}`;
  });
  // Its host has left the mesh, and no list has its address any more.
  const stale = `http://alter-server.olsr:80|tcp|Alte Seite\t\t#${addressOf('kiezladen.olsr')}`;
  const head = ['### this file is overwritten regularly by olsrd', '### do not edit', ''];
  return [...head, ...lines, stale, '', '### written by olsrd', ''].join('\n');
}

/** The file of hosts beside it: each node by its own name first. */
function hosts({ addressOf }: Pick<AnnounceContext, 'addressOf'>): string {
  const named = [...Object.keys(NODES).map((node) => ({ node, host: node })), ...MEMBERS];
  const lines = named.map(({ node, host }) => `${addressOf(node)}\t${host}\t# ${addressOf(node)}`);
  return ['127.0.0.1\tlocalhost', ...lines, ''].join('\n');
}

export const FREIFUNK: Community = {
  source: 'olsr',
  nodes: NODES,
  // Of a typed line the word alone is its name.
  members: MEMBERS.map((member) => ({ ...member, description: member.description.replace(/^gw .*/, 'gw') })),
  stories: {
    'kirchturm-core.olsr': (ago) => (ago > 24 && ago < 27 ? 'slow' : 'works'),
    'werkstatt-nord.olsr': (ago) => (ago > 44 ? 'unknown' : 'works'),
    'torhaus-core.olsr': (ago) => (ago > 11 && ago < 13 ? 'fails' : 'works'),
    // Its roof was sold.
    'altes-stellwerk.olsr': (ago) => (ago > 8 ? 'works' : 'fails'),
  },
  gossips: false,
  announce: (context) => readServices(services(context), hosts(context), context),
};
