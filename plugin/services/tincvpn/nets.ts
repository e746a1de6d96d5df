/** What this node's own tinc knows: its networks, its name in each, and where the other members are. https://tinc-vpn.org/documentation/ */
import { open, readdir } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import type { Provider } from '../../model/provider.js';

/** Debian's. */
const FOLDER = '/etc/tinc';
/** Characters of a name. */
export const TINC_NAME = /^[A-Za-z0-9_]{1,100}$/;
/** Most that is read of a file, bytes: a key of 8192 bits takes 1.5 kB. */
const FILE_CAP = 16 * 1024;
/** How long the files are cached, ms: a scan asks for one provider after the other. */
const GOOD_FOR_MS = 5_000;

interface Place {
  readonly address: string;
  /** null where the file names none. */
  readonly port: number | null;
}

interface Net {
  readonly net: string;
  /** This node's name in it. */
  readonly name: string;
  /** This node's own host file, ready to be handed out; null where it cannot be read or holds a private key. */
  readonly file: string | null;
  readonly peers: readonly { readonly name: string; readonly places: readonly Place[] }[];
}

const cache = new Map<string, { readonly until: number; readonly nets: Promise<readonly Net[]> }>();

/**
 * How this node and the provider know each other: `net`, this node's `name` there and, where it may be handed out, its own
 * host file as `file`; `peer` where a host file gives the provider's address. Without such a file, `net`, `name` and `file`
 * of the only network there is; empty where that is not clear or nothing can be read.
 */
export async function tincIntroduction(
  provider: Pick<Provider, 'address' | 'port'>,
  folder: string = FOLDER,
): Promise<ReadonlyMap<string, string>> {
  const nets = await cachedNets(folder);
  const [met] = nets.flatMap((net) =>
    net.peers.filter(({ places }) => places.some((place) => isAt(place, provider))).map(({ name }) => ({ net, name })),
  );
  const net = met?.net ?? (nets.length === 1 ? nets[0] : undefined);
  if (net === undefined) return new Map();
  return new Map([
    ['net', net.net],
    ['name', net.name],
    ...(met ? [['peer', met.name] as const] : []),
    ...(net.file === null ? [] : [['file', net.file] as const]),
  ]);
}

/** A port that the file leaves out may be any. */
function isAt(place: Place, { address, port }: Pick<Provider, 'address' | 'port'>): boolean {
  const family = isIP(place.address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(place.address) === 0 || isIP(place.address) !== isIP(address)) return false;
  const same = new BlockList();
  same.addAddress(address, family);
  return same.check(place.address, family) && (place.port === null || place.port === port);
}

function cachedNets(folder: string): Promise<readonly Net[]> {
  const known = cache.get(folder);
  if (known && performance.now() < known.until) return known.nets;
  const nets = readNets(folder);
  cache.set(folder, { until: performance.now() + GOOD_FOR_MS, nets });
  return nets;
}

async function readNets(folder: string): Promise<readonly Net[]> {
  const names = (await namesIn(folder)).sort();
  return (await Promise.all(names.map((net) => readNet(folder, net)))).filter((net) => net !== null);
}

async function readNet(folder: string, net: string): Promise<Net | null> {
  // A name that stands for the machine's (`$HOST`) is not one that tinc has been given: it would have to be guessed.
  const name = readValues('Name', (await readText(join(folder, net, 'tinc.conf'))) ?? '')[0] ?? '';
  if (!TINC_NAME.test(name)) return null;
  const hosts = join(folder, net, 'hosts');
  const peers: { name: string; places: Place[] }[] = [];
  let file: string | null = null;
  for (const host of (await namesIn(hosts)).filter((file) => TINC_NAME.test(file)).sort()) {
    const text = await readText(join(hosts, host));
    if (text !== null && host !== name) peers.push({ name: host, places: readPlaces(text) });
    if (text !== null && host === name && !/private\s*key/i.test(text)) file = text;
  }
  return { net, name, file, peers };
}

/** Each `Address`, with its own port or else that of the file's `Port`. */
function readPlaces(text: string): Place[] {
  const [common] = readValues('Port', text);
  return readValues('Address', text).map((value) => {
    const [address = '', own = common] = value.split(/\s+/);
    return { address, port: own === undefined ? null : Number(own) };
  });
}

/** What stands behind the option, however often: `Option = value`, in any case, the sign left out or not. */
function readValues(option: string, text: string): string[] {
  const line = new RegExp(`^[ \\t]*${option}(?:[ \\t]*=[ \\t]*|[ \\t]+)(\\S.*)$`, 'gim');
  return [...text.matchAll(line)].map(([, value = '']) => value.trim());
}

async function namesIn(folder: string): Promise<string[]> {
  return (await ifReadable(readdir(folder))) ?? [];
}

async function readText(file: string): Promise<string | null> {
  const handle = await ifReadable(open(file));
  if (handle === null) return null;
  try {
    const read = await ifReadable(handle.read(Buffer.alloc(FILE_CAP), 0, FILE_CAP, 0));
    return read?.buffer.toString('utf8', 0, read.bytesRead) ?? null;
  } finally {
    await handle.close();
  }
}

/** null for what does not exist, may not be read, or is not a file. */
async function ifReadable<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
