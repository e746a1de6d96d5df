/**
 * batman-adv: only root may ask the kernel, so that a timer of root's writes what batctl says to a file
 * (https://www.open-mesh.org/projects/batman-adv/wiki/Using-batctl): the originators, and who is behind which of them. What
 * address a machine has is in the kernel's own table of neighbours: they are all on one link.
 */

import type { Place, Route, RoutingDaemon } from '../contract.js';
import { pathOf, readCapped } from '../conversation.js';
import { canonicalPrefix } from '../prefix.js';
import { amount, deviceName, parseJson, records } from '../read.js';

const NEIGHBOURS = '/proc/net/arp';
const MAC = /^(?:[\da-f]{2}:){5}[\da-f]{2}$/i;

async function ask(place: Place): Promise<string> {
  return [await readCapped(pathOf(place)), await readNeighbours()].join('\0');
}

/** The kernel says that its file is empty. */
async function readNeighbours(): Promise<string> {
  return readCapped(NEIGHBOURS);
}

interface Way {
  readonly metric: number;
  readonly scale: 'tq' | 'rate';
  readonly neighbour: string;
  readonly device: string | null;
}

function* routes(answer: string): Iterable<Route> {
  const [text = '', neighbours = ''] = answer.split('\0');
  const lists = splitLists(text).map((list) => records(parseJson(list)).filter(({ best }) => best === true));
  if (lists.length === 0) throw new Error('its file holds no list of batctl’s');
  const ways = new Map(lists.flat().flatMap((row) => toWay(row)));
  const behind = new Map(lists.flat().flatMap(({ tt_address: client, orig_address: node }) => pair(client, node)));
  const addresses = readAddresses(neighbours);
  const addressOf = new Map([...addresses].map(([address, mac]) => [behind.get(mac) ?? mac, address]));
  for (const [address, mac] of addresses) {
    const node = behind.get(mac) ?? mac;
    const way = ways.get(node);
    const prefix = canonicalPrefix(address, 32);
    if (!way || prefix === null) continue;
    const { metric, scale, neighbour, device } = way;
    const isNext = neighbour === node;
    const gateway = addressOf.get(neighbour) ?? null;
    yield { prefix, metric, scale, hops: null, gateway, device, ...(isNext && { isNext }) };
  }
}

/** Two commands after each other write two lists. */
const splitLists = (text: string) => text.split(/(?<=\])\s*(?=\[)/).filter((list) => list.trim() !== '');

const macOf = (value: unknown) => (typeof value === 'string' && MAC.test(value) ? value.toLowerCase() : null);

function pair(key: unknown, value: unknown): (readonly [string, string])[] {
  const [from, to] = [macOf(key), macOf(value)];
  return from === null || to === null ? [] : [[from, to]];
}

/** B.A.T.M.A.N. IV counts what arrives; V a rate, in kbit/s. */
function toWay(row: Readonly<Record<string, unknown>>): (readonly [string, Way])[] {
  const [node, neighbour] = [macOf(row.orig_address), macOf(row.neigh_address)];
  const [tq, rate] = [amount(row.tq), amount(row.throughput)];
  const metric = tq ?? (rate === null ? null : rate * 1_000);
  if (node === null || neighbour === null || metric === null || metric === 0) return [];
  return [[node, { metric, scale: tq === null ? 'rate' : 'tq', neighbour, device: deviceName(row.hard_ifname) }]];
}

/** MAC addresses by address: https://docs.kernel.org/filesystems/proc.html (`/proc/net/arp`). */
function readAddresses(text: string): Map<string, string> {
  const rows = text.split('\n').flatMap((line) => {
    const [address = '', , flags, mac = ''] = line.trim().split(/\s+/);
    return flags !== '0x0' && MAC.test(mac) ? [[address, mac.toLowerCase()] as const] : [];
  });
  return new Map(rows);
}

const batman: RoutingDaemon = {
  id: 'batman',
  usual: [{ path: '/run/batman-adv.json' }],
  hint: 'Let a timer of root’s write the file that plugin/routing/README.md describes, or correct ROUTING.',
  ask,
  routes,
};
export default batman;
