/** `import`: guifi.net's devices and proxies as lines of the hand-kept list, on standard output. */
import { createReadStream } from 'node:fs';
import { readEntry } from '../../announcement/entry.js';
import { cleanText } from '../../lib/text.js';
import { PanelError } from '../../model/errors.js';
import type { ServiceRegistry } from '../../services/contract.js';
import { type Io, OK, printJson } from '../io.js';
import { type CnmlDevice, type CnmlService, readCnml } from './cnml.js';

/** Most lines of a list: as many providers as the panel lists. */
const LINES_CAP = 4_000;
/** Most devices whose names are remembered for the list of proxies. */
const NAMES_CAP = 100_000;

const NO_DEVICE = 'their name is no device of the same input: send the zone’s CNML first (cat zone.cnml proxies.csv)';

interface Entry {
  readonly s: string;
  readonly m: string;
  readonly i: string;
  readonly p: string;
  readonly d: string;
}

/**
 * Reads CNML, the proxies' CSV, or one after the other: names of proxies are those of devices, and never looked up.
 * @param file path, or `-` for standard input
 * @throws PanelError bad-config where the file cannot be read
 */
export async function importList(
  file: string,
  io: Io,
  services: ServiceRegistry,
  { json }: { readonly json: boolean },
): Promise<number> {
  const list = new List(services);
  const input = file === '-' ? io.stdin : createReadStream(file);
  input.setEncoding('utf8');
  try {
    await readCnml(input as AsyncIterable<string>, list);
  } catch (error) {
    const hint = 'Name a file that this user may read, or send it in: cloudy-services import - < FILE';
    throw new PanelError('bad-config', `${file} cannot be read: ${(error as Error).message}.`, hint);
  }
  const { entries, left } = list;
  if (json) printJson(io, { entries, leftOut: Object.fromEntries(left) });
  else for (const entry of entries) io.stdout.write(`${JSON.stringify(entry)}\n`);
  io.stderr.write(`${entries.length} services. Put these lines into the file of PROVIDERS_FILE.\n`);
  for (const [why, count] of left) io.stderr.write(`${count} left out: ${why}\n`);
  return OK;
}

class List {
  readonly #services: ServiceRegistry;
  readonly #entries = new Map<string, Entry>();
  readonly #addresses = new Map<string, string>();
  readonly left = new Map<string, number>();

  constructor(services: ServiceRegistry) {
    this.#services = services;
  }

  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  device({ title, address }: CnmlDevice): void {
    const key = title.trim().toLowerCase();
    if (key !== '' && address !== '' && this.#addresses.size < NAMES_CAP && !this.#addresses.has(key))
      this.#addresses.set(key, address);
  }

  service({ title, type, status, device }: CnmlService): void {
    if (status !== 'Working') this.#leave('they are not marked as working');
    else if (device === null || device.address === '') this.#leave('their device has no address');
    else {
      const id = this.#recognise(type);
      const port = id === null ? null : this.#services.of(id).defaultPort;
      this.#add(id ?? type.trim(), device, title, port);
    }
  }

  /** `nick;name;port`: a proxy that works. */
  line(line: string): void {
    const [nick = '', name = '', port = '', ...more] = line.split(';').map((part) => part.trim());
    const isRow = more.length === 0 && /^\d{1,5}$/.test(port);
    const address = this.#addresses.get(nick.toLowerCase()) ?? this.#addresses.get(name.toLowerCase());
    const id = this.#recognise('proxy');
    if (!isRow || id === null) this.#leave('they are neither CNML nor nick;name;port');
    else if (address === undefined) this.#leave(NO_DEVICE);
    else this.#add(id, { title: nick, address }, name, Number(port));
  }

  #recognise(word: string): string | null {
    return this.#services.recognise({ scheme: 'guifi', port: null, words: [word.trim().toLowerCase()] });
  }

  /** A line of the proxies knows the port better than the device does: the later one stays. */
  #add(s: string, { title, address }: CnmlDevice, name: string, port: number | null): void {
    const entry = { s, m: cleanText(title), i: address, p: port === null ? '' : String(port), d: cleanText(name) };
    const problem = readEntry(entry);
    const key = `${s}|${address}`;
    if (typeof problem === 'string') this.#leave(PROBLEMS[problem]);
    else if (this.#entries.size >= LINES_CAP && !this.#entries.has(key)) this.#leave(`there are over ${LINES_CAP}`);
    else this.#entries.set(key, entry);
  }

  #leave(why: string): void {
    this.left.set(why, (this.left.get(why) ?? 0) + 1);
  }
}

const PROBLEMS = {
  'bad-entry': 'they cannot be written as an entry',
  'bad-type': 'their type cannot be written as one word',
  'bad-address': 'their address is none',
  'bad-port': 'their port is none',
};
