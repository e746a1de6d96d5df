/** Announcing this node's own services to the neighbours, and remembering what was announced. */
import { networkInterfaces } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config.js';
import { allowing } from '../discovery/allowed.js';
import type { Discovery } from '../discovery/index.js';
import {
  type Piece,
  type packTag,
  readPiece,
  TAGS_LIMIT,
  textOf,
  type WireEntry,
  writePiece,
} from '../discovery/tag-write.js';
import { PanelError } from '../errors.js';
import type { ServiceRegistry } from '../services/index.js';
import type { SettingStore } from '../store/index.js';
import { entryOf, formOf, type PublishForm, standardForm } from './announcement.js';
import { type Lan, type LanService, lanServiceOf } from './lan.js';
import { OwnTags } from './tags.js';

/**
 * Why an announcement was ended that nobody here asked to end: the service did not run, nothing listened on its port where
 * neighbours reach it, or another program took it away.
 */
export const WITHDRAWALS = ['not-running', 'silent', 'removed'] as const;
export type Withdrawal = (typeof WITHDRAWALS)[number];

/** What the owner had announced. */
export interface Publication {
  readonly entry: WireEntry;
  /** The unit that ran when it was announced: as long as it runs, the announcement stands. null = none did. */
  readonly unit: string | null;
  /** No Serf agent was there to be told of it yet: only the local network knows. */
  readonly untold: boolean;
  /** When, ms since the epoch. */
  readonly at: number;
  /** Why it is not announced any more although nobody said so; null while it is. */
  readonly withdrawn: { readonly at: number; readonly why: Withdrawal } | null;
}

/** Exactly what neighbours will see. */
export interface Preview {
  readonly form: Required<PublishForm>;
  readonly entry: WireEntry;
  /** The same on the local network; null where nothing is announced there. */
  readonly lan: LanService | null;
  /** The other entries of this node as their programs wrote them: they stay as they are. null while no Serf agent answers. */
  readonly others: readonly string[] | null;
  /** All tags of this node, encoded, and the most that Serf gossips; null while no Serf agent answers. */
  readonly bytes: number | null;
  readonly limit: number;
  readonly fits: boolean;
}

export interface PublisherDeps {
  readonly config: Pick<Config, 'communityRanges' | 'language'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'serfClient' | 'providers'>;
  readonly settings: SettingStore;
  readonly now: () => number;
  /** Where it is announced besides; without it, only through Serf. */
  readonly lan?: Lan | null;
  readonly pack?: typeof packTag;
}

/** Name of the setting. */
const SETTING = 'published';
/** How long a page waits for the list of members, ms. */
const ADDRESS_LIMIT_MS = 1_500;
/** avahi-daemon first asks for a second whether a neighbour has the name (RFC 6762 §8.1), ms. */
const LAN_LIMIT_MS = 5_000;

export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #tags: OwnTags;
  readonly #lan: Lan | null;

  /** Announces on the local network at once what it remembers; the Serf agent remembers by itself. */
  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#tags = new OwnTags(() => deps.discovery.serfClient(), deps.pack);
    this.#lan = deps.lan ?? null;
    this.#announce();
  }

  /** What was announced by this panel, by wire word. */
  all(): ReadonlyMap<string, Publication> {
    const text = this.#deps.settings.get(SETTING);
    const kept = Object.entries(text === null ? {} : (JSON.parse(text) as Record<string, Publication>));
    // An earlier version announced through Serf alone, and did not say so.
    return new Map(kept.map(([word, publication]) => [word, { ...publication, untold: publication.untold ?? false }]));
  }

  /** What the form shows first: what was announced last, else the type's defaults. */
  form(word: string): Required<PublishForm> {
    const known = this.all().get(word);
    if (known) return formOf(known.entry);
    const { services, config } = this.#deps;
    return standardForm(services.of(word), config.language, this.#community());
  }

  /** @throws FieldError when the form cannot be announced as it is */
  check(word: string, form: PublishForm): void {
    entryOf(word, { ...this.form(word), ...form }, '0.0.0.0');
  }

  /** @throws FieldError; PanelError serf-away, serf-refused, tag-unreadable, publish-failed */
  async preview(word: string, form: PublishForm = {}): Promise<Preview> {
    const whole = { ...this.form(word), ...form };
    const entry = entryOf(word, whole, await this.#address());
    const lan = this.#lan && lanServiceOf(entry);
    const draft = await this.#orAway(this.#tags.draft((all) => this.#with(entry, all)));
    const shown = { form: whole, entry, lan, limit: TAGS_LIMIT };
    if (draft instanceof PanelError) return { ...shown, others: null, bytes: null, fits: true };
    const { bytes, pieces } = draft;
    const others = pieces.filter((piece) => !isSame(piece, entry)).map(textOf);
    return { ...shown, others, bytes, fits: bytes <= TAGS_LIMIT };
  }

  /**
   * Announces the service, in the place of what this panel announced of it before. Without a Serf agent, it is enough that
   * the local network hears of it; the agent is told once it is there.
   * @param unit the one that runs it now; null when none does
   * @throws FieldError; PanelError tags-full, tag-unreadable, publish-failed, serf-away, serf-refused
   */
  async publish(word: string, form: PublishForm, unit: string | null): Promise<void> {
    const entry = entryOf(word, { ...this.form(word), ...form }, await this.#address());
    const known = this.all().get(word);
    // What an agent was told, it may tell again when it is back: only it can take that back.
    const isUntold = !known || known.untold || known.withdrawn !== null;
    const change = this.#tags.change((all) => this.#with(entry, all));
    const away = isUntold ? await this.#orAway(change) : await change;
    this.#remember(word, { entry, unit, untold: Boolean(away), at: this.#deps.now(), withdrawn: null });
    if (!away || (await this.#lan?.settled(word, LAN_LIMIT_MS)) === 'announced') return;
    this.#remember(word, known ?? null);
    throw away;
  }

  /** Ends the announcement and forgets it. @throws as publish */
  async unpublish(word: string): Promise<void> {
    const address = await this.#address();
    const change = this.#tags.change((all) => all.filter((piece) => !this.#isOurs(word, address, piece)));
    await (this.all().get(word)?.untold ? this.#orAway(change) : change);
    this.#remember(word, null);
  }

  /** Ends the announcement, and remembers why; not one that is made anew meanwhile: then false. @throws as publish */
  async withdraw(word: string, why: Withdrawal): Promise<boolean> {
    const known = this.all().get(word);
    if (!known) return false;
    const change = this.#tags.change((all) =>
      this.#stands(word, known) ? all.filter((piece) => !isSame(piece, known.entry)) : all,
    );
    await (known.untold ? this.#orAway(change) : change);
    if (!this.#stands(word, known)) return false;
    this.#remember(word, { ...known, withdrawn: { at: this.#deps.now(), why } });
    return true;
  }

  /** Announces again all that is remembered and still wanted; this node's address may be another one now. @throws as publish */
  async restore(): Promise<void> {
    const address = await this.#address();
    for (const [word, known] of this.all()) {
      if (known.withdrawn !== null) continue;
      const entry = entryOf(word, formOf(known.entry), address);
      await this.#tags.change((all) => (this.#stands(word, known) ? this.#with(entry, all) : all));
      if (this.#stands(word, known)) this.#remember(word, { ...known, entry, untold: false });
    }
  }

  /** Whether that is what is remembered now: its owner may have ended it, or announced it anew, meanwhile. */
  #stands(word: string, known: Publication): boolean {
    return isDeepStrictEqual(this.all().get(word), known);
  }

  /** Wire words of what should be announced and is not. @throws PanelError serf-away, serf-refused, tag-unreadable */
  async missing(): Promise<readonly string[]> {
    const wanted = [...this.all()].filter(([, { withdrawn }]) => withdrawn === null);
    if (wanted.length === 0) return [];
    const pieces = await this.#tags.pieces();
    return wanted.filter(([, { entry }]) => !pieces.some((piece) => isSame(piece, entry))).map(([word]) => word);
  }

  /** The list with the entry in it: where ours was, else at the end. */
  #with(entry: WireEntry, all: readonly Piece[]): readonly Piece[] {
    const before = this.all().get(entry.s)?.entry ?? entry;
    const isOurs = (piece: Piece) => isSame(piece, entry) || isSame(piece, before);
    const at = all.findIndex(isOurs);
    const others = all.filter((piece) => !isOurs(piece));
    const place = at < 0 ? others.length : all.slice(0, at).filter((piece) => !isOurs(piece)).length;
    return others.toSpliced(place, 0, writePiece(entry));
  }

  /** What this panel announced; where it announced nothing, what stands there for the type at this node's address. */
  #isOurs(word: string, address: string, piece: Piece): boolean {
    const known = this.all().get(word);
    if (known) return isSame(piece, known.entry);
    const entry = readPiece(piece);
    return entry?.type === word && entry.address === address;
  }

  #remember(word: string, publication: Publication | null): void {
    const all = new Map(this.all());
    if (publication) all.set(word, publication);
    else all.delete(word);
    this.#deps.settings.set(SETTING, all.size === 0 ? null : JSON.stringify(Object.fromEntries(all)));
    this.#announce();
  }

  /** Has the local network hear of all that is wanted, and of nothing else. */
  #announce(): void {
    const wanted = [...this.all()].filter(([, { withdrawn }]) => withdrawn === null);
    this.#lan?.set(new Map(wanted.map(([word, { entry }]) => [word, lanServiceOf(entry)])));
  }

  /** What comes of it; that no Serf agent answers is no failure where there is the local network. */
  async #orAway<T>(work: Promise<T>): Promise<T | PanelError> {
    try {
      return await work;
    } catch (error) {
      if (this.#lan && error instanceof PanelError && error.code === 'serf-away') return error;
      throw error;
    }
  }

  /** Where this node gossips; should the agent not say, its first address within the community. */
  async #address(): Promise<string> {
    const gossip = await this.#orAway(this.#gossip());
    if (gossip && !(gossip instanceof PanelError)) return gossip;
    const isAllowed = allowing(this.#deps.config.communityRanges, false);
    const own = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
    const found = own.find((address) => isAllowed(address));
    if (found) return found;
    const hint = 'Set COMMUNITY_RANGES to the addresses of your community.';
    throw new PanelError('publish-failed', 'This node has no address within the community.', hint);
  }

  async #gossip(): Promise<string | null | undefined> {
    const client = this.#deps.discovery.serfClient();
    const [stats, members] = await Promise.all([client.stats(ADDRESS_LIMIT_MS), client.members()]);
    const name = stats.get('agent')?.get('name');
    return members.find((member) => member.name === name)?.address;
  }

  /** What most neighbours call their community. */
  #community(): string {
    const counts = new Map<string, number>();
    for (const { community } of this.#deps.discovery.providers())
      if (community !== '') counts.set(community, (counts.get(community) ?? 0) + 1);
    return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? '';
  }
}

/** The same service at the same place, whatever else is said of it. */
function isSame(piece: Piece, { s, i, p }: WireEntry): boolean {
  const entry = readPiece(piece);
  return entry !== null && entry.type === s && entry.address === i && String(entry.port) === p;
}
