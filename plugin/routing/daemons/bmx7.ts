/** bmx7: the files that its plugin json writes once a minute, one for each node (https://github.com/bmx-routing/bmx7). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place, Route, RoutingDaemon } from '../contract.js';
import { ANSWER_CAP, pathOf, readCapped } from '../conversation.js';
import { canonicalPrefix } from '../prefix.js';
import { deviceName, gatewayAddress, isRecord, parseJson, prefixedAmount, records } from '../read.js';

const MAX_FILES = 2_000;

/** All files as one list. One that is being written is left out. */
async function ask(place: Place, signal: AbortSignal): Promise<string> {
  const folder = pathOf(place);
  const texts: string[] = [];
  let size = 0;
  for (const name of (await readdir(folder)).slice(0, MAX_FILES)) {
    signal.throwIfAborted();
    const text = await readCapped(join(folder, name)).catch(() => '');
    size += text.length;
    if (size > ANSWER_CAP) throw new Error(`its files are larger than ${ANSWER_CAP >> 20} MiB`);
    if (isWhole(text)) texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

function isWhole(text: string): boolean {
  try {
    return isRecord(parseJson(text));
  } catch {
    return false;
  }
}

function* routes(answer: string): Iterable<Route> {
  const files = parseJson(answer);
  if (!Array.isArray(files)) throw new Error('its answer is not a list');
  for (const node of files.flatMap(nodes)) {
    const prefix = canonicalPrefix(String(node.primaryIp), 128);
    const metric = prefixedAmount(node.metric);
    const gateway = gatewayAddress(node.viaIp);
    // The way to itself leads over no device.
    if (prefix === null || metric === null || metric === 0 || gateway === null) continue;
    yield { prefix, metric, scale: 'rate', hops: null, gateway, device: deviceName(node.viaDev) };
  }
}

/** One node a file, or `originators` as the command lists them. */
function nodes(file: unknown) {
  if (!isRecord(file)) return [];
  return Array.isArray(file.originators) ? records(file.originators) : [file];
}

const bmx7: RoutingDaemon = {
  id: 'bmx7',
  usual: [{ path: '/var/run/bmx7/json/originators' }],
  hint: 'Load its plugin (plugin bmx7_json.so), let the panel’s user read its folder, or correct ROUTING.',
  ask,
  routes,
};
export default bmx7;
