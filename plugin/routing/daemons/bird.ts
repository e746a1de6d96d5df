/** BIRD 2 and 3: its control socket (https://bird.network.cz, nest/cli.c), and the ways of Babel, OSPF, RIP and BGP. */

import type { Place, Route, RoutingDaemon, Scale } from '../contract.js';
import { converse } from '../conversation.js';
import { readPrefix } from '../prefix.js';
import { deviceName, gatewayAddress } from '../read.js';

/** The last line of an answer: a code that is followed by a space. */
const END = /(?:^|\n)(?:00[01]\d|[89]\d{3}) [^\n]*\n$/;

/** A line of `show protocols`: the name that the owner gave to one, and what it speaks. */
const PROTOCOL = /^(?:\d{4}-| )([\w-]+) +(Babel|OSPF|RIP|BGP) /;
/** The first line of a way, without its range where that is said above; the second one names the next hop. */
const WAY = /^(?:\d{4}-| )(\S*) +(?:unicast )?\[([\w-]+) [^\]]*\] \*(?: (?:I|IA|E1|E2))? \(\d+(?:\/(\d+|\?))?/;
const VIA = /^[ \d-]*\tvia (\S+) on (\S+)/;

/** In Babel, a way that is not there any more. */
const INFINITY = 65_535;

async function ask(place: Place, signal: AbortSignal): Promise<string> {
  const bird = await converse(place, signal);
  const command = (text: string) => {
    bird.say(`${text}\n`);
    return bird.answer(END);
  };
  try {
    const greeting = await bird.answer(END);
    // From here on it takes only what changes nothing.
    await command('restrict');
    return greeting + (await command('show protocols')) + (await command('show route primary'));
  } finally {
    bird.close();
  }
}

const SCALES: ReadonlyMap<string, Scale> = new Map([
  ['Babel', 'babel'],
  ['OSPF', 'ospf'],
  ['RIP', 'other'],
  ['BGP', 'other'],
]);

function* routes(answer: string): Iterable<Route> {
  if (!/^0001 BIRD /.test(answer)) throw new Error('its answer does not begin as BIRD’s does');
  const protocols = new Map<string, string>();
  let way: Omit<Route, 'gateway' | 'device'> | null = null;
  for (const line of answer.split('\n')) {
    const [, name = '', protocol = ''] = PROTOCOL.exec(line) ?? [];
    if (protocol !== '') protocols.set(name, protocol);
    const begun = WAY.exec(line);
    if (begun) way = toWay(begun, protocols);
    const [, gateway, device] = (way && VIA.exec(line)) ?? [];
    // Of several next hops the first.
    if (way && gateway !== undefined) {
      yield { ...way, gateway: gatewayAddress(gateway), device: deviceName(device) };
      way = null;
    }
  }
}

function toWay(
  [, text = '', name = '', figure = '']: RegExpExecArray,
  protocols: ReadonlyMap<string, string>,
): Omit<Route, 'gateway' | 'device'> | null {
  const protocol = protocols.get(name) ?? '';
  const [prefix, scale] = [readPrefix(text), SCALES.get(protocol)];
  // What a person has written (static), what the kernel knows and this machine's own networks are no ways of a mesh.
  if (prefix === null || scale === undefined) return null;
  const metric = protocol === 'BGP' || !/^\d+$/.test(figure) ? null : Number(figure);
  if (scale === 'babel' && metric !== null && metric >= INFINITY) return null;
  return { prefix, metric, scale, hops: protocol === 'RIP' && metric !== null ? metric : null };
}

const bird: RoutingDaemon = {
  id: 'bird',
  usual: [{ path: '/run/bird/bird.ctl' }, { path: '/run/bird.ctl' }],
  hint: 'Let the panel’s user into the group of its socket (SupplementaryGroups=bird in a drop-in), or correct ROUTING.',
  ask,
  routes,
};
export default bird;
