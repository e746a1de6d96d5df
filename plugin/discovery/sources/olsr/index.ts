/**
 * What olsrd's nameservice plugin has heard (Freifunk, Opennet, FunkFeuer, Ninux): a file of services beside one of hosts, or
 * a router's file of services over HTTP. Grammar: https://github.com/OLSR/olsrd/tree/master/lib/nameservice
 */
import { existsSync, unwatchFile, watchFile } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { publicText } from '../../../announcement/secrets.js';
import type { SkippedRow } from '../../../announcement/skipped.js';
import type { Config } from '../../../config/index.js';
import { canonicalAddress } from '../../../lib/address.js';
import type { Machine } from '../../machine.js';
import { download } from '../../polled/download.js';
import { type Found, PolledSource, type Reading } from '../../polled/index.js';
import { announceLink, type LinkContext } from '../../polled/link.js';
import type { Detected, SourceContext, SourceType } from '../../source.js';

const EVERY_MS = 5 * 60_000;
/** olsrd rewrites its files at most as often, ms. */
const LOOK_MS = 5_000;
const SIZE_CAP = 2 * 1024 * 1024;

/** Where the systems that run olsrd keep them; the first that exists counts. */
const SERVICE_FILES = ['/var/run/services_olsr', '/var/etc/services.olsr', '/tmp/etc/services.olsr'];
const HOST_FILES = ['/var/run/hosts_olsr', '/tmp/hosts/olsr', '/var/etc/hosts.olsr'];

/** What every file of hosts has for the machine itself (`localhost`, and Debian's `127.0.1.1`). */
const THIS_MACHINE = /^127\.0\./;

/** Names as the file of hosts has them. */
class Names {
  readonly #addresses = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** @param text lines `address, name, # who announces it` */
  constructor(text: string) {
    for (const line of text.split('\n')) {
      const [first = '', name = ''] = line.replace(/#.*/, '').trim().split(/\s+/);
      const address = canonicalAddress(first);
      if (address === null || name === '' || THIS_MACHINE.test(address)) continue;
      const key = name.toLowerCase();
      if (!this.#addresses.has(key)) this.#addresses.set(key, address);
      if (!this.#names.has(address)) this.#names.set(address, publicText(name));
    }
  }

  address(name: string): string | null {
    return this.#addresses.get(name.toLowerCase()) ?? null;
  }

  name(address: string): string | null {
    return this.#names.get(address) ?? null;
  }
}

/** `link|transport|text`, then the announcing node, or a remark where that is this one. */
const LINE = /^([^|\s]+)\|(tcp|udp)\|([^|\p{Cc}]+?)[ \t]*\t[ \t]*#[ \t]*(.*)$/u;

/** @param services the file of services; @param hosts that of hosts, empty where there is none */
export function readServices(
  services: string,
  hosts: string,
  { recognise, now }: Pick<SourceContext, 'recognise' | 'now'>,
): Reading {
  const names = new Names(hosts);
  const context: LinkContext = { recognise, addressOf: (name) => names.address(name) };
  const found: Found[] = [];
  const skipped: SkippedRow[] = [];
  for (const line of services.split(/\r?\n/)) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, link = '', transport = '', text = '', remark = ''] = LINE.exec(line) ?? [];
    const origin = canonicalAddress(remark.trim());
    const node = origin && (names.name(origin) ?? origin);
    const service =
      link === '' ? 'bad-entry' : announceLink({ link, node: node ?? '', ...readText(text, transport) }, context);
    if (typeof service === 'string') skipped.push({ node, type: null, reason: service, heardAt: now() });
    else {
      const announcement =
        node === null ? { ...service, node: names.name(service.address) ?? service.address } : service;
      found.push({ announcement, announcer: `olsr ${origin ?? 'here'}` });
    }
  }
  return { found, skipped };
}

/** Opennet's text is a word for the type, then figures that the node declares: `gw upload:293 download:11786`. */
function readText(text: string, transport: string) {
  const [word = '', ...pairs] = text.split(/\s+/);
  const isTyped = /^[a-z]{2,16}$/.test(word) && pairs.every((pair) => /^[\w-]{1,32}:[^\s:@]{1,64}$/.test(pair));
  if (!isTyped) return { name: text, txt: [['transport', transport]] as [string, string][] };
  const declared = pairs.slice(0, 16).map((pair) => pair.split(':') as [string, string]);
  return {
    name: word,
    words: [word],
    txt: [['transport', transport] as [string, string], ...declared.filter(isOfNode)],
  };
}

/** What means something to the panel is not the node's to say. */
const isOfNode = ([name]: readonly [string, string]) => !/^(path|scheme|probe)$/i.test(name);

/** Old systems write single bytes that are no UTF-8. */
const decoder = new TextDecoder();

async function readBytes(file: string): Promise<string> {
  if ((await stat(file)).size > SIZE_CAP) throw new Error(`${file} is larger than 2 MiB`);
  return decoder.decode(await readFile(file));
}

interface Files {
  readonly services: string | null;
  readonly hosts: string | null;
}

/** The files of the settings, or where a system keeps them. */
function findFiles({ olsrServicesFile: services, olsrHostsFile: hosts }: Config): Files {
  const find = (setting: string, usual: readonly string[]) =>
    setting === 'auto' ? (usual.find((path) => existsSync(path)) ?? null) : setting === 'off' ? null : setting;
  return { services: find(services, SERVICE_FILES), hosts: find(hosts, HOST_FILES) };
}

/** Beside olsrd where no file of services is found, and where there is one that is not to be read. */
async function detect({ olsrServicesFile }: Config, machine: Machine): Promise<Detected | null> {
  const file = SERVICE_FILES.find((path) => machine.exists(path));
  if (file !== undefined && olsrServicesFile === 'off') return { text: isUnread(file), hint: SET_AUTO };
  return machine.runs('olsrd') ? WITHOUT_FILE : null;
}

const isUnread = (file: string): Detected['text'] => ({
  ca: `OLSR: hi ha ${file}, que no es llegeix`,
  es: `OLSR: hay ${file}, que no se lee`,
  en: `OLSR: there is ${file}, which is not read`,
  de: `OLSR: Es gibt ${file}, das nicht gelesen wird`,
});
const SET_AUTO: Detected['hint'] = {
  ca: 'Poseu OLSR_SERVICES_FILE=auto',
  es: 'Ponga OLSR_SERVICES_FILE=auto',
  en: 'Set OLSR_SERVICES_FILE=auto',
  de: 'Setze OLSR_SERVICES_FILE=auto',
};
const WITHOUT_FILE: Detected = {
  text: {
    ca: 'OLSR: olsrd funciona aquí, i no escriu cap fitxer de serveis als llocs habituals',
    es: 'OLSR: olsrd funciona aquí, y no escribe ningún fichero de servicios en los lugares habituales',
    en: 'OLSR: olsrd runs here, and writes no file of services to the usual places',
    de: 'OLSR: olsrd läuft hier und schreibt keine Datei mit Diensten an die üblichen Stellen',
  },
  hint: {
    ca: 'Activeu-ne el connector nameservice, o poseu OLSR_SERVICES_FILE amb el fitxer que escriu',
    es: 'Active su plugin nameservice, o ponga en OLSR_SERVICES_FILE el fichero que escribe',
    en: 'Turn on its nameservice plugin, or set OLSR_SERVICES_FILE to the file that it writes',
    de: 'Schalte sein Plugin nameservice ein, oder setze OLSR_SERVICES_FILE auf die Datei, die es schreibt',
  },
};

/** @param lookMs how often to look whether a file has changed */
export function openOlsr(files: Files, url: string | null, context: SourceContext, lookMs = LOOK_MS): PolledSource {
  const read = async (signal: AbortSignal) => {
    const lists = await Promise.all([
      files.services === null ? '' : readBytes(files.services),
      url === null ? '' : download(new URL(url), signal).then((body) => decoder.decode(body)),
    ]);
    // Without it only the services at addresses can be used.
    const hosts = files.hosts === null ? '' : await readBytes(files.hosts).catch(() => '');
    return readServices(lists.join('\n'), hosts, context);
  };
  const follow = (changed: () => void) => {
    const paths = [files.services, files.hosts].filter((path) => path !== null);
    for (const path of paths) watchFile(path, { interval: lookMs }, changed);
    return () => {
      for (const path of paths) unwatchFile(path, changed);
    };
  };
  const hint = 'Correct OLSR_SERVICES_FILE or OLSR_URL, or make the file readable for the panel.';
  return new PolledSource({ read, everyMs: EVERY_MS, error: { code: 'olsr-away', hint }, follow }, context);
}

const olsr: SourceType = {
  id: 'olsr',
  title: { ca: 'OLSR', es: 'OLSR', en: 'OLSR', de: 'OLSR' },
  order: 50,
  trust: 'anyone',
  detect,
  isSet: (config) => findFiles(config).services !== null || config.olsrUrl !== null,
  open: (config, context) => (olsr.isSet(config) ? openOlsr(findFiles(config), config.olsrUrl, context) : null),
};
export default olsr;
