/** Announces this node's own services to the neighbours, and accepts what other programs make of the announcements. */
import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import {
  type Piece,
  type packTag,
  readPiece,
  readWireEntry,
  splitTag,
  TAGS_LIMIT,
  textOf,
  toWire,
  type WireEntry,
  writePiece,
} from '../../announcement/tag-write.js';
import type { Config } from '../../config/index.js';
import { createAddressCheck } from '../../discovery/allowed.js';
import type { Discovery } from '../../discovery/index.js';
import type { Jump } from '../../lib/clock/index.js';
import { PanelError } from '../../model/errors.js';
import type { ServiceRegistry } from '../../services/contract.js';
import type { SettingStore } from '../../store/index.js';
import { readRun } from '../ports.js';
import { type CompleteForm, defaultForm, type PublishForm, toEntry, toForm } from './form.js';
import { announcedHost } from './host.js';
import { type Lan, type LanService, toLanService } from './lan.js';
import { isRace, isSame } from './overruled.js';
import { type Publication, Publications, type Withdrawal } from './publications.js';
import { type Change, OwnTags } from './tags.js';
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

/** The tag compared with what is stored, by key. */
interface Reconciled {
  /** The agent was restarted and does not know it. */
  readonly lost: readonly string[];
  /** A program overwrote it without having seen it. */
  readonly raced: readonly string[];
  /** Another program removed it: no longer wanted. */
  readonly removed: readonly string[];
}
type Fate = keyof Reconciled;

export interface PublisherDeps {
  readonly config: Pick<Config, 'communityRanges' | 'language' | 'serfRpc'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'serfClient' | 'providers' | 'ownTag'>;
  readonly settings: SettingStore;
  readonly now: () => number;
  /** The local network; without it, announces through Serf only. */
  readonly lan?: Lan | null;
  readonly pack?: typeof packTag;
  /** The name announced as this node's; by default the one that its Cloudy uses. */
  readonly host?: () => string;
}

/** How long a page waits for the list of members, ms. */
const ADDRESS_LIMIT_MS = 1_500;
/** avahi-daemon first probes for a second whether a neighbour has the name (RFC 6762 §8.1), ms. */
const LAN_LIMIT_MS = 5_000;
/** A program that read the tag just before we wrote it overwrites ours within this time, ms. */
export const RACE_MS = 3_000;

/** Stands in for the agent's run where that cannot be told: one id per connection. */
const connections = new WeakMap<object, string>();

export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #tags: OwnTags;
  readonly #lan: Lan | null;
  readonly #publications: Publications;
  /** Our newest change to each announcement, with the tag as seen since; `at` in ms of the monotonic clock. */
  readonly #written = new Map<string, Change & { readonly at: number }>();
  #unpacked: { readonly tag: string | null; readonly entries: readonly WireEntry[] } = { tag: null, entries: [] };

  /** Announces on the local network at once what is stored; the Serf agent remembers by itself. */
  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#tags = new OwnTags(() => deps.discovery.serfClient(), deps.pack);
    this.#lan = deps.lan ?? null;
    this.#publications = new Publications(deps.settings);
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
    return defaultForm(services.of(typeId), config.language, this.#community());
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
    const [{ address, host }, run] = await Promise.all([this.#place(), this.#runOrNull()]);
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
    if (!away) return this.#noteWritten(key, outcome, run);
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

  /**
   * Compares what is stored with the tag, and accepts what other programs made of it: an entry that they changed counts as
   * changed, one that they removed while the agent ran is no longer wanted, and one that they announced after it was
   * withdrawn is theirs.
   * @throws PanelError serf-away, serf-refused, tag-unreadable
   */
  async reconcile(): Promise<Reconciled> {
    const fates: Record<Fate, string[]> = { lost: [], raced: [], removed: [] };
    if (this.all().size === 0) return fates;
    await this.#tags.inspect(async (read) => {
      const before = await this.#run();
      const pieces = await read();
      const run = await this.#run();
      // The agent restarted in between: the reading may be of either run, and its connection is about to end.
      if (run !== before) return;
      for (const [key, known] of this.all()) {
        const fate = this.#fate(key, known, pieces, run);
        if (fate) fates[fate].push(key);
      }
    });
    return fates;
  }

  #fate(key: string, known: Publication, pieces: readonly Piece[], run: string): Fate | null {
    const piece = pieces.find((candidate) => isSame(candidate, known.entry));
    if (known.withdrawn !== null) {
      if (piece !== undefined) this.#store(key, null);
      return null;
    }
    const written = this.#recentlyWritten(key);
    if (written && isRace(written, pieces, known.entry)) return 'raced';
    if (piece !== undefined) {
      if (written) this.#written.set(key, { ...written, after: pieces });
      this.#confirm(key, known, piece, run);
      return null;
    }
    if (known.untold || this.#publications.run(key) !== run) return 'lost';
    this.#store(key, { ...known, withdrawn: { at: this.#deps.now(), why: 'removed' } });
    return 'removed';
  }

  /** Stores the entry as the tag has it. */
  #confirm(key: string, known: Publication, piece: Piece, run: string): void {
    const entry = readWire(piece) ?? known.entry;
    this.#publications.setRun(key, run);
    if (known.untold || !isDeepStrictEqual(entry, known.entry)) this.#store(key, { ...known, entry, untold: false });
  }

  #recentlyWritten(key: string) {
    const written = this.#written.get(key);
    if (!written || performance.now() - written.at < RACE_MS) return written;
    this.#written.delete(key);
    return undefined;
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
      const run = await this.#runOrNull();
      let isWanted = false;
      const change = await this.#tags.change((all) => {
        const has = all.some((piece) => isSame(piece, known.entry));
        isWanted = this.#publications.has(key, known) && (has || (lost?.includes(key) ?? true));
        return isWanted ? put(entry, known.entry, all) : all;
      });
      if (!isWanted || !this.#publications.has(key, known)) continue;
      this.#store(key, { ...known, entry, untold: false });
      await this.#noteWritten(key, change, run);
    }
  }

  /** @param run of the agent when the change started; if that ended meanwhile, either run may have the entry */
  async #noteWritten(key: string, change: Change, run: string | null): Promise<void> {
    const ours = change.after.filter((piece) => !change.before.includes(piece));
    // To our earlier changes, what we write is not another program's work.
    for (const [other, { after, ...more }] of this.#written)
      this.#written.set(other, { ...more, after: [...after, ...ours] });
    this.#written.set(key, { ...change, at: performance.now() });
    this.#publications.setRun(key, run);
    if ((await this.#runOrNull()) !== run) this.#publications.setRun(key, null);
  }

  /** An id of the connected agent's run. @throws PanelError serf-away, serf-refused */
  async #run(): Promise<string> {
    const client = this.#deps.discovery.serfClient();
    const { host, port } = this.#deps.config.serfRpc;
    const run = await readRun(host, port);
    if (run !== null) return run;
    const connection = connections.get(client) ?? randomUUID();
    connections.set(client, connection);
    return connection;
  }

  #runOrNull(): Promise<string | null> {
    return this.#run().catch(() => null);
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

  async #place() {
    return { address: await this.#address(), host: (this.#deps.host ?? announcedHost)() };
  }

  /** The result; where there is the local network, `serf-away` is returned rather than thrown. */
  async #orAway<T>(work: Promise<T>): Promise<T | PanelError> {
    try {
      return await work;
    } catch (error) {
      if (this.#lan && error instanceof PanelError && error.code === 'serf-away') return error;
      throw error;
    }
  }

  /** The address at which this node gossips; if the agent does not say, its first one within the community. */
  async #address(): Promise<string> {
    const gossip = await this.#orAway(this.#gossipAddress());
    if (gossip && !(gossip instanceof PanelError)) return gossip;
    const isAllowed = createAddressCheck(this.#deps.config.communityRanges, false);
    const own = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
    const found = own.find((address) => isAllowed(address));
    if (found) return found;
    const hint = 'Set COMMUNITY_RANGES to the addresses of your community.';
    throw new PanelError('publish-failed', 'This node has no address within the community.', hint);
  }

  async #gossipAddress(): Promise<string | null | undefined> {
    const client = this.#deps.discovery.serfClient();
    const [stats, members] = await Promise.all([client.stats(ADDRESS_LIMIT_MS), client.members()]);
    const name = stats.get('agent')?.get('name');
    return members.find((member) => member.name === name)?.address;
  }

  /** The community's name, as most neighbours give it. */
  #community(): string {
    const counts = new Map<string, number>();
    for (const { community } of this.#deps.discovery.providers())
      if (community !== '') counts.set(community, (counts.get(community) ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
  }
}

/** The entry as its program wrote it, with address and port in canonical form, so that it is found again. */
function readWire(piece: Piece): WireEntry | null {
  const wire = readWireEntry(piece);
  const entry = readPiece(piece);
  return wire && entry && { ...wire, i: entry.address, p: String(entry.port ?? '') };
}

/** None in an unreadable tag. */
function readEntries(tag: string | null): readonly WireEntry[] {
  try {
    return splitTag(tag ?? undefined).flatMap((piece) => readWire(piece) ?? []);
  } catch (error) {
    if (error instanceof PanelError) return [];
    throw error;
  }
}

/** The list with the entry in the place of the one before, else at the end. */
function put(entry: WireEntry, before: WireEntry | null, all: readonly Piece[]): readonly Piece[] {
  const isOurs = (piece: Piece) => isSame(piece, entry) || (before !== null && isSame(piece, before));
  const at = all.findIndex(isOurs);
  const others = all.filter((piece) => !isOurs(piece));
  const place = at < 0 ? others.length : all.slice(0, at).filter((piece) => !isOurs(piece)).length;
  return others.toSpliced(place, 0, writePiece(entry));
}
