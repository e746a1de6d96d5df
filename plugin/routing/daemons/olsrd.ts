/** olsrd 1: its plugin jsoninfo, or the older txtinfo (https://github.com/OLSR/olsrd, lib/info). */

import type { Place, Route, RoutingDaemon } from '../contract.js';
import { converse } from '../conversation.js';
import { canonicalPrefix } from '../prefix.js';
import { amount, deviceName, gatewayAddress, isRecord, parseJson, records } from '../read.js';

/** Port of txtinfo, which knows other words. */
const TEXT_PORT = 2006;
/** From here on it is called infinite. */
const MAX_ETX = 4_096;

/** It waits for the request, and for nothing else meanwhile: all of it goes out at once. */
async function ask(place: Place, signal: AbortSignal): Promise<string> {
  const olsrd = await converse(place, signal);
  try {
    const isText = 'port' in place && place.port === TEXT_PORT;
    olsrd.say(`GET ${isText ? '/rou' : '/routes'} HTTP/1.0\r\n\r\n`);
    return await olsrd.answer();
  } finally {
    olsrd.close();
  }
}

function routes(answer: string): Iterable<Route> {
  // Without a header where its configuration says so.
  const body = answer.replace(/^HTTP\/[\s\S]*?\r?\n\r?\n/, '').trim();
  return body.startsWith('{') ? fromJson(body) : fromText(body);
}

function* fromJson(body: string): Iterable<Route> {
  const answer = parseJson(body);
  if (!isRecord(answer) || !Array.isArray(answer.routes)) throw new Error('its answer has no routes');
  for (const { destination, genmask, gateway, metric, etx, rtpMetricCost, networkInterface } of records(
    answer.routes,
  )) {
    const prefix = canonicalPrefix(String(destination), Number(genmask));
    const route = toRoute(prefix, [gateway, metric, etx ?? rtpMetricCost, networkInterface]);
    if (route) yield route;
  }
}

const HEADING = /^Destination\tGateway/m;

function* fromText(body: string): Iterable<Route> {
  if (!HEADING.test(body)) throw new Error('its answer has no table of routes');
  for (const line of body.split('\n')) {
    const [destination = '', gateway, metric, etx, device] = line.trim().split('\t');
    const [address = '', length = '32'] = destination.split('/');
    const route = toRoute(canonicalPrefix(address, Number(length)), [gateway, metric, etx, device]);
    if (route) yield route;
  }
}

function toRoute(prefix: string | null, [gateway, metric, etx, device]: readonly unknown[]): Route | null {
  const [cost, hops] = [amount(etx), amount(metric)];
  if (prefix === null || cost === null || cost >= MAX_ETX) return null;
  const via = gatewayAddress(gateway);
  const isNext = via !== null && via === prefix.split('/')[0];
  return {
    prefix,
    metric: cost,
    scale: 'etx',
    hops,
    gateway: via,
    device: deviceName(device),
    ...(isNext && { isNext }),
  };
}

const olsrd: RoutingDaemon = {
  id: 'olsrd',
  usual: [
    { host: '127.0.0.1', port: 9090 },
    { host: '127.0.0.1', port: TEXT_PORT },
  ],
  // Others use these ports as well.
  signs: ['/etc/olsrd/olsrd.conf', '/etc/olsrd.conf', '/etc/config/olsrd', '/var/etc/olsrd.conf'],
  hint: 'Turn on its plugin jsoninfo (port 9090), or correct ROUTING.',
  ask,
  routes,
};
export default olsrd;
