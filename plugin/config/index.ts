/** Every option of the panel: its type, unit, default and check. One frozen object; a bad value stops the start, named. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { nearest } from '../lib/nearest.js';
import { PanelError } from '../model/errors.js';
import type { Language } from '../model/language.js';
import { LANGUAGES } from '../model/language.js';
import {
  basePath,
  DEMO_NAMES,
  type DemoName,
  file,
  folder,
  hostPort,
  hosts,
  integer,
  isJoinAddress,
  joinAddress,
  node,
  oneOf,
  onOff,
  optional,
  type Parse,
  peers,
  proxies,
  publicAddress,
  type Routing,
  ranges,
  routing,
  SHARE_PORT,
  text,
  webAddress,
} from './values.js';

export interface Config {
  /** TCP address the daemon listens on; null = none (Unix socket only). */
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** Path of the Unix socket; null = none. */
  readonly socket: string | null;
  /** Path that every link starts with; begins and ends with `/`. */
  readonly basePath: string;
  /** Further names under which the panel is reached, in lower case and without port. */
  readonly hosts: readonly string[];
  /** Ranges of the proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxy: readonly string[];
  /** Folder of the database. */
  readonly dataDir: string;
  /** Address of the local Serf agent's RPC; assumed where neither the owner nor Cloudy names one. */
  readonly serfRpc: { readonly host: string; readonly port: number; readonly isAssumed?: true };
  readonly serfAuthKey: string | null;
  /** A node through which this one joins its community, as Serf takes it; null = none known. */
  readonly serfJoin: string | null;
  readonly avahi: 'auto' | 'on' | 'off';
  /** The owner's own list of providers; null = none. */
  readonly providersFile: string | null;
  /** A node of an AREDN mesh, as a host, perhaps with a port; `auto` = this machine's router, if it is one; null = none. */
  readonly arednNode: string | null;
  /** Where olsrd writes the services and hosts that it has heard: a path, `auto` = where a system keeps them, or `off`. */
  readonly olsrServicesFile: string;
  readonly olsrHostsFile: string;
  /** A router's file of services over HTTP; null = none. */
  readonly olsrUrl: string | null;
  /** The routing daemon whose view of the ways is read: `auto` = one that answers on this machine, if there is one. */
  readonly routing: Routing;
  /** Ranges that may be probed; null = private ranges, and loopback only when the local agent itself gossips there. */
  readonly communityRanges: readonly string[] | null;
  /** Probes in flight at once. */
  readonly scanConcurrency: number;
  /** Bytes that all probes together may use in 24 hours. */
  readonly scanBytesPerDay: number;
  readonly backgroundScan: boolean;
  /** Whether neighbours' panels and this one tell each other what they have measured, until the owner turns it on or off. */
  readonly share: boolean;
  /** Where it tells them. */
  readonly shareListen: { readonly host: string; readonly port: number };
  /** Panels to ask beside those that Serf tells of; literal addresses. */
  readonly peers: readonly { readonly host: string; readonly port: number }[];
  /** Whether a visitor without a login may read lists and scores. */
  readonly publicRead: boolean;
  readonly metricsToken: string | null;
  /** Where alerts are sent, secret included; null = nowhere. */
  readonly notifyUrl: string | null;
  readonly notifyKind: 'webhook' | 'ntfy';
  /** Consecutive failures before an alert. */
  readonly notifyAfter: number;
  readonly language: Language;
  /** `new`: on, and without a made-up past; a name: on, and looking like that network. */
  readonly demo: 'auto' | 'on' | 'new' | 'off' | DemoName;
}

export { DEMO_NAMES, type DemoName, type Routing };

/** The configuration of this program and of Cloudy's Serf publisher, where the distribution keeps them. */
export const CONFIG_FILE = '/etc/cloudy-services.conf';
const SERF_CONFIG_FILE = '/etc/avahi-ps-serf.conf';
/** Where `serf` itself looks for the agent. */
export const SERF_RPC = '127.0.0.1:7373';
const ENV_PREFIX = 'CLOUDY_SERVICES_';

interface Option<T> {
  readonly key: string;
  readonly parse: Parse<T>;
  readonly fallback: Fallback;
}
/** A text, or a function that finds it, perhaps in Cloudy's file. */
type Fallback = string | ((serfFile: string) => string);
const option = <T>(key: string, parse: Parse<T>, fallback: Fallback): Option<T> => ({
  key,
  parse,
  fallback,
});

const OPTIONS: { readonly [name in keyof Config]: Option<Config[name]> } = {
  listen: option('LISTEN', optional(hostPort), '127.0.0.1:7001'),
  socket: option('SOCKET', optional(text), ''),
  basePath: option('BASE_PATH', basePath, '/'),
  hosts: option('HOSTS', hosts, ''),
  trustedProxy: option('TRUSTED_PROXY', proxies, ''),
  dataDir: option('DATA_DIR', folder, defaultDataDir),
  serfRpc: option('SERF_RPC', serfRpc, (serfFile) => cloudySerf(serfFile, 'SERF_RPC_ADDR') || 'auto'),
  serfAuthKey: option('SERF_AUTH_KEY', optional(text), ''),
  serfJoin: option('SERF_JOIN', optional(joinAddress), (serfFile) => {
    // Cloudy's file is not ours to complain about.
    const address = cloudySerf(serfFile, 'SERF_JOIN');
    return isJoinAddress(address) ? address : '';
  }),
  avahi: option('AVAHI', oneOf('auto', 'on', 'off'), 'auto'),
  providersFile: option('PROVIDERS_FILE', optional(text), ''),
  arednNode: option('AREDN_NODE', optional(node), ''),
  olsrServicesFile: option('OLSR_SERVICES_FILE', file, 'auto'),
  olsrHostsFile: option('OLSR_HOSTS_FILE', file, 'auto'),
  olsrUrl: option('OLSR_URL', optional(publicAddress), ''),
  routing: option('ROUTING', routing, 'auto'),
  communityRanges: option('COMMUNITY_RANGES', ranges, 'auto'),
  scanConcurrency: option('SCAN_CONCURRENCY', integer(1, 16), '3'),
  // 1 kbit/s on average: 0.1 % of a 1 Mbit/s link.
  scanBytesPerDay: option('SCAN_BYTES_PER_DAY', integer(0, 10_000_000_000), '10800000'),
  backgroundScan: option('BACKGROUND_SCAN', onOff, 'off'),
  share: option('SHARE', onOff, 'off'),
  shareListen: option('SHARE_LISTEN', hostPort, `0.0.0.0:${SHARE_PORT}`),
  peers: option('PEERS', peers, ''),
  publicRead: option('PUBLIC_READ', onOff, 'on'),
  metricsToken: option('METRICS_TOKEN', optional(text), ''),
  notifyUrl: option('NOTIFY_URL', optional(webAddress), ''),
  notifyKind: option('NOTIFY_KIND', oneOf('webhook', 'ntfy'), 'webhook'),
  notifyAfter: option('NOTIFY_AFTER', integer(1, 100), '3'),
  language: option('LANGUAGE', oneOf(...LANGUAGES), 'ca'),
  demo: option('DEMO', oneOf('auto', 'on', 'new', 'off', ...DEMO_NAMES), 'auto'),
};

const KEYS = Object.values(OPTIONS).map(({ key }) => key);

/** `auto`: where `serf` itself looks, if there is one. */
function serfRpc(value: string): Config['serfRpc'] {
  return value === 'auto' ? { ...hostPort(SERF_RPC), isAssumed: true } : hostPort(value);
}

/** Their values must reach neither a log nor a screen. */
const SECRETS = ['SERF_AUTH_KEY', 'METRICS_TOKEN', 'NOTIFY_URL', 'AREDN_NODE', 'OLSR_URL'];

/**
 * Reads the file, then the environment, which wins.
 * @throws PanelError `bad-config` that names the key, where it came from and what would be valid.
 */
export function loadConfig({
  env = process.env,
  file = CONFIG_FILE,
  serfFile = SERF_CONFIG_FILE,
}: {
  env?: Readonly<NodeJS.ProcessEnv>;
  file?: string;
  serfFile?: string;
} = {}): Config {
  const given = new Map<string, { value: string; from: string }>();
  for (const [key, value] of readAssignments(file)) {
    assertKnown(key, file);
    given.set(key, { value, from: file });
  }
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(ENV_PREFIX) || value === undefined) continue;
    const key = name.slice(ENV_PREFIX.length);
    assertKnown(key, 'the environment', ENV_PREFIX);
    given.set(key, { value, from: `the environment (${name})` });
  }
  const entries = Object.entries(OPTIONS).map(([name, option]) => [
    name,
    parseOption(option, given.get(option.key), serfFile),
  ]);
  return Object.freeze(Object.fromEntries(entries)) as Config;
}

function parseOption(
  { key, parse, fallback }: Option<unknown>,
  given: { value: string; from: string } | undefined,
  serfFile: string,
): unknown {
  const value = given?.value ?? (typeof fallback === 'function' ? fallback(serfFile) : fallback);
  try {
    return parse(value);
  } catch (error) {
    const from = given?.from ?? 'its default';
    throw new PanelError(
      'bad-config',
      `${SECRETS.includes(key) ? key : `${key}=${value}`} is not valid: ${(error as Error).message}.`,
      `Correct ${key} in ${from} and start again.`,
    );
  }
}

function assertKnown(key: string, from: string, prefix = ''): void {
  if (KEYS.includes(key)) return;
  const near = nearest(key, KEYS);
  const hint = near
    ? `Did you mean ${prefix}${near}?`
    : `The options are: ${KEYS.map((option) => prefix + option).join(', ')}.`;
  throw new PanelError('bad-config', `${prefix}${key} in ${from} is not an option.`, hint);
}

/** `KEY=value` lines of an EnvironmentFile or of Cloudy's shell-style files; an absent file has none. */
function readAssignments(file: string): [string, string][] {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    // It may hold secrets: the hint must not be to open it to everybody.
    const hint = code === 'EACCES' ? 'Run it with sudo.' : `Put a file of KEY=value lines at ${file}.`;
    throw new PanelError('bad-config', `${file} cannot be read: ${message}.`, hint);
  }
  return content.split('\n').flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(trimmed);
    if (!match) {
      throw new PanelError('bad-config', `${file}, line ${index + 1} is not KEY=value.`, 'Correct or remove the line.');
    }
    return [[match[1] as string, (match[2] as string).trim().replace(/^(["'])(.*)\1$/, '$2')] as [string, string]];
  });
}

/** What Cloudy's own file says about the agent; empty where it says nothing or cannot be parsed. */
function cloudySerf(file: string, key: string): string {
  try {
    return new Map(readAssignments(file)).get(key) ?? '';
  } catch {
    return '';
  }
}

/** The system's folder where the package created it, else the user's own state folder (XDG Base Directory). */
function defaultDataDir(): string {
  const system = '/var/lib/cloudy-services';
  try {
    accessSync(system, constants.W_OK);
    return system;
  } catch {
    return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'cloudy-services');
  }
}
