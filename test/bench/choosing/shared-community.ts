/** All nodes of a simulated community that share, or do not, on one virtual clock: whatever is due first happens first. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Answer, Place } from '../../../plugin/community/ask.js';
import { makeDocument, readDocument } from '../../../plugin/community/document.js';
import type { ServiceRegistry } from '../../../plugin/services/contract.js';
import { estimatesOf } from './life.js';
import { makeLinks, pathState, waysFrom } from './network.js';
import { EPOCH, Panel, type Setting } from './panel.js';
import { probeOnce } from './probe.js';
import { Random } from './random.js';
import { type Known, PLACES, SharedNode, Watching } from './shared-node.js';
import { HOUR, STEP, TABLE } from './table.js';
import { TASK, type TaskName } from './tasks.js';
import type { Struck, World } from './world.js';

const MINUTE = 60_000;
const CHECK = 10 * MINUTE;

/** Who lies: three in ten of all; half of all but one, who are the nearest to node 0; one, under sixty names. */
export const ATTACKS = ['liars', 'clique', 'sybils'] as const;
export type Attack = (typeof ATTACKS)[number];
const SYBILS = 60;

export interface CommunityOptions {
  readonly world: World;
  readonly seed: number;
  readonly services: ServiceRegistry;
  readonly shares: boolean;
  readonly attack?: Attack | null;
  /** How many of the users are looked at; all where left out. */
  readonly judged?: number;
  /** Noise drawn by provider and moment, so that an extra look changes no other one. */
  readonly steadyNoise?: boolean;
}

export class SharedCommunity {
  readonly nodes: readonly SharedNode[];
  readonly options: CommunityOptions;
  readonly #liars: ReadonlySet<string>;
  readonly #distances: readonly (readonly number[])[];
  readonly #keys: readonly KeyObject[];
  /** What has befallen the world, for the panels of one task. */
  readonly #struck: { readonly task: TaskName; readonly struck: Struck } | null;
  readonly #shown = new Map<string, { readonly of: string; readonly bytes: Buffer }>();
  #soon: (() => Promise<void>)[] = [];
  now = 0;

  constructor(options: CommunityOptions, before?: SharedCommunity, struck?: SharedCommunity['struck']) {
    this.options = options;
    this.#struck = struck ?? null;
    const users = [...Array(TABLE.users).keys()];
    this.#distances = before ? before.#distances : distancesOf(options.seed);
    this.#keys = before ? before.#keys : users.map(() => generateKeyPairSync('ed25519').privateKey);
    this.#liars = liarsOf(options.attack ?? null, this.#distances[0] ?? []);
    this.now = before?.now ?? 0;
    this.nodes = users.map((user) => this.#node(user, before?.nodes[user]));
  }

  get struck() {
    return this.#struck;
  }

  /** The same community from here on, where this befalls one provider of the task. */
  fork(struck: NonNullable<SharedCommunity['struck']>, shares = this.options.shares): SharedCommunity {
    return new SharedCommunity({ ...this.options, shares }, this, struck);
  }

  settingOf(task: TaskName, user: number): Setting {
    const { world, seed, services, steadyNoise = true } = this.options;
    const type = services.of(TASK[task].type);
    const setting = { world, task, type, seed, user, estimates: estimatesOf({ world, seed, user }) };
    if (!steadyNoise) return setting;
    const replay = (provider: number, at: number) => {
      const struck = this.#struck?.task === task ? this.#struck.struck : null;
      const state = world.at(user, provider, at, struck);
      const random = new Random(seed, user, task, provider, at, 'moment');
      return probeOnce({
        task,
        type,
        provider: `p${String(provider).padStart(2, '0')}`,
        state,
        at: EPOCH + at,
        random,
      });
    };
    return { ...setting, replay };
  }

  /** A panel that has just been installed in the user's place, and has asked once. */
  async newcomer(user: number): Promise<SharedNode> {
    const node = this.#node(user, undefined, `newcomer ${this.now}`);
    if (this.options.shares) await node.asks();
    return node;
  }

  /** Everything that is due until then happens. */
  async until(at: number): Promise<void> {
    for (let next = this.#first(at); next; next = this.#first(at)) {
      this.now = next.at;
      await next.happen();
      for (let work = this.#soon.shift(); work; work = this.#soon.shift()) await work();
    }
    this.now = at;
  }

  #first(until: number): { readonly at: number; readonly happen: () => Promise<void> | void } | null {
    let first: { at: number; happen: () => Promise<void> | void } | null = null;
    const offer = (at: number, happen: () => Promise<void> | void) => {
      if (at <= until && (first === null || at < first.at)) first = { at, happen };
    };
    for (const [user, node] of this.nodes.entries()) {
      if (!this.#lives(user)) continue;
      for (const [task, keeper] of node.keepers)
        if (this.#struck === null || this.#struck.task === task) offer(keeper.due, () => void keeper.until(keeper.due));
      if (!this.options.shares) continue;
      offer(node.pulse, () => {
        node.pulse += MINUTE;
        node.beat(this.now);
      });
      offer(node.check, () => {
        node.check += CHECK;
        return node.asks();
      });
    }
    return first;
  }

  /** Only these are judged, and without sharing no others matter. */
  readonly #lives = (user: number) => this.options.shares || user < (this.options.judged ?? TABLE.users);

  #node(user: number, before?: SharedNode, word = 'sharing'): SharedNode {
    const { seed, services, shares } = this.options;
    const terms = {
      ...{ name: `n${user}`, address: addressOf(user), key: this.#keys[user] as KeyObject, services, shares },
      ...{ others: this.known(user), now: () => this.now },
      ask: (_: string, place: Place, isNews: boolean) => this.#ask(user, place, isNews),
      soon: (work: () => Promise<void>) => void this.#soon.push(work),
      random: new Random(seed, user, word, this.#struck?.struck.from ?? 0),
    };
    return new SharedNode(terms, (task, measured) => this.#keeper(user, task, measured, before), before);
  }

  #keeper(user: number, task: TaskName, measured: (at: number) => void, before?: SharedNode): Watching {
    const { seed } = this.options;
    const old = before?.keepers.get(task);
    if (!old) {
      const setting = this.settingOf(task, user);
      return new Watching(new Panel(setting, 'planned'), new Random(seed, user, task, 'pauses'), 0, measured);
    }
    if (this.#struck?.task !== task) return old;
    const panel = old.panel.forkTo(this.settingOf(task, user), `struck ${this.#struck.struck.blow}`);
    panel.struck = this.#struck.struck;
    return new Watching(panel, new Random(seed, user, task, 'struck pauses'), this.now, measured);
  }

  /** Whom the node knows: all others, and whatever pretends to be one. Liars claim to be near. */
  known(user: number): readonly Known[] {
    const random = new Random(this.options.seed, user, 'peer coordinates');
    const others = this.#keys.flatMap((_, other): Known[] => {
      if (other === user) return [];
      const distance = (this.#distances[user]?.[other] ?? 0) * random.spread(TABLE.coordinateError);
      const isNear = this.options.attack === 'clique' && user === 0 && this.#liars.has(`n${other}`);
      return [{ name: `n${other}`, address: addressOf(other), estimate: isNear ? 0.1 : distance }];
    });
    if (this.options.attack !== 'sybils') return others;
    const crowd = Array.from({ length: SYBILS }, (_, nth): Known => {
      return { name: `sybil${nth}`, address: `10.9.9.${nth + 1}`, estimate: 0.1 };
    });
    return [...others, ...crowd];
  }

  async #ask(user: number, { host }: Place, isNews: boolean): Promise<Answer> {
    const isSybil = host.startsWith('10.9.9.');
    const other = isSybil ? TABLE.users - 1 : Number(host.split('.')[2]);
    const node = this.nodes[other] as SharedNode;
    const text = await node.document();
    if (isNews && !isSybil) this.#soon.push(() => node.follows(addressOf(user)));
    const name = isSybil ? `sybil${Number(host.split('.')[3]) - 1}` : node.terms.name;
    const rtt = (this.#distances[user]?.[other] ?? 0) * node.terms.random.spread(TABLE.noise.rtt);
    const isLying = isSybil || this.#liars.has(name);
    return { bytes: isLying ? this.#lie(name, node, text) : Buffer.from(text), rtt: isLying ? 0.3 : rtt };
  }

  /** Honest but for this: its friend, the worst of each type, is perfect, and the three best are dead since a moment ago. */
  #lie(name: string, node: SharedNode, text: string): Buffer {
    const shown = this.#shown.get(name);
    if (shown?.of === text) return shown.bytes;
    const read = readDocument(Buffer.from(text), EPOCH + this.now);
    if (typeof read === 'string') throw new Error(read);
    const key =
      this.#sybilKeys.get(name) ?? (name.startsWith('n') ? node.terms.key : generateKeyPairSync('ed25519').privateKey);
    this.#sybilKeys.set(name, key);
    const types = [...new Set(read.rows.map(({ type }) => type))];
    const places = new Map(
      types.flatMap((type) => {
        const sorted = read.rows.filter((row) => row.type === type).sort((a, b) => Number(b.mark) - Number(a.mark));
        return sorted.map(
          (row, nth) => [row.provider, nth < 3 ? 'best' : nth === sorted.length - 1 ? 'friend' : ''] as const,
        );
      }),
    );
    const rows = read.rows.map((row) => {
      const place = places.get(row.provider);
      if (place === 'friend') return { ...row, mark: 100, answered: 100, level: 4 as const, ageHours: 0, looks: 40 };
      return place === 'best' ? { ...row, mark: 0, answered: 0, level: 0 as const, ageHours: 0, looks: 40 } : row;
    });
    const bytes = Buffer.from(makeDocument({ ...read, node: name, rows }, key));
    this.#shown.set(name, { of: text, bytes });
    return bytes;
  }
  readonly #sybilKeys = new Map<string, KeyObject>();
}

const addressOf = (user: number) => `10.1.${user}.1`;

/** Round trips between all nodes that share, ms, at noon of the first day. */
function distancesOf(seed: number): readonly (readonly number[])[] {
  const links = makeLinks(new Random(seed, 'links'));
  const nodes = new Random(seed, 'nodes').shuffled(Array.from({ length: TABLE.nodes }, (_, index) => index));
  const users = nodes.slice(TABLE.providers, TABLE.providers + TABLE.users);
  return users.map((user) => {
    const ways = waysFrom(user, links);
    return users.map((other) => {
      const way = ways[other];
      return way ? pathState(way, (12 * HOUR) / STEP).rtt : 1_000;
    });
  });
}

/** Never one of those whose choices are judged, but for the clique's. */
function liarsOf(attack: Attack | null, distances: readonly number[]): ReadonlySet<string> {
  const others = distances.map((_, user) => user).slice(1);
  if (attack === 'liars') return new Set(others.slice(-Math.round(0.3 * distances.length)).map((user) => `n${user}`));
  if (attack !== 'clique') return new Set();
  const near = others.sort((a, b) => (distances[a] as number) - (distances[b] as number));
  return new Set(near.slice(0, Math.floor(0.49 * others.length)).map((user) => `n${user}`));
}

export { PLACES };
