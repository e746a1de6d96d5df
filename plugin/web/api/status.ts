/** How the panel and its machine are: for people, for health checks and for other programs. */
import { readFileSync } from 'node:fs';
import { PACKAGE_FILE } from '../../config/paths.js';
import { lazy } from '../../lib/lazy.js';
import { readLayer } from '../../node/layer.js';
import { backgroundModel } from '../../present/background.js';
import { isoOrNull } from '../../present/figures.js';
import { routingModel } from '../../present/service/way.js';
import { sourceModel } from '../../present/service.js';
import type { Web } from '../context.js';
import { api, type Route } from '../route.js';
import type { Visit } from '../visit.js';
import { answers } from './operation.js';

export const routes: readonly Route[] = [
  api(
    'GET /api/v1/status',
    'reader',
    status,
    answers('The panel: version, sources, measuring in the background', 'Status'),
  ),
  api(
    'GET /api/v1/node',
    'reader',
    node,
    answers('This machine: platform, memory in bytes, load, what it runs in and on, what it can host', 'Node'),
  ),
  api(
    'GET /healthz',
    'anyone',
    health,
    answers('Whether the sources of providers answer; 503 with the reason where they do not', 'Health'),
  ),
];

/** Of this program. */
export const VERSION = (JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { version: string }).version;
/** Memory and load are read at most this often. */
const NODE_FRESH_MS = 5000;

export async function status(web: Web, _visit: Visit) {
  return {
    version: VERSION,
    demo: web.panel.demo,
    sources: web.panel.discovery.sources().map(sourceModel),
    routing: routingModel(web.panel.routing.status()),
    background: backgroundModel(web.panel),
    /** Why nothing is kept at the moment; null while everything is. */
    unkept: web.panel.store.unkept?.toJSON() ?? null,
    /** What the machine's clock says where it is not believed; null where it is. */
    doubtedClock: isoOrNull(web.panel.time.doubted),
    /** Seconds. */
    uptime: Math.round(process.uptime()),
  };
}

/**
 * 503 with the reason while no source that the node relies on answers, or its Serf agent is away. The reason names addresses
 * of this node: a stranger is told only which source it is.
 */
export async function health(web: Web, { reply, role }: Visit) {
  const { demo, discovery } = web.panel;
  const all = discovery.sources();
  const sources = all.map(({ name, state, error }) => (role === null ? { name, state } : { name, state, error }));
  const isWell = all.some(({ state, isSet }) => isSet && state === 'up') && discovery.agent()?.state !== 'away';
  const away = demo || isWell ? [] : sources.filter(({ state }) => state === 'away');
  const reason = away.map(({ name, error }) => `${name}: ${error?.message ?? 'away'}`).join(' ');
  if (away.length > 0) reply.code(503);
  return { ok: away.length === 0, ...(away.length > 0 ? { reason } : {}), demo: web.panel.demo, sources };
}

/** By panel: each has its own clock. */
const readings = new WeakMap<Web, { readonly at: number; readonly node: Promise<object> }>();

/** Platform, memory (bytes), load and layer of this machine. */
export async function node(web: Web, _visit: Visit) {
  const reading = readings.get(web);
  const age = reading === undefined ? Number.NaN : web.now() - reading.at;
  // Negative where the clock was set back meanwhile.
  if (reading !== undefined && age >= 0 && age <= NODE_FRESH_MS) return reading.node;
  const node = readNode();
  readings.set(web, { at: web.now(), node });
  // What failed for want of descriptors is read anew.
  node.catch(() => readings.delete(web));
  return node;
}

/** 5 MB that an idle panel does without. */
const information = lazy(() => import('systeminformation'));

async function readNode() {
  const { default: system } = await information();
  const [os, memory, load, layer] = await Promise.all([
    ...([system.osInfo(), system.mem(), system.currentLoad()] as const),
    readLayer(),
  ]);
  return {
    platform: { hostname: os.hostname, distribution: os.distro, release: os.release, kernel: os.kernel, arch: os.arch },
    memory: { total: memory.total, available: memory.available, swapUsed: memory.swapused },
    load: { average: load.avgLoad, percent: Number(load.currentLoad.toFixed(1)) },
    layer,
  };
}
