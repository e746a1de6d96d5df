/** The demo as a mesh of radio amateurs (AREDN), listed by a node's sysinfo. Their calls are such as no amateur is given. */
import { readSysinfo } from '../../discovery/sources/aredn/index.js';
import type { AnnounceContext, Community, Node } from '../community.js';
import { linked } from './links.js';

const NODES = {
  'W7XQA-Ridge-Omni': { at: 31, delay: 3, jitter: 1, loss: 0, width: 0.4 },
  'KD7XBC-Downtown': { at: 32, delay: 8, jitter: 2, loss: 0, width: 0.6 },
  'N7XLM-EOC': { at: 33, delay: 14, jitter: 4, loss: 0, width: 1 },
  'KG7XTV-Hospital': { at: 34, delay: 24, jitter: 6, loss: 0, width: 2 },
  'W7XRK-Lakeside': { at: 35, delay: 48, jitter: 14, loss: 0.02, width: 4 },
  'AC7XPN-FarValley': { at: 36, delay: 120, jitter: 40, loss: 0.08, width: 10 },
  'KF7XHD-GoKit': { at: 37, delay: 12, jitter: 4, loss: 0, width: 1 },
} satisfies Record<string, Node>;

const MEMBERS = [
  linked(['W7XQA-Ridge-Omni', 'ntp', 'serves'], 'ntp://W7XQA-ntp:20123', 'Ridge NTP [time]'),
  linked(['N7XLM-EOC', 'ntp', 'serves'], 'ntp://N7XLM-ntp:20123', 'EOC time server [time]'),
  linked(['W7XRK-Lakeside', 'ntp', 'breaks'], 'ntp://W7XRK-rpi:20123', 'Lakeside Pi clock [time]'),
  linked(['KD7XBC-Downtown', 'voip', 'serves'], 'sip://KD7XBC-pbx:25060', 'Downtown PBX [phone]'),
  linked(['N7XLM-EOC', 'voip', 'serves'], 'sip://N7XLM-pbx:25060', 'EOC PBX [phone]'),
  linked(['AC7XPN-FarValley', 'voip', 'serves'], 'sip://AC7XPN-pbx:25060', 'Valley PBX [phone]'),
  linked(['KF7XHD-GoKit', 'voip', 'dead'], 'sip://KF7XHD-pbx:25060', 'Go-kit PBX [phone]'),
  linked(['W7XQA-Ridge-Omni', 'web', 'serves'], 'http://W7XQA-wx:20080/weewx', 'Ridge weather station [weather]'),
  linked(['W7XQA-Ridge-Omni', 'web', 'serves'], 'http://W7XQA-cam:20081/', 'Ridge camera, north [camera]'),
  linked(['KD7XBC-Downtown', 'web', 'serves'], 'http://KD7XBC-chat:20082/meshchat', 'MeshChat Downtown [chat]'),
  linked(['N7XLM-EOC', 'web', 'serves'], 'http://N7XLM-chat:20082/meshchat', 'MeshChat EOC [chat]'),
  linked(['N7XLM-EOC', 'web', 'serves'], 'http://N7XLM-wiki:20083/', 'Emergency plans [wiki]'),
  linked(['N7XLM-EOC', 'web', 'serves'], 'http://N7XLM-winlink:20084/', 'Winlink web mail [winlink]'),
  linked(['KG7XTV-Hospital', 'web', 'serves'], 'http://KG7XTV-map:20085/map', 'Mesh map [map]'),
  linked(['W7XRK-Lakeside', 'web', 'serves'], 'http://W7XRK-sdr:20073/', 'OpenWebRX Lakeside [radio]'),
  linked(['KG7XTV-Hospital', 'web', 'hangs'], 'http://KG7XTV-cam:20081/', 'Helipad camera [camera]'),
  linked(['N7XLM-EOC', 'other', 'serves'], 'winlink://N7XLM-rms:20772', 'Winlink post office [winlink]'),
  linked(['KD7XBC-Downtown', 'other', 'serves'], 'rtsp://KD7XBC-video:20554/main', 'Main Street [video]'),
];

/** As a node answers to `/a/sysinfo?services=1&hosts=1` (AREDN's sysinfo.ut). */
function sysinfo({ addressOf }: Pick<AnnounceContext, 'addressOf'>) {
  const nodes = Object.keys(NODES).map((name) => ({ name, ip: addressOf(name) }));
  const hosts = MEMBERS.map(({ host, node }) => ({ name: host, ip: addressOf(node) }));
  const services = MEMBERS.map(({ description: name, node, link }) => {
    return { name, ip: addressOf(node), protocol: 'tcp', link };
  });
  const eoc = addressOf('N7XLM-EOC');
  const texts = [
    { name: 'Net on the PBX: Mondays at 19:30, extension 500', ip: eoc, protocol: 'tcp', link: '' },
    // Its host has left the mesh, and no list has its address any more.
    { name: 'Old repeater page', ip: eoc, protocol: 'tcp', link: 'http://N7XLM-rptr:8080/' },
  ];
  return {
    ...{ api_version: '2.0', node: 'W7XQA-Ridge-Omni' },
    ...{ hosts: [...nodes, ...hosts], services: [...services, ...texts] },
  };
}

export const AREDN: Community = {
  source: 'aredn',
  nodes: NODES,
  // The word in brackets is an attribute.
  members: MEMBERS.map((member) => ({ ...member, description: member.description.replace(/ \[.*/, '') })),
  stories: {
    'W7XQA-Ridge-Omni': (ago) => (ago > 30 && ago < 33 ? 'slow' : 'works'),
    // A storm took the lake's antenna down.
    'W7XRK-Lakeside': (ago) => (ago > 14 && ago < 18 ? 'fails' : 'works'),
    'KF7XHD-GoKit': (ago) => (ago > 20 ? 'unknown' : ago > 6 ? 'works' : 'fails'),
  },
  gossips: false,
  announce: (context) => readSysinfo(sysinfo(context), context),
};
