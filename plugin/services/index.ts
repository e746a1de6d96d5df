/**
 * The contract of a service type, and the loader that reads this folder and refuses what breaks it.
 * A type is one file here, named for its wire word; no other file names it.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Language } from '../config.js';
import { LANGUAGES } from '../config.js';
import { PanelError } from '../errors.js';
import { SERVICES_DIR } from '../paths.js';
import type { Prober } from '../probe/index.js';
import type { Level } from '../probe/levels.js';
import type { Metric } from '../probe/metrics.js';
import type { Provider } from '../provider.js';

/** A text of the type's own, in every language of the panel. */
export type Texts = Readonly<Record<Language, string>>;

/** A systemd unit that may provide the type on this node, and the Debian package that brings it. */
export interface UnitCandidate {
  /** `named.service`, or a template such as `syncthing@.service` whose instances all count. */
  readonly unit: string;
  /** What a template's instance is: the user it runs as, or a mere name. */
  readonly instance?: 'user' | 'name';
  /** Debian package to install; null where Debian has none. */
  readonly package: string | null;
  /** Where the package has it listen on loopback only: what opens it to neighbours. */
  readonly opening?: Opening;
}

/** Lines for a program's own configuration. */
export interface Opening {
  /** Where they belong, and what to do then. */
  readonly label: Texts;
  readonly text: string;
}

export interface Cost {
  readonly packets: number;
  readonly bytes: number;
}

/** One thing that a person does to use a provider. */
export type UseStep =
  | { readonly kind: 'link'; readonly label: Texts; readonly url: string }
  | { readonly kind: 'copy'; readonly label: Texts; readonly text: string }
  | { readonly kind: 'qr'; readonly label: Texts; readonly text: string }
  | { readonly kind: 'note'; readonly label: Texts };

/** A file that the panel makes for programs. */
export interface ServiceFile {
  /** Letters, digits, `.` and `-`. */
  readonly name: string;
  readonly mediaType: string;
  readonly label: Texts;
  /** Where a program takes its address. */
  readonly hint?: Texts;
  /** @param best the providers worth using, best first; may be empty */
  write(best: readonly Provider[]): string;
}

/** What connecting may use of this node; made by the panel. */
export interface ConnectTools {
  /**
   * Joins the community through these addresses (`ip:port`) by this node's running Serf agent.
   * @returns how many of them answered
   * @throws PanelError serf-away, serf-refused; connect-failed when none answered
   */
  joinSerf(addresses: readonly string[]): Promise<number>;
  /**
   * Where this node's own Syncthing takes orders: the address of its REST interface, always on loopback, and its key;
   * null where none is set up.
   * @throws PanelError connect-failed with what is wrong with the one that was found
   */
  localSyncthing(): Promise<{ readonly url: string; readonly apiKey: string } | null>;
}

/** What one click does for a person who has chosen a provider: a program of this node is told to use it. */
export interface Connect {
  /** Text of the button. */
  readonly label: Texts;
  /** What has come of it, and what is left to do. */
  readonly done: Texts;
  /** Whether the announcement says all that is needed. */
  suits(provider: Provider): boolean;
  /** Doing it twice changes nothing more. @throws PanelError connect-failed and those of the tools */
  run(provider: Provider, tools: ConnectTools, signal: AbortSignal): Promise<void>;
}

/** That a person may offer an account for one scan of one provider: it goes to that provider only, and is forgotten. */
interface AccountOffer {
  readonly label: Texts;
  /** What it is for, and who will see it. */
  readonly explanation: Texts;
}

export interface ServiceType {
  /** Wire word = file name. */
  readonly id: string;
  readonly title: Texts;
  /** One sentence: what a neighbour gets from it. */
  readonly summary: Texts;
  /** SVG path data on a 24×24 grid. */
  readonly icon: string;
  /** null where every provider chooses its own. */
  readonly defaultPort: number | null;
  readonly transports: readonly ('tcp' | 'udp')[];
  /** In order of preference. */
  readonly units: readonly UnitCandidate[];
  readonly probe: Prober;
  /** Where a probe is a cryptographic handshake to check an identity: one that nobody asked for comes every 6 h at most. */
  readonly identifies?: boolean;
  /**
   * What this node's own configuration says about the provider, for the probe (`target.own`) and for `use`; empty where it
   * says nothing. Reads files, so it is called outside of what is timed.
   */
  introduce?(provider: Provider): Promise<ReadonlyMap<string, string>>;
  readonly account?: AccountOffer;
  /** What one probe costs at most, IP headers included: shown before a scan, held against the daily budget. */
  readonly cost: Cost;
  /** What it costs on top where a person asked for it, or offered the account where the type takes one. */
  readonly askedCost?: Cost;
  /** Lowest level that earns a score; null while the probe proves too little to judge (then no provider has a score). */
  readonly scoredFrom: Level | null;
  /** Weights sum to 1. Empty only when `scoredFrom` is null. */
  readonly metrics: readonly Metric[];
  /**
   * How a person uses the provider.
   * @param best the providers worth using, best first, for steps that name a second one
   * @param own what `introduce` found, where it may be shown
   */
  use(provider: Provider, best?: readonly Provider[], own?: ReadonlyMap<string, string>): readonly UseStep[];
  /** Files for programs, made from the ranked list (a proxy auto-configuration): served at `/services/<type>/files/<name>`. */
  readonly files?: readonly ServiceFile[];
  readonly connect?: Connect;
  /** Its unit carries a network: stopping it may cut the way by which the person at the browser came. */
  readonly link?: boolean;
  /** Which attributes (`name=value`) neighbours need, asked for where this node's own service is announced. */
  readonly publishTxt?: Texts;
  /** `when-announced`: known, but none of the nine; shown among the other services once somebody announces it. */
  readonly listed?: 'always' | 'when-announced';
  /** What the announcement's own attributes say, as label and value, for the provider page. */
  describe(txt: ReadonlyMap<string, string>): readonly { readonly label: Texts; readonly value: string }[];
}

export interface ServiceRegistry {
  /** The built-in types, in the order of Cloudy's search page. */
  readonly types: readonly ServiceType[];
  /** The type of that wire word, built in or not; `other` for every unknown word. */
  of(word: string): ServiceType;
  /** Whether the word is one of the built-in types. */
  has(word: string): boolean;
}

/** The file that serves every unknown wire word. */
const FALLBACK = 'other';

/**
 * Reads every file of the folder as a service type.
 * @throws PanelError `bad-service-type` naming the file and everything that is wrong with it.
 */
export async function loadServices(folder: string = SERVICES_DIR): Promise<ServiceRegistry> {
  const files = (await readdir(folder)).filter(
    (name) => /^[^.]+\.(ts|js|mjs)$/.test(name) && !name.startsWith('index.'),
  );
  const loaded = await Promise.all(files.sort().map((name) => loadType(join(folder, name))));
  const fallback = loaded.find((type) => type.id === FALLBACK);
  if (!fallback) throw badType(join(folder, FALLBACK), ['the file for unknown types is missing']);
  const known = loaded.filter((type) => type !== fallback);
  const byWord = new Map(known.map((type) => [type.id, type]));
  return {
    types: known.filter(isBuiltin),
    of: (word) => byWord.get(word) ?? fallback,
    has: (word) => isBuiltin(byWord.get(word)),
  };
}

const isBuiltin = (type: ServiceType | undefined) => type !== undefined && type.listed !== 'when-announced';

async function loadType(file: string): Promise<ServiceType> {
  const module = await importType(file);
  const problems = problemsOf(module.default, basename(file).replace(/\.[^.]+$/, ''));
  if (problems.length > 0) throw badType(file, problems);
  return Object.freeze(module.default) as ServiceType;
}

async function importType(file: string): Promise<{ default?: unknown }> {
  try {
    return await import(/* @vite-ignore */ pathToFileURL(file).href);
  } catch (error) {
    throw badType(file, [`it cannot be loaded: ${(error as Error).message}`]);
  }
}

function badType(file: string, problems: readonly string[]): PanelError {
  return new PanelError(
    'bad-service-type',
    `${file}: ${problems.join('; ')}.`,
    'Correct the file; the panel does not start with a broken type.',
  );
}

/** Everything that is wrong with a candidate type; empty when it satisfies the contract. */
function problemsOf(candidate: unknown, fileName: string): string[] {
  if (typeof candidate !== 'object' || candidate === null) return ['it has no default export'];
  const type = candidate as Partial<ServiceType>;
  const problems: string[] = [];
  const need = (holds: boolean, what: string) => holds || problems.push(what);
  need(type.id === fileName, `id must equal the file name "${fileName}"`);
  need(isTexts(type.title), `title needs a text in ${LANGUAGES.join(', ')}`);
  need(isTexts(type.summary), `summary needs a text in ${LANGUAGES.join(', ')}`);
  need(/^[MmLlHhVvCcSsQqTtAaZz0-9 .,-]+$/.test(type.icon ?? ''), 'icon must be SVG path data');
  need(type.defaultPort === null || isPort(type.defaultPort), 'defaultPort must be 1..65535 or null');
  need(isTransports(type.transports), 'transports must list tcp, udp or both');
  need(Array.isArray(type.units) && type.units.every(isUnit), 'units must name systemd .service units');
  need((type.units ?? []).every(isOpenable), 'opening needs label and text');
  need(typeof type.probe === 'function', 'probe must be a function');
  need(isCost(type.cost), 'cost needs packets and bytes');
  need(type.askedCost === undefined || isCost(type.askedCost), 'askedCost needs packets and bytes');
  need([undefined, true, false].includes(type.identifies), 'identifies must be true or false');
  need(['undefined', 'function'].includes(typeof type.introduce), 'introduce must be a function');
  need(type.account === undefined || isOffer(type.account), 'account needs label and explanation');
  need([undefined, true, false].includes(type.link), 'link must be true or false');
  need(type.publishTxt === undefined || isTexts(type.publishTxt), `publishTxt needs a text in ${LANGUAGES.join(', ')}`);
  need(typeof type.use === 'function', 'use must be a function');
  need(typeof type.describe === 'function', 'describe must be a function');
  need((type.files ?? []).every(isFile), 'files need a plain name, a media type, a label and write');
  need(type.connect === undefined || isConnect(type.connect), 'connect needs label, done, suits and run');
  return [...problems, ...metricProblems(type)];
}

function metricProblems({ metrics, scoredFrom }: Partial<ServiceType>): string[] {
  if (!Array.isArray(metrics)) return ['metrics must be a list'];
  if (scoredFrom === null) return metrics.length === 0 ? [] : ['metrics must be empty while scoredFrom is null'];
  if (typeof scoredFrom !== 'number') return ['scoredFrom must be a level or null'];
  const sum = metrics.reduce((total: number, metric: Metric) => total + metric.weight, 0);
  return [
    ...(Math.abs(sum - 1) < 1e-9 ? [] : [`weights sum to ${sum}, not 1`]),
    ...metrics.filter((one: Metric) => !(one.weight > 0)).map((one: Metric) => `weight of ${one.id} must be above 0`),
    ...metrics
      .filter((one: Metric) => !hasCurve(one))
      .map((one: Metric) => `curve of ${one.id} needs two different anchors, above 0 on a log scale`),
  ];
}

const hasCurve = ({ useless, excellent, scale }: Metric) =>
  useless !== excellent && (scale === 'linear' || (useless > 0 && excellent > 0));
const isPort = (port: unknown) => Number.isInteger(port) && (port as number) > 0 && (port as number) < 65536;
const isTexts = (texts: unknown) =>
  typeof texts === 'object' && texts !== null && LANGUAGES.every((one) => (texts as Record<string, unknown>)[one]);
const isTransports = (list: unknown) =>
  Array.isArray(list) && list.length > 0 && list.every((one) => one === 'tcp' || one === 'udp');
const isFile = (file: Partial<ServiceFile> | null) =>
  /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(file?.name ?? '') &&
  Boolean(file?.mediaType && isTexts(file.label)) &&
  (file?.hint === undefined || isTexts(file.hint)) &&
  typeof file?.write === 'function';
const isCost = (cost: Partial<Cost> | undefined) => (cost?.packets ?? 0) > 0 && (cost?.bytes ?? 0) > 0;
const isOffer = (offer: Partial<AccountOffer> | null) => isTexts(offer?.label) && isTexts(offer?.explanation);
const isConnect = ({ label, done, suits, run }: Partial<Connect>) =>
  isTexts(label) && isTexts(done) && typeof suits === 'function' && typeof run === 'function';
const isOpenable = (one: UnitCandidate | null) =>
  one?.opening === undefined || Boolean(isTexts(one.opening.label) && one.opening.text);
const isUnit = (one: UnitCandidate | null) => /^[A-Za-z0-9_.-]+@?\.service$/.test(one?.unit ?? '');
