/**
 * Asks a few neighbours' panels twice a day, and stores what is taken of their answers. What may concern them at once
 * travels by the same questions: who has lost something asks a few with a word that there is news, and they ask back.
 */
import type { Config } from '../config/index.js';
import { createAddressCheck } from '../discovery/allowed.js';
import type { Discovery } from '../discovery/index.js';
import type { Time } from '../lib/clock/index.js';
import { log } from '../lib/log.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/time.js';
import { PanelError } from '../model/errors.js';
import type { Said, Store } from '../store/index.js';
import { ASK_BYTES, ask, TooLarge } from './ask.js';
import type { OpinionDocument } from './document.js';
import { judge, type PeerProblem } from './judge.js';
import { type Candidate, choosePeers, listedPeers, serfPeers } from './peers.js';

const ROUND_MS = 12 * HOUR_MS;
/** Before the first round of a run: after a power cut all panels start at once. */
const START_SPREAD_MS = 30 * MINUTE_MS;
const CHECK_MS = 10 * MINUTE_MS;
/** Who is told of news: of the nearest, and of the others. */
const TOLD = { nearest: 3, others: 1 };
/** Questions in a day that news is told or followed by, and that it is followed by: with two rounds, 60 kB at most. */
const MAX_NEWS = 12;
const MAX_FOLLOWED = 8;
/** News of one host is followed no more often, ms. */
const FOLLOW_REST_MS = HOUR_MS;
/** When the last round was, ms since the epoch. */
const SETTING = 'peers-asked';

export interface AskerDeps {
  readonly config: Pick<Config, 'peers' | 'communityRanges'>;
  readonly discovery: Pick<Discovery, 'serfClient' | 'estimates'>;
  readonly store: Pick<Store, 'peers' | 'settings'>;
  readonly time: Pick<Time, 'now' | 'doubted'>;
  /** Takes so many bytes of the day's budget; false where there are too few. */
  readonly spend: (bytes: number) => boolean;
  readonly ownKey: string;
  /** Called with each document that is new. */
  readonly heard: (document: OpinionDocument, before: Said | null) => void;
  /** 0 ≤ x < 1. */
  readonly random?: () => number;
  /** How a panel is asked, where not over the network. */
  readonly ask?: typeof ask;
}

export class Asker {
  readonly #deps: AskerDeps;
  readonly #random: () => number;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  /** The questions of the last day that news was told by, and followed by: whom, and when, ms since the epoch. */
  #told: Question[] = [];
  #followed: Question[] = [];

  /** Asks nobody until it is started. */
  constructor(deps: AskerDeps) {
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
  }

  /** @param soon whether a person waits for it */
  start(soon: boolean): void {
    this.#wait(soon ? 0 : this.#random() * START_SPREAD_MS);
  }

  /** Resolves once the round under way has ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#round;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      void this.check().then(() => {
        if (!this.#stop.signal.aborted) this.#wait(CHECK_MS);
      });
    }, ms).unref();
  }

  /** One round, where it is time for it. */
  check(): Promise<void> {
    return this.#enqueue(() => this.#check());
  }

  /** Tells four that there is news here, by asking them out of turn: at most three times a day. */
  tell(): Promise<void> {
    return this.#enqueue(() => this.#tell());
  }

  /** Asks the host that says there is news, if it is known: at most once an hour, and eight times a day for all. */
  follow(host: string): Promise<void> {
    return this.#enqueue(() => this.#follow(host));
  }

  /** One after the other; nothing is thrown. */
  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#round = this.#round
      .then(() => (this.#stop.signal.aborted ? undefined : work()))
      .catch((error) => {
        if (!this.#stop.signal.aborted) log.error(error);
      });
    return this.#round;
  }

  async #tell(): Promise<void> {
    const now = this.#forget();
    if (this.#told.length + this.#followed.length + TOLD.nearest + TOLD.others > MAX_NEWS) return;
    const candidates = await this.#candidates();
    const chosen = choosePeers(candidates, await this.#distances(candidates), this.#random, TOLD);
    for (const { host } of chosen) this.#told.push({ host, at: now });
    await this.#askAll(chosen, true);
  }

  async #follow(host: string): Promise<void> {
    const now = this.#forget();
    const isRested = this.#followed.every((other) => other.host !== host || Math.abs(now - other.at) >= FOLLOW_REST_MS);
    const isFull = this.#followed.length >= MAX_FOLLOWED || this.#told.length + this.#followed.length >= MAX_NEWS;
    if (isFull || !isRested) return;
    // Strangers get nobody to ask them.
    const isKnown = ({ peer, host: address }: Candidate) =>
      address === host && (this.#deps.store.peers.get(peer)?.said ?? null) !== null;
    const candidate = (await this.#candidates()).find(isKnown);
    if (candidate === undefined) return;
    this.#followed.push({ host, at: now });
    await this.#askAll([candidate]);
  }

  /** The questions of more than a day ago. @returns now, ms since the epoch */
  #forget(): number {
    const now = this.#deps.time.now();
    const isRecent = ({ at }: Question) => Math.abs(now - at) < DAY_MS;
    this.#told = this.#told.filter(isRecent);
    this.#followed = this.#followed.filter(isRecent);
    return now;
  }

  /** A clock that was set back does not put the next one off. */
  async #check(): Promise<void> {
    const { store, time } = this.#deps;
    const now = time.now();
    const last = Number(store.settings.get(SETTING) ?? Number.NEGATIVE_INFINITY);
    if (time.doubted !== null || (last <= now && now - last < ROUND_MS)) return;
    const candidates = await this.#candidates();
    if (candidates.length === 0) return;
    // Before the first answer: a panel that is restarted again and again asks no more than another.
    store.settings.set(SETTING, String(now));
    await this.#askAll(choosePeers(candidates, await this.#distances(candidates), this.#random));
  }

  async #askAll(candidates: readonly Candidate[], isNews = false): Promise<void> {
    for (const candidate of candidates) {
      if (this.#stop.signal.aborted || !this.#deps.spend(ASK_BYTES)) return;
      await this.#ask(candidate, isNews);
    }
  }

  /** The owner's list, and whom Serf tells of where an agent answers. */
  async #candidates(): Promise<readonly Candidate[]> {
    const { config, discovery } = this.#deps;
    const checks = [false, true].map((isLocal) => createAddressCheck(config.communityRanges, isLocal));
    const isAllowed = (address: string, isLocal: boolean) => checks[Number(isLocal)]?.(address) ?? false;
    try {
      return [...listedPeers(config), ...(await serfPeers(discovery.serfClient(), isAllowed))];
    } catch (error) {
      if (!(error instanceof PanelError)) throw error;
      return listedPeers(config);
    }
  }

  /** By Serf's coordinates; without them by the time that it took to connect. */
  async #distances(candidates: readonly Candidate[]): Promise<ReadonlyMap<string, number>> {
    const { discovery, store } = this.#deps;
    const estimates = await discovery.estimates().catch(() => new Map<string, number>());
    const measured = candidates.flatMap(({ peer, node }) => {
      const rtt = store.peers.get(peer)?.said?.rtt;
      return rtt === undefined ? [] : [[node ?? peer, rtt] as const];
    });
    return new Map([...measured, ...estimates]);
  }

  async #ask(candidate: Candidate, isNews: boolean): Promise<void> {
    const { store, time } = this.#deps;
    const known = store.peers.get(candidate.peer);
    const taken = await this.#answer(candidate, known?.said ?? null, isNews);
    if (this.#stop.signal.aborted) return;
    const base = { peer: candidate.peer, address: candidate.host, askedAt: time.now() };
    if (typeof taken === 'string') {
      const node = known?.node ?? candidate.node ?? candidate.host;
      store.peers.put({ ...base, node, problem: taken, said: known?.said ?? null });
      return;
    }
    const { document, said } = taken;
    store.peers.put({ ...base, node: document.node, problem: null, said });
    if (said.at !== known?.said?.at) this.#deps.heard(document, known?.said ?? null);
  }

  async #answer(candidate: Candidate, before: Said | null, isNews: boolean): Promise<Taken | PeerProblem> {
    const { time, ownKey } = this.#deps;
    const put = this.#deps.ask ?? ask;
    try {
      const { bytes, rtt } = await put(candidate, this.#stop.signal, isNews);
      const now = time.now();
      const document = judge(bytes, { said: before, node: candidate.node, ownKey, now });
      if (typeof document === 'string') return document;
      const { key, at } = document;
      const said = { key, since: before?.since ?? now, at, receivedAt: now, rtt, document: bytes.toString() };
      return { document, said };
    } catch (error) {
      return error instanceof TooLarge ? 'too-large' : 'no-answer';
    }
  }
}

interface Question {
  readonly host: string;
  readonly at: number;
}

interface Taken {
  readonly document: OpinionDocument;
  readonly said: Said;
}
