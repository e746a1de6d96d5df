/** BitTorrent trackers: they bring together those who share the same files. */
import { randomBytes } from 'node:crypto';
import { endpoint } from '../../lib/endpoint.js';
import { answers, answerTime } from '../../model/metric.js';
import { plainPath } from '../../model/provider.js';
import { HEAD_COST, httpOnce, otherWeb } from '../../probe/http.js';
import { isFailed, type ProbeContext, type ProbeResult, type Prober, type Target } from '../../probe/index.js';
import { openUdp, type Request } from '../../probe/udp.js';
import type { ServiceType } from '../contract.js';

/** The number by which a tracker knows the protocol. https://www.bittorrent.org/beps/bep_0015.html */
const PROTOCOL = Buffer.from('0000041727101980', 'hex');
const CONNECT = 0;
const ERROR = 3;
/** With the two tries over UDP before it, a probe stays below 8 s, ms. */
const HTTP_LIMIT_MS = 1_500;

/** Asks for a connection, which announces nothing; the tracker repeats the random number. */
function question(): Request<'taken' | 'declined'> {
  const number = randomBytes(4);
  const datagram = Buffer.concat([PROTOCOL, Buffer.from([0, 0, 0, CONNECT]), number]);
  return {
    datagram,
    read: (answer) => {
      if (answer.length < 8 || !answer.subarray(4, 8).equals(number)) return null;
      const action = answer.readUInt32BE(0);
      return action === CONNECT && answer.length >= 16 ? 'taken' : action === ERROR ? 'declined' : null;
    },
  };
}

/** Over UDP, as most clients ask; then by HTTP, for a tracker that has no more. */
const probe: Prober = async (target, context) => {
  const byUdp = await askUdp(target, context);
  if (!isFailed(byUdp) || byUdp.reason === 'wrong-protocol' || byUdp.reason === 'refuses-me') return byUdp;
  const byHttp = await askHttp(target, context);
  return isFailed(byHttp) && byHttp.level <= byUdp.level ? byUdp : byHttp;
};

async function askUdp(target: Target, context: ProbeContext): Promise<ProbeResult> {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const answer = await udp.ask(question);
    if (isFailed(answer)) return answer;
    if (answer.value === 'declined') return { level: 3, reason: 'refuses-me' };
    return { level: 3, samples: [{ metric: 'answer', value: answer.ms, method: 'bittorrent' }], facts: {} };
  } finally {
    udp.close();
  }
}

/** An announcement of nothing is refused with a reason, in the tracker's own notation. */
const ANSWER = /^d\d{1,2}:(?:failure reason|interval|min interval|complete|peers|warning message)/;

async function askHttp(target: Target, context: ProbeContext): Promise<ProbeResult> {
  const path = announcePath(target.txt);
  const answer = await httpOnce(target, { method: 'GET', path, bodyCap: 512, limitMs: HTTP_LIMIT_MS }, context);
  if (isFailed(answer)) return answer;
  if (!ANSWER.test(answer.body)) return otherWeb(answer);
  const samples = [{ metric: 'answer', value: answer.firstByteMs, method: 'http' }];
  return { level: 3, samples, facts: { scheme: 'http' } };
}

function announcePath(txt: ReadonlyMap<string, string>): string {
  const path = plainPath(txt);
  return path === '/' ? '/announce' : path;
}

const bittorrent: ServiceType = {
  id: 'bittorrent',
  // KTorrent's clients look for each other on the local network, as `_bittorrent._tcp`: the name begins with a peer's id
  // (BEP 20). https://invent.kde.org/network/ktorrent, plugins/zeroconf/torrentservice.cpp
  namesakes: /^-[A-Za-z]{2}[\w.]{4}-/,
  links: [{ scheme: 'udp', port: 6_969 }, { scheme: 'http', port: 6_969 }, { scheme: 'bittorrent' }],
  title: {
    ca: 'Rastrejadors BitTorrent',
    es: 'Rastreadores BitTorrent',
    en: 'BitTorrent trackers',
    de: 'BitTorrent-Tracker',
  },
  summary: {
    ca: 'Posen en contacte els qui comparteixen els mateixos fitxers, dins de la xarxa.',
    es: 'Ponen en contacto a quienes comparten los mismos ficheros, dentro de la red.',
    en: 'They bring together those who share the same files, inside the network.',
    de: 'Sie bringen im Netz zusammen, wer dieselben Dateien teilt.',
  },
  icon: 'M12 4v9M8 10l4 4 4-4M4 17v3h16v-3',
  defaultPort: 6_969,
  transports: ['udp', 'tcp'],
  listed: 'when-announced',
  probe,
  // Two tries over UDP, then a small page.
  cost: { packets: 4 + HEAD_COST.packets, bytes: 180 + HEAD_COST.bytes + 600 },
  scoredFrom: 3,
  // Asked every half hour, in the background: that it is there counts.
  metrics: [answerTime({ weight: 0.3, useless: 3_000, excellent: 10 }), answers(0.7)],
  use: (provider) => {
    const at = endpoint(provider);
    if (at === null) return [];
    const url = `${provider.facts?.scheme === 'http' ? 'http' : 'udp'}://${at}${announcePath(provider.txt)}`;
    return [
      {
        kind: 'copy',
        label: {
          ca: 'Adreça del rastrejador: afegiu-la al torrent que creeu o baixeu, al vostre programa',
          es: 'Dirección del rastreador: añádala al torrent que cree o descargue, en su programa',
          en: 'Tracker address: add it to the torrent that you make or download, in your program',
          de: 'Adresse des Trackers: Trage sie in deinem Programm bei dem Torrent ein, den du erstellst oder lädst',
        },
        text: url,
      },
      {
        kind: 'copy',
        label: {
          ca: 'Al final d’un enllaç magnet',
          es: 'Al final de un enlace magnet',
          en: 'At the end of a magnet link',
          de: 'Am Ende eines Magnet-Links',
        },
        text: `&tr=${encodeURIComponent(url)}`,
      },
    ];
  },
};
export default bittorrent;
