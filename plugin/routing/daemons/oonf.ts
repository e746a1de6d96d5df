/** OONF, olsrd2: the telnet of its plugin olsrv2info (https://github.com/OLSR/OONF). */

import type { Place, Route, RoutingDaemon } from '../contract.js';
import { converse } from '../conversation.js';
import { canonicalPrefix, readPrefix } from '../prefix.js';
import { amount, deviceName, gatewayAddress, isRecord, parseJson, records } from '../read.js';

async function ask(place: Place, signal: AbortSignal): Promise<string> {
  const oonf = await converse(place, signal);
  try {
    oonf.say('olsrv2info json route\nquit\n');
    return await oonf.answer();
  } finally {
    oonf.close();
  }
}

function* routes(answer: string): Iterable<Route> {
  // Its prompt may stand before and after.
  const [first, last] = [answer.indexOf('{'), answer.lastIndexOf('}')];
  const table = parseJson(first < 0 ? '' : answer.slice(first, last + 1));
  if (!isRecord(table) || !Array.isArray(table.route)) throw new Error('its answer has no routes');
  for (const way of records(table.route)) {
    const text = String(way.route_dst);
    // A host is written without its length.
    const prefix = readPrefix(text) ?? canonicalPrefix(text, text.includes(':') ? 128 : 32);
    // The directional airtime metric: a cost that falls with the rate of the links, 24 bits (RFC 7779).
    const metric = amount(way.domain_metric_out_raw);
    if (prefix === null || metric === null || !isForEverybody(way.route_src_prefix)) continue;
    const hops = amount(way.domain_path_hops);
    const [gateway, device] = [gatewayAddress(way.route_gw), deviceName(way.route_if)];
    yield { prefix, metric, scale: 'other', hops, gateway, device, ...(hops === 1 && { isNext: true }) };
  }
}

/** Ways for some senders only say nothing of ours. */
const isForEverybody = (source: unknown) =>
  source === undefined || source === '-' || source === '' || /^(?:0\.0\.0\.0|::)\/0$/.test(String(source));

const oonf: RoutingDaemon = {
  id: 'oonf',
  usual: [{ host: '127.0.0.1', port: 2009 }],
  signs: ['/etc/olsrd2/olsrd2.conf', '/etc/olsrd2.conf', '/etc/config/olsrd2', '/etc/oonf'],
  hint: 'Turn on its plugin olsrv2info and its telnet (port 2009), or correct ROUTING.',
  ask,
  routes,
};
export default oonf;
