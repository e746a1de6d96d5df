/**
 * One node of a simulated community whose panels tell each other what they have measured: the program's own document,
 * asking, judging, weighing and looking, behind a virtual clock. Only the network and the disk are made up.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import type { Answer, ask, Place } from '../../../plugin/community/ask.js';
import { Asker } from '../../../plugin/community/asker.js';
import { publicKey } from '../../../plugin/community/document.js';
import { isNews } from '../../../plugin/community/evidence.js';
import { Hearing } from '../../../plugin/community/hearing.js';
import { OwnDocument } from '../../../plugin/community/own-document.js';
import type { Ranked } from '../../../plugin/model/ranked.js';
import { Urgent } from '../../../plugin/scan/scheduler/urgent.js';
import type { SerfRpc } from '../../../plugin/serf/client.js';
import type { ServiceRegistry } from '../../../plugin/services/contract.js';
import type { Peer, PeerStore } from '../../../plugin/store/index.js';
import { Planned } from './keepers.js';
import { EPOCH, indexOf, type Panel, PROVIDERS } from './panel.js';
import type { Random } from './random.js';
import { TASK, TASKS, type TaskName } from './tasks.js';

const MINUTE = 60_000;

/** The id that documents give a provider of the task. */
const idOf = (task: TaskName, index: number) => createHash('md5').update(`${task} ${index}`).digest('hex');
const IDS = new Map(TASKS.map((task) => [task, PROVIDERS.map((_, index) => idOf(task, index))]));
export const PLACES: ReadonlyMap<string, { readonly task: TaskName; readonly index: number }> = new Map(
  TASKS.flatMap((task) => PROVIDERS.map((_, index) => [idOf(task, index), { task, index }] as const)),
);
const TASK_OF = new Map(TASKS.map((task) => [TASK[task].type, task]));

/** Measures by plan, and between two turns where something else than the plan says so. */
export class Watching extends Planned {
  #list: readonly Ranked[] | null = null;
  readonly #measured: (at: number) => void;

  constructor(panel: Panel, random: Random, from: number, measured: (at: number) => void) {
    super(panel, random, from);
    this.#measured = measured;
  }

  /** When it is the plan's turn, ms from the start. */
  get due(): number {
    return this.next;
  }

  protected override round(at: number): void {
    this.#list ??= this.panel.rows(at);
    this.#list = this.panel.background(at, this.#list);
    this.#measured(at);
  }

  /** Failures in a row of the provider, after one more attempt. */
  look(provider: number, at: number): number {
    this.panel.probe(provider, at);
    this.#list = this.panel.conclude(at);
    this.#measured(at);
    const failures = this.panel.attempts(provider).findIndex(({ reason }) => reason === null);
    return failures === -1 ? this.panel.attempts(provider).length : failures;
  }
}

/** What a node knows of another one: its name, its address, and how far it seems to be, ms. */
export interface Known {
  readonly name: string;
  readonly address: string;
  readonly estimate: number;
}

export interface NodeTerms {
  readonly name: string;
  readonly address: string;
  readonly key: KeyObject;
  readonly services: ServiceRegistry;
  readonly others: readonly Known[];
  /** Sends a question to another node. */
  readonly ask: (from: string, place: Place, isNews: boolean) => Promise<Answer>;
  /** Lets that happen as soon as what happens now is over. */
  readonly soon: (work: () => Promise<void>) => void;
  /** ms from the start of the simulation. */
  readonly now: () => number;
  readonly random: Random;
  /** Whether it asks and tells. */
  readonly shares: boolean;
}

/** So many bytes of a document's exchange are not the document: HTTP's, and those of fourteen packets of TCP. */
const AROUND = 330 + 14 * 52;

export class SharedNode {
  readonly terms: NodeTerms;
  readonly keepers: ReadonlyMap<TaskName, Watching>;
  readonly urgent = new Urgent();
  readonly peers: MemoryPeers;
  readonly settings: Map<string, string>;
  readonly hearing: Hearing;
  readonly asker: Asker;
  readonly #document: OwnDocument;
  /** When it is time to see whether to ask, and to look at what was reported. */
  check: number;
  pulse = Number.POSITIVE_INFINITY;
  /** Looks that neighbours made it take. */
  looks = 0;
  /** Of its questions and their answers, and how many. */
  bytes = 0;
  questions = 0;

  constructor(
    terms: NodeTerms,
    makeKeeper: (task: TaskName, measured: (at: number) => void) => Watching,
    before?: Pick<SharedNode, 'peers' | 'settings' | 'check'>,
  ) {
    this.terms = terms;
    this.keepers = new Map(TASKS.map((task) => [task, makeKeeper(task, (at) => this.#measured(task, at))]));
    this.peers = new MemoryPeers(before?.peers);
    this.settings = new Map(before?.settings);
    this.check = before?.check ?? terms.random.next() * 30 * MINUTE;
    const { document, hearing, asker } = this.#wire();
    this.#document = document;
    this.hearing = hearing;
    this.asker = asker;
  }

  #wire() {
    const { terms, settings: kept, peers } = this;
    const { services, key, random } = terms;
    const now = () => EPOCH + terms.now();
    const discovery = {
      words: () => TASKS.map((task) => TASK[task].type),
      ready: async () => {},
      serfClient: () => this.#client,
      find: (id: string) => hostOf(id) as never,
      estimates: async () => new Map(terms.others.map(({ name, estimate }) => [name, estimate])),
    };
    const attempts = { of: this.#attempts } as never;
    const opinions = {} as never;
    const own = { services, discovery, ranking: this.#ranking, now };
    const deps = { ...own, store: { attempts, opinions }, dataDir: tmpdir(), steady: () => terms.now() };
    const document = new OwnDocument(deps, key);
    const time = { now, doubted: null };
    const report = (typeId: string, id: string) => this.#report(typeId, id);
    const rows = async () => (await document.current(false)).rows;
    const hearing = new Hearing({ ...own, store: { peers }, time, report, own: rows });
    const settings = {
      get: (name: string) => kept.get(name) ?? null,
      set: (name: string, value: string | null) => void (value === null ? kept.delete(name) : kept.set(name, value)),
    };
    const heardAll: Promise<void>[] = [];
    const asker = new Asker({
      ...{ config: { peers: [], communityRanges: null }, discovery, store: { peers, settings } as never, time },
      ...{ ownKey: publicKey(key), spend: () => true, random: random.next },
      heard: (said, before) => void heardAll.push(hearing.heard(said, before)),
      ask: async (place: Place, _: Parameters<typeof ask>[1], tellsNews = false) => {
        // What was heard of the one before is weighed before the next is asked: a question takes a while.
        await Promise.all(heardAll.splice(0));
        return this.#ask(place, tellsNews);
      },
    });
    this.#settle = async () => void (await Promise.all(heardAll.splice(0)));
    return { document, hearing, asker };
  }

  #settle: () => Promise<void> = async () => {};

  /** What it tells. */
  async document(): Promise<string> {
    return (await this.#document.current(false)).text;
  }

  /** Asks whom it is time to ask. Resolves once all that was said is weighed. */
  async asks(): Promise<void> {
    await this.asker.check();
    await this.#settle();
  }

  /** One beat of the scheduler: at most one look at what was reported. */
  beat(at: number): void {
    const report = this.urgent.take(at);
    if (report === null) return;
    const { task, index } = PLACES.get(report.provider) as { task: TaskName; index: number };
    this.looks += 1;
    const failures = (this.keepers.get(task) as Watching).look(index, at);
    if (failures === 1) this.urgent.again(report, at);
    else if (failures === 0) this.urgent.further(report, at);
  }

  /** Whoever has news asked it: it asks back. */
  async follows(host: string): Promise<void> {
    await this.asker.follow(host);
    await this.#settle();
  }

  async #ask(place: Place, tellsNews: boolean): Promise<Answer> {
    const answer = await this.terms.ask(this.terms.address, place, tellsNews);
    this.bytes += gzipSync(answer.bytes).length + AROUND;
    this.questions += 1;
    return answer;
  }

  #report(typeId: string, id: string): void {
    if (!this.#ranking(typeId).some(({ provider, samples }) => provider.id === id && samples > 0)) return;
    this.urgent.add({ typeId, provider: id }, this.terms.now());
    this.pulse = Math.min(this.pulse, this.terms.now() + MINUTE);
  }

  #measured(task: TaskName, at: number): void {
    if (!this.terms.shares) return;
    const { panel } = this.keepers.get(task) as Watching;
    const ids = IDS.get(task) as readonly string[];
    const measured = ids.filter((_, index) => {
      const [newest] = panel.attempts(index);
      return newest !== undefined && newest.at >= EPOCH + at && newest.reason !== null;
    });
    if (measured.length === 0 || !isNews(this.#ranking(TASK[task].type), measured)) return;
    this.#document.renew();
    this.terms.soon(async () => {
      await this.asker.tell();
      await this.#settle();
    });
  }

  readonly #ranking = (typeId: string): readonly Ranked[] => {
    const task = TASK_OF.get(typeId) as TaskName;
    const ids = IDS.get(task) as readonly string[];
    const { panel } = this.keepers.get(task) as Watching;
    return panel.rows(this.terms.now()).map((row) => {
      const id = ids[indexOf(row.provider.id)] as string;
      return { ...row, provider: { ...row.provider, id, type: typeId } };
    });
  };

  readonly #attempts = (_: string, id: string, limit: number, since: number) => {
    const { task, index } = PLACES.get(id) as { task: TaskName; index: number };
    const { panel } = this.keepers.get(task) as Watching;
    return panel
      .attempts(index)
      .filter(({ at }) => at >= since)
      .slice(0, limit);
  };

  /** Its agent: it knows all others, and that they share. */
  get #client(): SerfRpc {
    const { name, others } = this.terms;
    const member = (known: { readonly name: string; readonly address: string }) => ({
      ...{ name: known.name, address: known.address, port: 7946, status: 'alive' as const },
      tags: new Map([['cs', '7002']]),
    });
    const members = [member(this.terms), ...others.map(member)];
    const agent = new Map([['agent', new Map([['name', name]])]]);
    this.#agent ??= { stats: async () => agent, members: async () => members } as unknown as SerfRpc;
    return this.#agent;
  }
  #agent: SerfRpc | undefined;
}

/** Hosts of services ask nobody. */
const hostOf = (id: string) => {
  const place = PLACES.get(id);
  return place ? { node: `host${place.index}`, address: `10.0.${place.index}.1` } : null;
};

/** As the table, but for its limit, which no simulated community reaches. */
class MemoryPeers implements PeerStore {
  readonly #all: Map<string, Peer>;

  constructor(before?: MemoryPeers) {
    this.#all = new Map(before ? before.#all : []);
  }
  get = (peer: string) => this.#all.get(peer) ?? null;
  all = () => [...this.#all.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
  put = (peer: Peer) => void this.#all.set(peer.peer, peer);
  forget = (peer: string) => void this.#all.delete(peer);
}
