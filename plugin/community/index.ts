/** What neighbours' panels and this one tell each other: off until the owner turns it on. */
import type { Config } from '../config/index.js';
import { createAddressCheck } from '../discovery/allowed.js';
import type { Discovery } from '../discovery/index.js';
import type { Time } from '../lib/clock/index.js';
import { log } from '../lib/log.js';
import { MINUTE_MS } from '../lib/time.js';
import type { Peer, Store } from '../store/index.js';
import { Asker, type AskerDeps } from './asker.js';
import { type Infrastructure, publicKey, rowsIn } from './document.js';
import { type Experience, isNews } from './evidence.js';
import type { FirstHandDeps } from './first-hand.js';
import { Hearing, type HearingDeps } from './hearing.js';
import { PEER_PROBLEMS, type PeerProblem } from './judge.js';
import { ownKey } from './key.js';
import { Listener } from './listener.js';
import { OwnDocument } from './own-document.js';
import { ShareTag, type TagState } from './tag.js';

/** Whether the owner turned it on or off here. */
const SETTING = 'share';
const STARS_SETTING = 'share-stars';
/** An address that is taken, or not there yet, is tried again after this, ms. */
const RETRY_MS = MINUTE_MS;

const NOTHING_HEARD: Pick<Hearing, 'expected' | 'version'> = { expected: new Map(), version: 0 };

export interface CommunityDeps extends Pick<FirstHandDeps, 'services' | 'ranking'> {
  readonly config: Pick<Config, 'share' | 'shareListen' | 'peers' | 'communityRanges' | 'dataDir'>;
  readonly discovery: Discovery;
  readonly store: Pick<Store, 'attempts' | 'opinions' | 'peers' | 'settings'>;
  readonly time: Pick<Time, 'now' | 'steady' | 'doubted'>;
  readonly spend: AskerDeps['spend'];
  readonly report: HearingDeps['report'];
  readonly random?: () => number;
}

export interface CommunityStatus {
  readonly on: boolean;
  /** Whether the owner's stars are told. */
  readonly stars: boolean;
  /** Where it listens, `HOST:PORT`; null where it does not. */
  readonly address: string | null;
  /** Why it does not, in English; null where it does, or is off. */
  readonly problem: string | null;
  readonly tag: TagState;
  /** The panels that were asked, by name. */
  readonly peers: readonly PeerStatus[];
}

export interface PeerStatus {
  /** How it was found. */
  readonly id: string;
  readonly name: string;
  /** ms since the epoch. */
  readonly askedAt: number;
  /** How many providers it last told of; null where nothing was ever taken from it. */
  readonly rows: number | null;
  readonly problem: PeerProblem | null;
}

/** The part that pages use. */
export type CommunityPart = Pick<Community, 'status' | 'on' | 'off' | 'tellStars' | 'forget' | 'about' | 'declared'>;

interface Parts {
  readonly document: OwnDocument;
  readonly hearing: Hearing;
  readonly asker: Asker;
}

export class Community {
  readonly #deps: CommunityDeps;
  #on: boolean;
  #tag: ShareTag | null = null;
  /** While it is on. */
  #parts: Parts | null = null;
  /** Of all that was heard before it was last turned off. */
  #version = 0;
  /** Whether a person has just turned it on. */
  #soon = false;
  #listener: Listener | null = null;
  #problem: string | null = null;
  #retry: NodeJS.Timeout | undefined;
  /** Opening and closing, one after the other. */
  #work: Promise<void> = Promise.resolve();

  /** Does nothing until it is started. */
  constructor(deps: CommunityDeps) {
    this.#deps = deps;
    const chosen = deps.store.settings.get(SETTING);
    this.#on = chosen === null ? deps.config.share : chosen === 'on';
  }

  /** Resolves once it listens, where it is on. */
  start(): Promise<void> {
    const { discovery, store } = this.#deps;
    this.#tag ??= new ShareTag({ discovery, settings: store.settings });
    return this.#settle();
  }

  status(): CommunityStatus {
    return {
      on: this.#on,
      stars: this.#stars,
      address: this.#listener?.address ?? null,
      problem: this.#problem,
      tag: this.#tag?.state ?? 'none',
      peers: this.#deps.store.peers.all().map(toStatus),
    };
  }

  /** Resolves once it listens, or has failed to. */
  on(): Promise<void> {
    this.#deps.store.settings.keep(SETTING, 'on');
    this.#on = true;
    this.#soon = true;
    return this.#settle();
  }

  /** Resolves once nobody is told anything any more. Stored last: a full disk must not keep it on. */
  async off(): Promise<void> {
    this.#on = false;
    await this.#settle();
    this.#deps.store.settings.set(SETTING, 'off');
  }

  tellStars(stars: boolean): void {
    this.#deps.store.settings.set(STARS_SETTING, stars ? 'on' : 'off');
  }

  /** What neighbours' experience lets expect of what was never tried, by provider; nothing while it is off. */
  get hearsay(): Pick<Hearing, 'expected' | 'version'> {
    const { expected, version } = this.#parts?.hearing ?? NOTHING_HEARD;
    return { expected, version: this.#version + version };
  }

  /** How neighbours fare with the provider, by name; with one of this node's own, too. */
  about(provider: string): readonly Experience[] {
    return this.#parts?.hearing.about(provider) ?? [];
  }

  /** What the neighbour's node says of itself; null where it has not lately. */
  declared(node: string): Infrastructure | null {
    return this.#parts?.hearing.declared(node) ?? null;
  }

  /** Something was measured here: neighbours are told where it is news for them, too. */
  measured(typeId: string, providers: readonly string[]): void {
    const parts = this.#parts;
    if (parts === null || !isNews(this.#deps.ranking(typeId), providers)) return;
    parts.document.renew();
    void parts.asker.tell();
  }

  /** Takes the next document from it as if it were the first: its owner has installed it anew, and says so. */
  forget(peer: string): void {
    this.#deps.store.peers.forget(peer);
  }

  /** The tag stays: a panel that restarts is the same one. */
  async close(): Promise<void> {
    this.#on = false;
    clearTimeout(this.#retry);
    await this.#enqueue(() => this.#shut());
    await this.#tag?.close();
  }

  get #stars(): boolean {
    return this.#deps.store.settings.get(STARS_SETTING) === 'on';
  }

  #settle(): Promise<void> {
    if (this.#tag === null) return Promise.resolve();
    return this.#enqueue(() => (this.#on ? this.#open() : this.#turnOff()));
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch(log.error);
    return this.#work;
  }

  async #open(): Promise<void> {
    clearTimeout(this.#retry);
    if (this.#listener !== null) return;
    const { config, time } = this.#deps;
    try {
      this.#parts ??= this.#begin();
      const { document, asker } = this.#parts;
      const text = async () => (await document.current(this.#stars)).text;
      const onNews = (address: string) => void asker.follow(address);
      const options = { document: text, isWelcome: this.#isWelcome(), onNews, steady: () => time.steady() };
      this.#listener = await Listener.open(config.shareListen, options);
      this.#problem = null;
      await this.#tag?.set(this.#listener.port);
    } catch (error) {
      this.#problem = (error as Error).message;
      this.#retry = setTimeout(() => void this.#settle(), RETRY_MS).unref();
    }
  }

  async #turnOff(): Promise<void> {
    clearTimeout(this.#retry);
    this.#problem = null;
    await this.#shut();
    await this.#tag?.set(null);
  }

  async #shut(): Promise<void> {
    const parts = this.#parts;
    await Promise.all([this.#listener?.close(), parts?.asker.close()]);
    await parts?.hearing.close();
    this.#version += (parts?.hearing.version ?? 0) + 1;
    this.#listener = this.#parts = null;
  }

  /** What it says, whom it asks and what it hears. @throws Error where the key cannot be read or made */
  #begin(): Parts {
    const { config, time } = this.#deps;
    const key = ownKey(config.dataDir);
    const own = { dataDir: config.dataDir, now: () => time.now(), steady: () => time.steady() };
    const document = new OwnDocument({ ...this.#deps, ...own }, key);
    const hearing = new Hearing({ ...this.#deps, own: async () => (await document.current(this.#stars)).rows });
    const heard: AskerDeps['heard'] = (said, before) => void hearing.heard(said, before);
    const asker = new Asker({ ...this.#deps, ownKey: publicKey(key), heard });
    hearing.start();
    asker.start(this.#soon);
    this.#soon = false;
    return { document, hearing, asker };
  }

  /** The community, this machine, and whom the owner has named. */
  #isWelcome(): (address: string) => boolean {
    const { communityRanges, peers } = this.#deps.config;
    const ofCommunity = createAddressCheck(communityRanges, true);
    const named = new Set(peers.map(({ host }) => host));
    return (address) => named.has(address) || address.startsWith('127.') || address === '::1' || ofCommunity(address);
  }
}

function toStatus({ peer, node, askedAt, problem, said }: Peer): PeerStatus {
  const known = PEER_PROBLEMS.find((word) => word === problem) ?? null;
  return { id: peer, name: node, askedAt, problem: known, rows: said && rowsIn(said).length };
}
