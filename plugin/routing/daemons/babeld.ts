/** babeld: its local interface (https://github.com/jech/babeld, local.c). AREDN's and LibreMesh's answer alike. */

import type { Place, Route, RoutingDaemon } from '../contract.js';
import { converse } from '../conversation.js';
import { readPrefix } from '../prefix.js';
import { deviceName, gatewayAddress } from '../read.js';

/** A way that is not there any more (RFC 8966, 2.5). */
const INFINITY = 65_535;

const ROUTE =
  /^add route \S+ prefix (\S+) from (\S+) installed yes id \S+ metric (\d+) refmetric (\d+)(?: .*)? via (\S+)(?: .*)? if (\S+)/;

async function ask(place: Place, signal: AbortSignal): Promise<string> {
  const babeld = await converse(place, signal);
  try {
    const greeting = await babeld.answer(/\nok\n$/);
    babeld.say('dump\n');
    return greeting + (await babeld.answer(/(?:^|\n)(?:ok|no|bad)\b[^\n]*\n$/));
  } finally {
    babeld.close();
  }
}

function* routes(answer: string): Iterable<Route> {
  if (!/^BABEL \d/.test(answer)) throw new Error('its answer does not begin as babeld’s does');
  for (const line of answer.split('\n')) {
    const [, text = '', from = '', metric = '', refmetric = '', gateway, device] = ROUTE.exec(line) ?? [];
    const prefix = readPrefix(text);
    // Ways for some senders only say nothing of ours.
    if (prefix === null || !/^(?:0\.0\.0\.0|::)\/0$/.test(from) || Number(metric) >= INFINITY) continue;
    yield {
      ...{ prefix, metric: Number(metric), scale: 'babel', hops: null },
      ...{ gateway: gatewayAddress(gateway), device: deviceName(device) },
      ...(Number(refmetric) === 0 && { isNext: true }),
    };
  }
}

const babeld: RoutingDaemon = {
  id: 'babeld',
  usual: [{ host: '::1', port: 33_123 }, { path: '/var/run/babel.sock' }, { host: '::1', port: 30_003 }],
  hint: 'Add “local-port 33123” to /etc/babeld.conf, or correct ROUTING.',
  ask,
  routes,
};
export default babeld;
