/** One node of an AREDN mesh, as it answers without a login. */
import { publicText } from '../../../announcement/secrets.js';
import type { Machine } from '../../machine.js';
import { download } from '../../polled/download.js';
import type { Detected } from '../../source.js';

/** Of today's firmware first; the last by its own port. */
const PATHS = [':80/a/sysinfo', ':80/cgi-bin/sysinfo.json', ':8080/cgi-bin/sysinfo.json'];
/** An owner who names a port means that one. */
const PATHS_AT_A_PORT = ['/a/sysinfo', '/cgi-bin/sysinfo.json'];

/** Asks where it answered the last time; looks for it at first, and where it has moved. */
export class Node {
  #addresses: readonly URL[];

  /** @param node host, or host:port */
  constructor(node: string, query = '') {
    const paths = /[^:]:\d+$/.test(node) ? PATHS_AT_A_PORT : PATHS;
    this.#addresses = paths.map((path) => new URL(`http://${node}${path}${query}`));
  }

  /** @throws Error why nothing of it can be read */
  async sysinfo(signal: AbortSignal): Promise<Row> {
    return parse(decoder.decode(await this.#download(signal)));
  }

  async #download(signal: AbortSignal): Promise<Buffer> {
    let failure: unknown;
    for (const address of this.#addresses) {
      try {
        const list = await download(address, signal);
        this.#addresses = [address, ...this.#addresses.filter((other) => other !== address)];
        return list;
      } catch (error) {
        // The node itself is more telling than a port on which nothing listens.
        failure = failure === undefined || isUnreached(failure) ? error : failure;
        if (signal.aborted) break;
      }
    }
    throw failure;
  }
}

/** Nobody has answered there, rather than with something else. */
const isUnreached = (error: unknown) => (error as NodeJS.ErrnoException).syscall === 'connect';

/** Old nodes put single bytes into their texts that are no UTF-8. */
const decoder = new TextDecoder();

export type Row = Readonly<Record<string, unknown>>;

function parse(text: string): Row {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Row) : {};
  } catch {
    // V8's message quotes what it has read.
    throw new Error('it is not JSON, or only a part of it');
  }
}

/** Whether this machine's router is a node of a mesh: it is asked once, without its lists. */
const isNode = (gateway: string, node: string): Detected['text'] => ({
  ca: `AREDN: l’encaminador d’aquesta màquina, ${gateway}, és el node ${node}`,
  es: `AREDN: el router de esta máquina, ${gateway}, es el nodo ${node}`,
  en: `AREDN: this machine’s router, ${gateway}, is the node ${node}`,
  de: `AREDN: Der Router dieses Rechners, ${gateway}, ist der Knoten ${node}`,
});
const SET_AUTO: Detected['hint'] = {
  ca: 'Poseu AREDN_NODE=auto',
  es: 'Ponga AREDN_NODE=auto',
  en: 'Set AREDN_NODE=auto',
  de: 'Setze AREDN_NODE=auto',
};

export async function detectRouter(machine: Machine, signal: AbortSignal): Promise<Detected | null> {
  const gateway = machine.gateway();
  if (gateway === null) return null;
  try {
    const { node, api_version } = await new Node(gateway).sysinfo(signal);
    if (typeof node !== 'string' || api_version === undefined) return null;
    return { text: isNode(gateway, publicText(node)), hint: SET_AUTO };
  } catch {
    return null;
  }
}
