/** Announces this node's own services to the neighbours, and accepts what other programs make of the announcements. */
import {
  type Piece,
  type packTag,
  readPiece,
  TAGS_LIMIT,
  textOf,
  toWire,
  type WireEntry,
} from '../../announcement/tag-write.js';
import type { Config } from '../../config/index.js';
import type { Discovery } from '../../discovery/index.js';
import type { Jump } from '../../lib/clock/index.js';
import { PanelError } from '../../model/errors.js';
import type { ServiceRegistry } from '../../services/contract.js';
import type { SettingStore } from '../../store/index.js';
import { Changes, type Reconciled } from './changes.js';
import { put, readEntries } from './entries.js';
import { type CompleteForm, defaultForm, type PublishForm, toEntry, toForm } from './form.js';
import { type Lan, type LanService, toLanService } from './lan.js';
import { isSame } from './overruled.js';
import { communityName, orAway, type PlaceDeps, readPlace } from './place.js';
import { type Publication, Publications, type Withdrawal } from './publications.js';
import { OwnTags } from './tags.js';
import { addressTroubles, portTroubles, type Trouble } from './troubles.js';

export { type Publication, WITHDRAWALS, type Withdrawal } from './publications.js';

/** Exactly what neighbours will see. */
export interface Preview {
  readonly form: CompleteForm;
  readonly entry: WireEntry;
  /** Port of the announced entry that it replaces; null where it is a new one. */
  readonly replaces: string | null;
  /** Why neighbours might not reach it. */
  readonly troubles: readonly Trouble[];
  /** The same on the local network; null where nothing is announced there. */
  readonly lan: LanService | null;
  /** The other entries of this node as their programs wrote them, left untouched; null while no Serf agent answers. */
  readonly others: readonly string[] | null;
  /** All tags of this node, encoded; null while no Serf agent answers. */
  readonly bytes: number | null;
  readonly limit: number;
  readonly fits: boolean;
}

export interface PublisherDeps extends PlaceDeps {
  readonly config: Pick<Config, 'communityRanges' | 'language' | 'serfRpc'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'serfClient' | 'providers' | 'ownTag'>;
  readonly settings: SettingStore;
  readonly now: () => number;
  /** The local network; without it, announces through Serf only. */
  readonly lan?: Lan | null;
  readonly pack?: typeof packTag;
}

/** avahi-daemon first probes for a second whether a neighbour has the name (RFC 6762 §8.1), ms. */
const LAN_LIMIT_MS = 5_000;
export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #tags: OwnTags;
  readonly #lan: Lan | null;
  readonly #publications: Publications;
  readonly #changes: Changes;
  #unpacked: { readonly tag: string | null; readonly entries: readonly WireEntry[] } = { tag: null, entries: [] };

  /** Announces on the local network at once what is stored; the Serf agent remembers by itself. */
  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#tags = new OwnTags(() => deps.discovery.serfClient(), deps.pack);
    this.#lan = deps.lan ?? null;
    this.#publications = new Publications(deps.settings);
    const store = (key: string, publication: Publication | null) => this.#store(key, publication);
    this.#changes = new Changes({ ...deps, tags: this.#tags, publications: this.#publications, store });
    this.#announceOnLan();
  }

  /** What this panel announced, by type id; a second one of the same type by type id and port. */
  all(): ReadonlyMap<string, Publication> {
    return this.#publications.all();
  }

  move(jump: Jump): void {
    this.#publications.move(jump);
  }

  /** The entries of that type in this node's tag, whoever wrote them, as last read from the agent. */
  announced(typeId: string): readonly WireEntry[] {
    const tag = this.#deps.discovery.ownTag();
    // Unpacking takes milliseconds, and a page needs it several times.
    if (tag !== this.#unpacked.tag) this.#unpacked = { tag, entries: readEntries(tag) };
    return this.#unpacked.entries.filter(({ s }) => s === typeId);
  }

  /**
   * The form's first values: the announced entry, whoever wrote it; else what was announced last; else the type's defaults.
   * @param port of the entry, where there are several
   */
  form(typeId: string, port?: string): CompleteForm {
    const start = this.#start(typeId, port);
    if (start) return toForm(start);
    const { services, config } = this.#deps;
    return defaultForm(services.of(typeId), config.language, communityName(this.#deps));
  }

  /** @throws FieldError when the form cannot be announced as typed */
  check(typeId: string, form: PublishForm): void {
    toEntry(typeId, this.#complete(typeId, form), '0.0.0.0', '');
  }

  /** @throws FieldError; PanelError serf-away, serf-refused, tag-unreadable, publish-failed */
  async preview(typeId: string, form: PublishForm = {}): Promise<Preview> {
    const complete = this.#complete(typeId, form);
    const before = this.#start(typeId, form.replaces);
    const { transports } = this.#deps.services.of(typeId);
    const [{ address, host }, ports] = await Promise.all([this.#place(), portTroubles(complete.port, transports)]);
    const entry = toEntry(typeId, complete, address, host);
    const troubles = [...addressTroubles(entry.i), ...ports];
    const lan = this.#lan && toLanService(entry);
    const draft = await this.#orAway(this.#tags.draft((all) => put(entry, before, all)));
    const replaces = before && this.announced(typeId).some(({ p }) => p === before.p) ? before.p : null;
    const preview = { form: complete, entry, replaces, troubles, lan, limit: TAGS_LIMIT };
    if (draft instanceof PanelError) return { ...preview, others: null, bytes: null, fits: true };
    const { bytes, pieces } = draft;
    const others = pieces.filter((piece) => !isSame(piece, entry)).map(textOf);
    return { ...preview, others, bytes, fits: bytes <= TAGS_LIMIT };
  }

  /**
   * Announces the service, in the place of the entry that its form started from. Without a Serf agent, the local network
   * is enough; the agent gets the entry once it answers.
   * @param unit the unit that runs it now; null when none does
   * @throws FieldError; PanelError tags-full, tag-unreadable, publish-failed, serf-away, serf-refused
   */
  async publish(typeId: string, form: PublishForm, unit: string | null): Promise<void> {
    const [{ address, host }, run] = await Promise.all([this.#place(), this.#changes.run()]);
    const entry = toEntry(typeId, this.#complete(typeId, form), address, host);
    const before = this.#start(typeId, form.replaces);
    const key = this.#publications.keyOf(before ?? entry);
    const known = this.all().get(key);
    // An agent that has the entry may gossip it again when it is back: only the agent can withdraw it.
    const isUntold = !known || known.untold || known.withdrawn !== null;
    const change = this.#tags.change((all) => put(entry, before, all));
    const outcome = isUntold ? await this.#orAway(change) : await change;
    const away = outcome instanceof PanelError;
    this.#store(key, { entry, unit, untold: away, at: this.#deps.now(), withdrawn: null });
    if (!away) return this.#changes.note(key, outcome, run);
    if ((await this.#lan?.settled(key, LAN_LIMIT_MS)) === 'announced') return;
    this.#store(key, known ?? null);
    throw outcome;
  }

  /**
   * Ends the announcement and deletes it.
   * @param port of the entry; without it, the one of this panel, else all of the type
   * @throws as publish
   */
  async unpublish(typeId: string, port?: string): Promise<void> {
    const known = this.all().get(typeId);
    const ended = [...this.all()].filter(([key, { entry }]) =>
      port === undefined ? key === typeId : entry.s === typeId && entry.p === port,
    );
    const isEnding = (piece: Piece) => {
      if (port === undefined && known && known.withdrawn === null) return isSame(piece, known.entry);
      const entry = readPiece(piece);
      return entry?.type === typeId && (port === undefined || String(entry.port ?? '') === port);
    };
    const change = this.#tags.change((all) => all.filter((piece) => !isEnding(piece)));
    const isUntold = ended.length > 0 && ended.every(([, { untold }]) => untold);
    await (isUntold ? this.#orAway(change) : change);
    for (const [key] of ended) this.#store(key, null);
  }

  /** Ends the announcement and stores why. @returns false where it was announced anew meanwhile @throws as publish */
  async withdraw(key: string, why: Withdrawal): Promise<boolean> {
    const known = this.all().get(key);
    if (!known) return false;
    const change = this.#tags.change((all) =>
      this.#publications.has(key, known) ? all.filter((piece) => !isSame(piece, known.entry)) : all,
    );
    await (known.untold ? this.#orAway(change) : change);
    if (!this.#publications.has(key, known)) return false;
    this.#store(key, { ...known, withdrawn: { at: this.#deps.now(), why } });
    return true;
  }

  /** Accepts what other programs made of the tag: see `Changes`. @throws PanelError serf-away, serf-refused, tag-unreadable */
  reconcile(): Promise<Reconciled> {
    return this.#changes.reconcile();
  }

  /**
   * Announces again what was lost, and rewrites what is still announced: this node's address or name may have changed.
   * @param lost keys from reconcile; by default all that are wanted
   * @throws as publish
   */
  async restore(lost?: readonly string[]): Promise<void> {
    const wanted = [...this.all()].filter(([, { withdrawn }]) => withdrawn === null);
    if (wanted.length === 0) return;
    const place = await this.#place();
    for (const [key, known] of wanted) {
      const entry = toWire({ ...known.entry, i: place.address, m: place.host });
      const run = await this.#changes.run();
      let isWanted = false;
      const change = await this.#tags.change((all) => {
        const has = all.some((piece) => isSame(piece, known.entry));
        isWanted = this.#publications.has(key, known) && (has || (lost?.includes(key) ?? true));
        return isWanted ? put(entry, known.entry, all) : all;
      });
      if (!isWanted || !this.#publications.has(key, known)) continue;
      this.#store(key, { ...known, entry, untold: false });
      await this.#changes.note(key, change, run);
    }
  }

  /** The entry that the form starts from, and that the new one replaces. */
  #start(typeId: string, port?: string): WireEntry | null {
    const all = this.all();
    const announced = this.announced(typeId);
    if (port !== undefined) {
      const known = [...all.values()].find(({ entry }) => entry.s === typeId && entry.p === port);
      const found = known?.withdrawn === null ? known.entry : announced.find(({ p }) => p === port);
      if (found) return found;
    }
    const known = all.get(typeId);
    return (known?.withdrawn === null ? known.entry : (announced[0] ?? known?.entry)) ?? null;
  }

  #complete(typeId: string, { replaces, ...typed }: PublishForm): CompleteForm {
    return { ...this.form(typeId, replaces), ...typed };
  }

  #store(key: string, publication: Publication | null): void {
    this.#publications.set(key, publication);
    this.#announceOnLan();
  }

  /** Announces all that is wanted, and nothing else, on the local network. */
  #announceOnLan(): void {
    const wanted = [...this.all()].filter(([, { withdrawn }]) => withdrawn === null);
    this.#lan?.set(new Map(wanted.map(([key, { entry }]) => [key, toLanService(entry)])));
  }

  #place() {
    return readPlace(this.#deps, this.#lan === null);
  }

  /** Where there is the local network, the agent may be away. */
  #orAway<T>(work: Promise<T>): Promise<T | PanelError> {
    return orAway(work, this.#lan === null);
  }
}
