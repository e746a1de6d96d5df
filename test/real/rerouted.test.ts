/**
 * A mesh of five nodes, each in its network namespace with a real Serf agent and babeld; the built panel in one of them. A
 * link becomes worse: the panel learns the new way from babeld and looks anew.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Daemon, Owner } from '../daemon.js';
import { until, writeTag } from './agents.js';
import { addRouters, CONVERGE_LIMIT_MS, remove, socketFolder, startBabeld } from './mesh-routers.js';
import { Network } from './namespaces.js';

/** Two readings a minute apart, and a pulse a minute: many times that where much else runs, ms. */
const LOOK_LIMIT_MS = 600_000;
const NODES = ['a', 'b', 'c', 'd', 'e'] as const;
const GOSSIP = 5_000;

/** The links by node, with their costs towards it: from `a` to `d` over `b`, or dearer over `c`; then on to `e`. */
const LINKS = {
  a: { cable0: 96, cable1: 96 },
  b: { cable0: 96, cable2: 96 },
  c: { cable1: 96, cable3: 96 },
  d: { cable2: 96, cable3: 300, cable4: 96 },
  e: { cable4: 96 },
};

let net: Network;
let folder: string;
let daemon: Daemon;
let owner: Owner;
const babels = new Map<string, ReturnType<typeof startBabeld>>();

beforeAll(async () => {
  net = new Network();
  folder = socketFolder();
  addRouters(net, NODES);
  const pairs = ['ab', 'ac', 'bd', 'cd', 'de'] as const;
  for (const [n, [one = '', other = '']] of pairs.entries())
    net.join([one, `10.98.${n}.1/30`], [other, `10.98.${n}.2/30`]);
  for (const name of NODES) babels.set(name, startBabeld(net, name, folder, LINKS[name]));
  for (const [index, name] of NODES.entries()) startSerf(name, `10.99.0.${index + 1}`);
  daemon = await Daemon.start({
    folder,
    before: [...net.inside('a'), 'env', `NODE_OPTIONS=--import=${join(import.meta.dirname, 'idle.mjs')}`],
    config: {
      ...{ SERF_RPC: '10.99.0.1:7373', ROUTING: `babeld:${babels.get('a')?.socket}`, BACKGROUND_SCAN: 'on' },
      ...{ LANGUAGE: 'en', SCAN_BYTES_PER_DAY: '100000000' },
    },
  });
  owner = await Owner.bySocket(daemon);
}, CONVERGE_LIMIT_MS);
afterAll(async () => {
  await daemon?.close();
  await net.remove();
  remove(folder);
});

/** It announces itself, and joins the mesh whenever babeld has found the way. */
function startSerf(name: string, address: string): void {
  const entry = { s: 'serf', d: name, m: `${name}.mesh`, i: address, p: String(GOSSIP), e: 'mesh', t: '' };
  const own = [`-node=${name}`, `-bind=${address}:${GOSSIP}`, `-rpc-addr=${address}:7373`, '-profile=local'];
  const joins = ['-retry-join=10.99.0.1:5000', '-retry-interval=2s'];
  net.run(name, 'serf', 'agent', ...own, ...joins, `-tag=services=${writeTag([entry])}`);
}

interface Seen {
  readonly id: string;
  readonly attempts: number;
  readonly samples: number;
  readonly measuredAt: string | null;
  readonly low: number;
  readonly high: number;
  readonly route: { readonly metric: number; readonly node: string; readonly text: string } | null;
}

async function provider(node: string): Promise<Seen | null> {
  const { providers } = await owner.get<{ providers: readonly { id: string; node: string }[] }>('api/v1/services/serf');
  const id = providers.find((listed) => listed.node === node)?.id;
  return id === undefined ? null : owner.get<Seen>(`api/v1/services/serf/providers/${id}`);
}

/** The same, once it is so. */
async function once(what: string, fits: (seen: Seen) => boolean, limitMs: number): Promise<Seen> {
  let seen: Seen | null = null;
  const look = async () => {
    seen = await provider('e');
    return seen !== null && fits(seen);
  };
  await until(what, look, limitMs).catch((error: Error) => {
    throw new Error(`${error.message}; it is ${JSON.stringify(seen)}; ${daemon.log.join('\n')}`);
  });
  return seen as unknown as Seen;
}

it('learns that the way to a provider is another one, and looks anew', { timeout: 2 * LOOK_LIMIT_MS }, async () => {
  // A scan reads the list again; the daemon is asked once a minute.
  const before = await once('babeld’s view is known', ({ route }) => route?.metric === 288, LOOK_LIMIT_MS);
  expect(before.route).toMatchObject({ metric: 288, node: 'b' });
  expect(before.route?.text).toBe(
    'Your network sees it at a cost of 288, through b (babeld). By that the way is excellent.',
  );
  await owner.ended(await owner.scan('services/serf'));
  const measured = await once('it is measured', ({ samples }) => samples > 0, LOOK_LIMIT_MS);

  // From `b` to `d` it costs much more from now on.
  await babels.get('d')?.program.stop();
  startBabeld(net, 'd', folder, { ...LINKS.d, cable2: 5_000 });

  const rerouted = await once('the new way is known', ({ route }) => route?.node === 'c', LOOK_LIMIT_MS);
  expect(rerouted.route?.metric).toBe(492);
  const looked = await once('it is looked at', ({ attempts }) => attempts > measured.attempts, LOOK_LIMIT_MS);
  expect(Date.parse(looked.measuredAt ?? '')).toBeGreaterThan(Date.parse(measured.measuredAt ?? ''));
});
