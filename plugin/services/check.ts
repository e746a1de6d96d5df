/** Checks a service type at the start, and reports everything that is wrong with it. */
import { LANGUAGES } from '../model/language.js';
import type { Metric } from '../model/metric.js';
import type {
  AccountOffer,
  Connect,
  Cost,
  LinkPattern,
  LocalUnits,
  ServiceFile,
  ServiceType,
  UnitCandidate,
} from './contract.js';

/** Everything that is wrong with a candidate type; empty when it satisfies the contract. */
export function findProblems(candidate: unknown, fileName: string): string[] {
  if (typeof candidate !== 'object' || candidate === null) return ['it has no default export'];
  const type = candidate as Partial<ServiceType>;
  const problems: string[] = [];
  const need = (holds: boolean, what: string) => holds || problems.push(what);
  need(type.id === fileName, `id must equal the file name "${fileName}"`);
  need((type.aliases ?? []).every(isWord), 'aliases must be words as on the wire');
  need((type.links ?? []).every(isPattern), 'links need a scheme in lower case, perhaps a port and a word');
  need(isTexts(type.title), `title needs a text in ${LANGUAGES.join(', ')}`);
  need(isTexts(type.summary), `summary needs a text in ${LANGUAGES.join(', ')}`);
  need(/^[MmLlHhVvCcSsQqTtAaZz0-9 .,-]+$/.test(type.icon ?? ''), 'icon must be SVG path data');
  need(type.defaultPort === null || isPort(type.defaultPort), 'defaultPort must be 1..65535 or null');
  need(isTransports(type.transports), 'transports must list tcp, udp or both');
  need(typeof type.probe === 'function', 'probe must be a function');
  need(isCost(type.cost), 'cost needs packets and bytes');
  need(type.askedCost === undefined || isCost(type.askedCost), 'askedCost needs packets and bytes');
  need([undefined, true, false].includes(type.identifies), 'identifies must be true or false');
  need(['undefined', 'function'].includes(typeof type.introduce), 'introduce must be a function');
  need(type.account === undefined || isOffer(type.account), 'account needs label and explanation');
  need(typeof type.use === 'function', 'use must be a function');
  need(['undefined', 'function'].includes(typeof type.describe), 'describe must be a function');
  need((type.files ?? []).every(isFile), 'files need a plain name, a media type, a label and write');
  need(type.connect === undefined || isConnect(type.connect), 'connect needs label, done, suits and run');
  return [...problems, ...localProblems(type.local), ...metricProblems(type)];
}

function localProblems(local: Partial<LocalUnits> | undefined): string[] {
  if (local === undefined) return [];
  const { units, link, publishTxt, advice } = local ?? {};
  const problems: string[] = [];
  const need = (holds: boolean, what: string) => holds || problems.push(what);
  need(Array.isArray(units) && units.every(isUnit), 'units must name systemd .service units');
  need((units ?? []).every(isOpenable), 'opening needs label and text');
  need([undefined, true, false].includes(link), 'link must be true or false');
  need(publishTxt === undefined || isTexts(publishTxt), `publishTxt needs a text in ${LANGUAGES.join(', ')}`);
  need(advice === undefined || isTexts(advice), `advice needs a text in ${LANGUAGES.join(', ')}`);
  return problems;
}

function metricProblems({ metrics, scoredFrom }: Partial<ServiceType>): string[] {
  if (!Array.isArray(metrics)) return ['metrics must be a list'];
  if (scoredFrom === null) return metrics.length === 0 ? [] : ['metrics must be empty while scoredFrom is null'];
  if (typeof scoredFrom !== 'number') return ['scoredFrom must be a level or null'];
  const sum = metrics.reduce((total: number, metric: Metric) => total + metric.weight, 0);
  return [
    ...(Math.abs(sum - 1) < 1e-9 ? [] : [`weights sum to ${sum}, not 1`]),
    ...metrics.filter(({ weight }: Metric) => !(weight > 0)).map(({ id }: Metric) => `weight of ${id} must be above 0`),
    ...metrics
      .filter((metric: Metric) => !hasCurve(metric))
      .map(({ id }: Metric) => `curve of ${id} needs two different anchors, above 0 on a log scale`),
  ];
}

const hasCurve = ({ useless, excellent, scale }: Metric) =>
  useless !== excellent && (scale === 'linear' || (useless > 0 && excellent > 0));

const isWord = (word: unknown) => typeof word === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(word);

const isPattern = ({ scheme, port, word }: Partial<LinkPattern>) =>
  /^[a-z][a-z0-9+.-]*$/.test(scheme ?? '') && (port === undefined || isPort(port)) && word === word?.toLowerCase();

const isPort = (port: unknown) => Number.isInteger(port) && (port as number) > 0 && (port as number) < 65536;

const isTexts = (texts: unknown) =>
  typeof texts === 'object' &&
  texts !== null &&
  LANGUAGES.every((language) => (texts as Record<string, unknown>)[language]);

const isTransports = (list: unknown) =>
  Array.isArray(list) && list.length > 0 && list.every((transport) => transport === 'tcp' || transport === 'udp');

const isFile = (file: Partial<ServiceFile> | null) =>
  /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(file?.name ?? '') &&
  Boolean(file?.mediaType && isTexts(file.label)) &&
  (file?.hint === undefined || isTexts(file.hint)) &&
  (file?.keep === undefined || /^(?:\/[\w.-]+)+$/.test(file.keep.path)) &&
  typeof file?.write === 'function';

const isCost = (cost: Partial<Cost> | undefined) => (cost?.packets ?? 0) > 0 && (cost?.bytes ?? 0) > 0;

const isOffer = (offer: Partial<AccountOffer> | null) => isTexts(offer?.label) && isTexts(offer?.explanation);

const isConnect = ({ label, done, suits, run }: Partial<Connect>) =>
  isTexts(label) && isTexts(done) && typeof suits === 'function' && typeof run === 'function';

const isOpenable = (candidate: UnitCandidate | null) =>
  candidate?.opening === undefined || Boolean(isTexts(candidate.opening.label) && candidate.opening.text);

const isUnit = (candidate: UnitCandidate | null) => /^[A-Za-z0-9_.-]+@?\.service$/.test(candidate?.unit ?? '');
