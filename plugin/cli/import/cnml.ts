/**
 * Devices and services in guifi.net's own format (CNML) as they go by: files of 20 MB are read in pieces, and nothing of them
 * is held but the device at hand. Lines of the proxies' list (`nick;name;port`) may stand in the same text.
 */

export interface CnmlDevice {
  readonly title: string;
  /** As written: perhaps no address. */
  readonly address: string;
}

export interface CnmlService {
  readonly title: string;
  readonly type: string;
  readonly status: string;
  readonly device: CnmlDevice | null;
}

export interface CnmlReader {
  device(device: CnmlDevice): void;
  service(service: CnmlService): void;
  /** A line outside of all tags. */
  line(line: string): void;
}

/** No tag or line of such a file is as long: what is, is dropped, characters. */
const PIECE_CAP = 16_384;
const ATTRIBUTE = /([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Reads the text to its end. */
export async function readCnml(chunks: AsyncIterable<string>, reader: CnmlReader): Promise<void> {
  const tags = new Tags(reader);
  let rest = '';
  for await (const chunk of chunks) {
    rest = takePieces(rest + chunk, tags);
    // The end stays, for a tag may begin there again.
    if (rest.length > PIECE_CAP) rest = rest.startsWith('<') ? rest.slice(1).replace(/^[^<\n]*/, '') : '';
  }
  takePieces(`${rest}\n`, tags);
}

/** Hands over what is complete. @returns what is left */
function takePieces(text: string, tags: Tags): string {
  let at = 0;
  for (;;) {
    const isTag = text[at] === '<';
    const end = isTag ? text.indexOf('>', at) : nextEnd(text, at);
    if (end < 0) return text.slice(at);
    if (isTag) tags.tag(text.slice(at + 1, end));
    else tags.line(text.slice(at, end));
    at = isTag || text[end] === '\n' ? end + 1 : end;
  }
}

function nextEnd(text: string, from: number): number {
  const [tag, line] = [text.indexOf('<', from), text.indexOf('\n', from)];
  return tag < 0 || (line >= 0 && line < tag) ? line : tag;
}

class Tags {
  readonly #reader: CnmlReader;
  #device: CnmlDevice | null = null;
  #isXml = false;
  /** Services that came before any address of their device. */
  #waiting: Omit<CnmlService, 'device'>[] = [];

  constructor(reader: CnmlReader) {
    this.#reader = reader;
  }

  tag(text: string): void {
    const [name = ''] = /^[/\w:?!-]+/.exec(text) ?? [];
    if (name === 'cnml') this.#isXml = true;
    if (name === '/cnml') this.#isXml = false;
    if (name === 'device') this.#begin(attributes(text));
    else if (name === 'interface') this.#useAddress(attributes(text).get('ipv4') ?? '');
    else if (name === 'service') this.#service(attributes(text));
    if (name === '/device' || (name === 'device' && text.endsWith('/'))) this.#end();
  }

  line(text: string): void {
    if (!this.#isXml && text.trim() !== '' && text.length <= PIECE_CAP) this.#reader.line(text.trim());
  }

  #begin(given: ReadonlyMap<string, string>): void {
    this.#end();
    this.#device = { title: given.get('title') ?? '', address: '' };
    this.#useAddress(given.get('mainipv4') ?? '');
  }

  #useAddress(address: string): void {
    if (this.#device === null || this.#device.address !== '' || address.trim() === '') return;
    this.#device = { ...this.#device, address: address.trim() };
  }

  #service(given: ReadonlyMap<string, string>): void {
    const [title = '', type = '', status = ''] = ['title', 'type', 'status'].map((name) => given.get(name));
    // Totals of a zone have no status, and no device.
    if (this.#device !== null && this.#waiting.length < 256) this.#waiting.push({ title, type, status });
  }

  #end(): void {
    const device = this.#device;
    if (device !== null) this.#reader.device(device);
    for (const service of this.#waiting) this.#reader.service({ ...service, device });
    this.#waiting = [];
    this.#device = null;
  }
}

const attributes = (tag: string) =>
  new Map([...tag.matchAll(ATTRIBUTE)].map(([, name = '', double, single]) => [name, decode(double ?? single ?? '')]));

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
