/**
 * A child that lets some nodes among many ask for a day, with full documents: what asking costs one node, whatever the
 * number of the others. Says bytes a day without any news, and on a day with as much of it as is told and followed.
 */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { MAX_ROWS, makeDocument, type OpinionRow } from '../../../plugin/community/document.js';
import { loadServices } from '../../../plugin/services/index.js';
import { argument, say } from '../child.js';
import { EPOCH, Panel } from './panel.js';
import { Random } from './random.js';
import { type Known, SharedNode, Watching } from './shared-node.js';
import { DAY, HOUR } from './table.js';
import { TASK, TASKS, type TaskName } from './tasks.js';
import { World } from './world.js';

export interface AskingCost {
  readonly usual: number;
  readonly most: number;
}

const { nodes } = argument<{ readonly nodes: number }>();
/** Nodes that are followed. */
const SAMPLE = 5;
/** More than are followed. */
const TELLERS = 20;
const services = await loadServices();
const world = new World(1);
let now = 0;

const named = (nth: number) => ({ name: `n${nth}`, address: `10.${nth >> 8}.${nth & 255}.1` });
const keys = new Map<string, KeyObject>();

/** As large as a community fills it: nothing in it repeats but the names of the types. */
function fullDocument(host: string): Buffer {
  const random = new Random(host, now);
  const rows = Array.from({ length: MAX_ROWS }, (_, nth): OpinionRow => {
    const type = TASK[TASKS[nth % TASKS.length] as TaskName].type;
    const measured = { looks: 2 + random.below(39), ageHours: random.below(168), mark: random.below(101) };
    const provider = randomBytes(16).toString('hex');
    return { provider, type, level: 4, ...measured, answered: 50 + random.below(51) };
  });
  const key = keys.get(host) ?? generateKeyPairSync('ed25519').privateKey;
  keys.set(host, key);
  const [, high = '', low = ''] = host.split('.');
  const infrastructure = { upDays: 12, load: 40, memory: 60, disk: 30 };
  const node = `n${Number(high) * 256 + Number(low)}`;
  return Buffer.from(makeDocument({ node, at: Math.floor((EPOCH + now) / 1_000), infrastructure, rows }, key));
}

/** One that knows all others, and measures nothing. */
function asker(user: number): SharedNode {
  const random = new Random(nodes, user, 'asking');
  const others = Array.from(
    { length: nodes },
    (_, nth): Known => ({ ...named(nth), estimate: 1 + 20 * random.next() }),
  );
  const terms = {
    ...{ ...named(user), key: generateKeyPairSync('ed25519').privateKey, services, shares: true, random },
    ...{ others: others.filter((_, nth) => nth !== user), now: () => now, soon: () => {} },
    ask: async (_: string, { host }: { readonly host: string }) => ({ bytes: fullDocument(host), rtt: 5 }),
  };
  const keeper = (task: TaskName) => {
    const type = services.of(TASK[task].type);
    const setting = { world, task, type, seed: 1, user: 0, estimates: [] };
    return new Watching(new Panel(setting, 'none'), random, 0, () => {});
  };
  return new SharedNode(terms, keeper);
}

/** Bytes of its second day: on the first it asks more, for it knows nobody. */
async function dayOf(user: number, hasNews: boolean): Promise<number> {
  now = 0;
  const node = asker(user);
  let before = 0;
  for (let hour = 0; hour < 48; hour++) {
    now = hour * HOUR;
    if (now === DAY) before = node.bytes;
    await node.asks();
    if (!hasNews || now < DAY) continue;
    await node.asker.tell();
    for (const { address } of node.peers.all().slice(0, TELLERS)) await node.asker.follow(address);
  }
  return node.bytes - before;
}

const days = { usual: 0, most: 0 };
for (let user = 0; user < SAMPLE; user++) {
  days.usual = Math.max(days.usual, await dayOf(user, false));
  days.most = Math.max(days.most, await dayOf(user, true));
}
say(days satisfies AskingCost);
