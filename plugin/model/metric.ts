/** What is measured and how a value becomes a mark: the vocabulary that service types weigh. */
import type { Language } from './language.js';

export interface Metric {
  /** Name in samples and in the API. */
  readonly id: string;
  readonly label: Readonly<Record<Language, string>>;
  /** `share` is 0..1. */
  readonly unit: 'ms' | 'ms/kB' | 'share' | 'hours';
  /** Share of the score; a type's weights sum to 1. */
  readonly weight: number;
  /** Value that marks 0, and value that marks 1; the smaller may be either. */
  readonly useless: number;
  readonly excellent: number;
  /** `log` for what people feel as ratios (times), `linear` for shares. */
  readonly scale: 'log' | 'linear';
  /** Age at which a sample counts half, in hours. */
  readonly halfLifeHours: number;
}

/** Methods of samples from pings, Serf's and the system's: they describe the path to the node, whatever the service. */
export const PATH_METHOD = 'serf-ping';
export const PING_METHOD = 'ping';
export const PATH_METHODS: ReadonlySet<string> = new Set([PATH_METHOD, PING_METHOD]);
/** Method of samples from several packets sent at once. */
export const TRAIN_METHOD = 'ping-train';

/** Half-lives, hours: performance counts for about two days, whether it answers for a week. */
const PERFORMANCE_HOURS = 48;
const ANSWERS_HOURS = 168;
/** A path is as narrow as its links, which last; only their other traffic changes by the hour. */
const WIDTH_HOURS = 168;

/** Id of the metric that a packet train measures, for types that weigh it. */
export const WIDTH = 'width';

type Times = Pick<Metric, 'weight' | 'useless' | 'excellent'>;
const time =
  (id: string, label: Metric['label']) =>
  (of: Times): Metric => ({ id, label, unit: 'ms', scale: 'log', halfLifeHours: PERFORMANCE_HOURS, ...of });
const share =
  (id: string, label: Metric['label'], useless: number, excellent: number, halfLifeHours: number) =>
  (weight: number): Metric => ({
    id,
    label,
    unit: 'share',
    weight,
    useless,
    excellent,
    scale: 'linear',
    halfLifeHours,
  });

/** Round-trip time of the path, ms. */
export const roundTripTime = time('rtt', {
  ca: 'temps d’anada i tornada',
  es: 'tiempo de ida y vuelta',
  en: 'round-trip time',
  de: 'Laufzeit',
});
/** Time per extra kilobyte at the narrowest point of the path in either direction, ms/kB; 8 is 1 Mbit/s. */
export const widthOfPath = (of: Times): Metric => ({
  ...{
    id: WIDTH,
    label: { ca: 'temps per kB', es: 'tiempo por kB', en: 'time per kB', de: 'Zeit je kB' },
    unit: 'ms/kB',
    scale: 'log',
  },
  ...{ halfLifeHours: WIDTH_HOURS, ...of },
});
/** Variation of the round-trip time from one moment to the next, ms (RFC 3393). */
export const jitter = time('jitter', { ca: 'fluctuació', es: 'fluctuación', en: 'jitter', de: 'Schwankung' });
/** Time from the request to the answer, ms. */
export const answerTime = time('answer', {
  ca: 'temps de resposta',
  es: 'tiempo de respuesta',
  en: 'response time',
  de: 'Antwortzeit',
});
/** Time to set up the encrypted connection, ms. */
export const handshakeTime = time('handshake', {
  ca: 'temps de negociació',
  es: 'tiempo de negociación',
  en: 'handshake time',
  de: 'Zeit für den Handshake',
});
/** Time from the request to the first byte of the answer, ms. */
export const firstByteTime = time('ttfb', {
  ca: 'temps fins al primer byte',
  es: 'tiempo hasta el primer byte',
  en: 'time to first byte',
  de: 'Zeit bis zum ersten Byte',
});
/** Metrics of which every answer has one, unless this program itself stalled while timing it; the first counts as its time. */
export const ANSWER_TIMES: ReadonlySet<string> = new Set(['answer', 'ttfb', 'handshake']);
/** Share of packets lost; 10 % makes a link useless. */
export const loss = share(
  'loss',
  { ca: 'paquets perduts', es: 'paquetes perdidos', en: 'packets lost', de: 'verlorene Pakete' },
  0.1,
  0,
  PERFORMANCE_HOURS,
);
/** Id of the metric that the score derives from successes and failures: no probe reports it. */
export const ANSWERS = 'answers';
/** Share of attempts that succeeded. */
export const answers = share(
  ANSWERS,
  { ca: 'respostes', es: 'respuestas', en: 'answers', de: 'Antworten' },
  0,
  1,
  ANSWERS_HOURS,
);
