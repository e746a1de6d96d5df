/** Announcing this node's own services to the neighbours, and remembering what was announced. */
import { networkInterfaces } from 'node:os';
import type { Config } from '../config.js';
import { allowing } from '../discovery/allowed.js';
import type { Discovery } from '../discovery/index.js';
import { type Piece, type packTag, readPiece, TAGS_LIMIT, type WireEntry, writePiece } from '../discovery/tag-write.js';
import { PanelError } from '../errors.js';
import type { ServiceRegistry } from '../services/index.js';
import type { SettingStore } from '../store/index.js';
import { entryOf, formOf, type PublishForm, standardForm } from './announcement.js';
import { OwnTags } from './tags.js';

/** What the owner had announced. */
export interface Publication {
  readonly entry: WireEntry;
  /** The unit that ran when it was announced: as long as it runs, the announcement stands. null = none did. */
  readonly unit: string | null;
  /** When, ms since the epoch. */
  readonly at: number;
  /** Why it is not announced any more although nobody said so; null while it is. */
  readonly withdrawn: { readonly at: number; readonly why: 'not-running' | 'removed' } | null;
}

/** Exactly what neighbours will see. */
export interface Preview {
  readonly form: Required<PublishForm>;
  readonly entry: WireEntry;
  /** How many other entries stay as they are. */
  readonly others: number;
  /** All tags of this node, encoded, and the most that Serf gossips. */
  readonly bytes: number;
  readonly limit: number;
  readonly fits: boolean;
}

export interface PublisherDeps {
  readonly config: Pick<Config, 'communityRanges' | 'language'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'serfClient' | 'providers'>;
  readonly settings: SettingStore;
  readonly now: () => number;
  readonly pack?: typeof packTag;
}

/** Name of the setting. */
const SETTING = 'published';
/** How long a page waits for the list of members, ms. */
const ADDRESS_LIMIT_MS = 1_500;

export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #tags: OwnTags;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#tags = new OwnTags(() => deps.discovery.serfClient(), deps.pack);
  }

  /** What was announced by this panel, by wire word. */
  all(): ReadonlyMap<string, Publication> {
    const text = this.#deps.settings.get(SETTING);
    return new Map(Object.entries(text === null ? {} : (JSON.parse(text) as Record<string, Publication>)));
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
    const { bytes, pieces } = await this.#tags.draft((all) => this.#with(entry, all));
    const others = pieces.length - 1;
    return { form: whole, entry, others, bytes, limit: TAGS_LIMIT, fits: bytes <= TAGS_LIMIT };
  }

  /**
   * Announces the service, in the place of what this panel announced of it before.
   * @param unit the one that runs it now; null when none does
   * @throws FieldError; PanelError tags-full, tag-unreadable, publish-failed, serf-away, serf-refused
   */
  async publish(word: string, form: PublishForm, unit: string | null): Promise<void> {
    const entry = entryOf(word, { ...this.form(word), ...form }, await this.#address());
    await this.#tags.change((all) => this.#with(entry, all));
    this.#remember(word, { entry, unit, at: this.#deps.now(), withdrawn: null });
  }

  /** Ends the announcement and forgets it. @throws as publish */
  async unpublish(word: string): Promise<void> {
    const address = await this.#address();
    await this.#tags.change((all) => all.filter((piece) => !this.#isOurs(word, address, piece)));
    this.#remember(word, null);
  }

  /** Ends the announcement, and remembers why. @throws as publish */
  async withdraw(word: string, why: 'not-running' | 'removed'): Promise<void> {
    const known = this.all().get(word);
    if (!known) return;
    await this.#tags.change((all) => all.filter((piece) => !isSame(piece, known.entry)));
    this.#remember(word, { ...known, withdrawn: { at: this.#deps.now(), why } });
  }

  /** Announces again all that is remembered and still wanted; this node's address may be another one now. @throws as publish */
  async restore(): Promise<void> {
    const address = await this.#address();
    for (const [word, known] of this.all()) {
      const entry = entryOf(word, formOf(known.entry), address);
      // Its owner may have ended it meanwhile.
      const isWanted = () => this.all().get(word)?.withdrawn === null;
      await this.#tags.change((all) => (isWanted() ? this.#with(entry, all) : all));
      if (isWanted()) this.#remember(word, { ...known, entry });
    }
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
  }

  /** Where this node gossips; should the agent not say, its first address within the community. */
  async #address(): Promise<string> {
    const client = this.#deps.discovery.serfClient();
    const [stats, members] = await Promise.all([client.stats(ADDRESS_LIMIT_MS), client.members()]);
    const name = stats.get('agent')?.get('name');
    const gossip = members.find((member) => member.name === name)?.address;
    if (gossip) return gossip;
    const isAllowed = allowing(this.#deps.config.communityRanges, false);
    const own = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
    const found = own.find((address) => isAllowed(address));
    if (found) return found;
    const hint = 'Set COMMUNITY_RANGES to the addresses of your community.';
    throw new PanelError('publish-failed', 'This node has no address within the community.', hint);
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
