/** FRR: zebra's own socket, spoken to as vtysh does, without a program in between (https://github.com/FRRouting/frr, lib/vty.c). */

import type { Place, Route, RoutingDaemon, Scale } from '../contract.js';
import { converse } from '../conversation.js';
import { readPrefix } from '../prefix.js';
import { amount, deviceName, gatewayAddress, isRecord, parseJson, records } from '../read.js';

/** An answer ends with three zero bytes and how the command went. */
const END = /\0\0\0[\s\S]$/;
const COMMANDS = ['show ip route json', 'show ipv6 route json'];

async function ask(place: Place, signal: AbortSignal): Promise<string> {
  const zebra = await converse(place, signal);
  try {
    const answers: string[] = [];
    for (const command of COMMANDS) {
      zebra.say(`${command}\0`);
      answers.push((await zebra.answer(END)).slice(0, -4));
    }
    return answers.join('\0');
  } finally {
    zebra.close();
  }
}

const SCALES: ReadonlyMap<unknown, Scale> = new Map([
  ['babel', 'babel'],
  ['ospf', 'ospf'],
  ['ospf6', 'ospf'],
  ...['rip', 'ripng', 'isis', 'eigrp', 'openfabric', 'bgp'].map((name) => [name, 'other'] as const),
]);
const COUNTS_HOPS: ReadonlySet<unknown> = new Set(['rip', 'ripng']);

function* routes(answer: string): Iterable<Route> {
  for (const part of answer.split('\0')) {
    const table = parseJson(part);
    if (!isRecord(table)) throw new Error('its answer is not a table of routes');
    for (const [text, ways] of Object.entries(table)) {
      const way = records(ways).find(({ selected }) => selected === true);
      const route = way && toRoute(readPrefix(text), way);
      if (route) yield route;
    }
  }
}

function toRoute(prefix: string | null, way: Readonly<Record<string, unknown>>): Route | null {
  const scale = SCALES.get(way.protocol);
  if (prefix === null || scale === undefined) return null;
  // Of several next hops the first.
  const [next = {}] = records(way.nexthops);
  // BGP's metric is what the neighbour asks for.
  const metric = way.protocol === 'bgp' ? null : amount(way.metric);
  const hops = COUNTS_HOPS.has(way.protocol) ? metric : null;
  return { prefix, metric, scale, hops, gateway: gatewayAddress(next.ip), device: deviceName(next.interfaceName) };
}

const frr: RoutingDaemon = {
  id: 'frr',
  usual: [{ path: '/run/frr/zebra.vty' }],
  hint: 'Let the panel’s user into the group frrvty (SupplementaryGroups=frrvty in a drop-in), or correct ROUTING.',
  ask,
  routes,
};
export default frr;
