/** Time servers (NTP, RFC 5905): what sets the clocks of machines that have none, such as a Raspberry Pi. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { answers, loss, type Metric, roundTripTime } from '../../model/metric.js';
import { isFailed, type ProbeResult, type Prober } from '../../probe/index.js';
import { openUdp, type Request } from '../../probe/udp.js';
import type { ServiceType, Usable, UseStep } from '../contract.js';

const LENGTH = 48;
/** Seconds from 1900 to 1970. */
const EPOCH_S = 2_208_988_800;
/** Leap indicator of a server whose clock was never set, and the first stratum that means the same. */
const NOT_SET = 3;
const UNSYNCHRONISED = 16;
/** Kiss codes by which a server turns this node away. */
const TURNED_AWAY: ReadonlySet<string> = new Set(['DENY', 'RSTR', 'RATE']);

interface Time {
  readonly leap: number;
  readonly stratum: number;
  /** Four characters: a kiss code where the stratum is 0. */
  readonly code: string;
  /** Half the delay to the reference clock and its dispersion: how wrong the time may be, ms. */
  readonly distance: number;
  /** When it answered by its clock, ms since the epoch, less when the answer came by ours. */
  readonly ahead: number;
}

/** One question: as its own time it sends a random number, which the answer must repeat. */
function question(): Request<Time> {
  const nonce = randomBytes(8);
  const datagram = Buffer.alloc(LENGTH);
  // Version 4, client.
  datagram[0] = 0x23;
  nonce.copy(datagram, 40);
  return { datagram, read: (answer) => readTime(answer, nonce) };
}

function readTime(answer: Buffer, nonce: Buffer): Time | null {
  const first = answer[0] ?? 0;
  const isServer = (first & 7) === 4 && [3, 4].includes((first >> 3) & 7);
  if (answer.length < LENGTH || !isServer || !answer.subarray(24, 32).equals(nonce)) return null;
  const short = (at: number) => (answer.readUInt32BE(at) / 65_536) * 1_000;
  const sent = (answer.readUInt32BE(40) - EPOCH_S) * 1_000 + (answer.readUInt32BE(44) / 2 ** 32) * 1_000;
  return {
    leap: first >> 6,
    stratum: answer[1] ?? 0,
    code: answer.toString('latin1', 12, 16).replace(/[^A-Z]/g, ''),
    distance: short(4) / 2 + short(8),
    ahead: sent - Date.now(),
  };
}

/** Further apart than this, one of two clocks is wrong, ms. */
const WRONG_MS = 3_000;

/** Whether the time is right shows only where this node's own clock is known to be. */
const probe: Prober = async (target, context) => {
  const udp = await openUdp(target, context);
  if (isFailed(udp)) return udp;
  try {
    const answer = await udp.ask(question);
    if (isFailed(answer)) return answer;
    const { value, ms, loss } = answer;
    const offset = value.ahead + ms / 2;
    const failure = findFailure(value, target.own?.get('clock') === 'set' ? offset : 0);
    if (failure !== null) return failure;
    const samples = [
      { metric: 'rtt', value: ms, method: 'ntp' },
      { metric: 'loss', value: loss, method: 'ntp' },
      { metric: distance.id, value: Math.max(0.1, value.distance), method: 'ntp' },
    ];
    return { level: 3, samples, facts: { stratum: String(value.stratum) } };
  } finally {
    udp.close();
  }
};

function findFailure({ leap, stratum, code }: Time, offset: number): ProbeResult | null {
  if (stratum === 0 && TURNED_AWAY.has(code)) return { level: 3, reason: 'refuses-me', detail: code };
  if (leap === NOT_SET || stratum === 0 || stratum >= UNSYNCHRONISED)
    return { level: 3, reason: 'broken', detail: 'its own clock is not set' };
  if (Math.abs(offset) <= WRONG_MS) return null;
  const seconds = Math.round(Math.abs(offset) / 1_000);
  return { level: 3, reason: 'broken', detail: `its clock is ${seconds} s ${offset > 0 ? 'ahead' : 'behind'}` };
}

/** How far its time may be off, by its own account. */
const distance: Metric = {
  id: 'distance',
  label: {
    ca: 'marge d’error de l’hora',
    es: 'margen de error de la hora',
    en: 'margin of its time',
    de: 'Spielraum seiner Zeit',
  },
  unit: 'ms',
  weight: 0.3,
  useless: 1_000,
  excellent: 5,
  scale: 'log',
  halfLifeHours: 24,
};

/** By systemd-timesyncd, the one program that says so in a file. */
const CLOCK_IS_SET = '/run/systemd/timesync/synchronized';

function use({ address, port }: Usable): UseStep[] {
  if (port === null) return [];
  const chrony: UseStep = {
    kind: 'copy',
    on: 'linux',
    system: 'chrony',
    label: {
      ca: 'Amb chrony: poseu la línia a /etc/chrony/sources.d/veins.sources; després, chronyc reload sources',
      es: 'Con chrony: ponga la línea en /etc/chrony/sources.d/vecinos.sources; después, chronyc reload sources',
      en: 'With chrony: put the line into /etc/chrony/sources.d/neighbours.sources; then chronyc reload sources',
      de: 'Mit chrony: Schreibe die Zeile in /etc/chrony/sources.d/neighbours.sources; danach chronyc reload sources',
    },
    text: `server ${address}${port === 123 ? '' : ` port ${port}`} iburst`,
  };
  // Only chrony takes another port.
  if (port !== 123) return [chrony];
  return [
    {
      kind: 'copy',
      label: {
        ca: 'Servidor d’hora, per a la configuració d’un encaminador o d’una càmera',
        es: 'Servidor de hora, para la configuración de un router o de una cámara',
        en: 'Time server, for the settings of a router or a camera',
        de: 'Zeitserver, für die Einstellungen eines Routers oder einer Kamera',
      },
      text: address,
    },
    {
      kind: 'copy',
      on: 'linux',
      system: 'systemd',
      label: {
        ca: 'Amb systemd-timesyncd: poseu la línia a /etc/systemd/timesyncd.conf, sota [Time]; després, systemctl restart systemd-timesyncd',
        es: 'Con systemd-timesyncd: ponga la línea en /etc/systemd/timesyncd.conf, bajo [Time]; después, systemctl restart systemd-timesyncd',
        en: 'With systemd-timesyncd: put the line into /etc/systemd/timesyncd.conf, below [Time]; then systemctl restart systemd-timesyncd',
        de: 'Mit systemd-timesyncd: Schreibe die Zeile in /etc/systemd/timesyncd.conf, unter [Time]; danach systemctl restart systemd-timesyncd',
      },
      text: `NTP=${address}`,
    },
    chrony,
  ];
}

const ntp: ServiceType = {
  id: 'ntp',
  links: [{ scheme: 'ntp' }, { scheme: 'udp', port: 123 }, { scheme: 'guifi', word: 'ntp' }],
  title: { ca: 'Hora', es: 'Hora', en: 'Time', de: 'Zeit' },
  summary: {
    ca: 'Posa en hora els rellotges dels vostres equips.',
    es: 'Pone en hora los relojes de sus equipos.',
    en: 'Sets the clocks of your machines.',
    de: 'Stellt die Uhren deiner Geräte.',
  },
  icon: 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l4 2',
  defaultPort: 123,
  transports: ['udp'],
  listed: 'when-announced',
  probe,
  // Two tries and their answers.
  cost: { packets: 4, bytes: 500 },
  introduce: () => Promise.resolve(new Map(existsSync(CLOCK_IS_SET) ? [['clock', 'set']] : [])),
  scoredFrom: 3,
  // A clock is set by many answers, of which the quickest counts: what spoils it is a long way and a server far from its
  // own reference.
  metrics: [roundTripTime({ weight: 0.3, useless: 1_000, excellent: 5 }), distance, answers(0.3), loss(0.1)],
  use,
};
export default ntp;
