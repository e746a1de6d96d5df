/** Announcing this node's own services to the neighbours, and keeping to what others made of it. */
import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import {
  type Piece,
  type packTag,
  piecesOf,
  readPiece,
  TAGS_LIMIT,
  textOf,
  toWire,
  type WireEntry,
  wireOf,
  writePiece,
} from '../../announcement/tag-write.js';
import type { Config } from '../../config/index.js';
import { allowing } from '../../discovery/allowed.js';
import type { Discovery } from '../../discovery/index.js';
import { PanelError } from '../../model/errors.js';
import type { ServiceRegistry } from '../../services/contract.js';
import type { SettingStore } from '../../store/index.js';
import { runOf } from '../ports.js';
import { entryOf, formOf, type PublishForm, standardForm, type WholeForm } from './form.js';
import { announcedHost } from './host.js';
import { type Lan, type LanService, lanServiceOf } from './lan.js';
import { isRace, isSame } from './overruled.js';
import { type Publication, Publications, type Withdrawal } from './publications.js';
import { type Change, OwnTags } from './tags.js';
import { addressTroubles, portTroubles, type Trouble } from './troubles.js';

export { type Publication, WITHDRAWALS, type Withdrawal } from './publications.js';

/** Exactly what neighbours will see. */
export interface Preview {
  readonly form: WholeForm;
  readonly entry: WireEntry;
  /** Port of the announced entry in whose place it comes; null where it is a new one. */
  readonly replaces: string | null;
  /** Why neighbours might not reach it. */
  readonly troubles: readonly Trouble[];
  /** The same on the local network; null where nothing is announced there. */
  readonly lan: LanService | null;
  /** The other entries of this node as their programs wrote them: they stay as they are. null while no Serf agent answers. */
  readonly others: readonly string[] | null;
  /** All tags of this node, encoded, and the most that Serf gossips; null while no Serf agent answers. */
  readonly bytes: number | null;
  readonly limit: number;
  readonly fits: boolean;
}

/** What the tag says of what is remembered, by key. */
interface Reconciled {
  /** The agent was restarted and does not know it. */
  readonly lost: readonly string[];
  /** Overwritten by a program that had not seen it. */
  readonly raced: readonly string[];
  /** Taken away by another program: not wanted any more. */
  readonly removed: readonly string[];
}
type Fate = keyof Reconciled;

export interface PublisherDeps {
  readonly config: Pick<Config, 'communityRanges' | 'language' | 'serfRpc'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'serfClient' | 'providers' | 'ownTag'>;
  readonly settings: SettingStore;
  readonly now: () => number;
  /** Where it is announced besides; without it, only through Serf. */
  readonly lan?: Lan | null;
  readonly pack?: typeof packTag;
  /** The name that is announced as this node's; the one that its Cloudy uses where left out. */
  readonly host?: () => string;
}

/** How long a page waits for the list of members, ms. */
const ADDRESS_LIMIT_MS = 1_500;
/** avahi-daemon first asks for a second whether a neighbour has the name (RFC 6762 §8.1), ms. */
const LAN_LIMIT_MS = 5_000;
/** A program that read the tag just before we wrote it overwrites ours within this time, ms. */
export const RACE_MS = 3_000;

/** What tells one connection to an agent from the next, where nothing tells one run of the agent from the next. */
const connections = new WeakMap<object, string>();

export class Publisher {
  readonly #deps: PublisherDeps;
  readonly #tags: OwnTags;
  readonly #lan: Lan | null;
  readonly #publications: Publications;
  /** Our newest change of each announcement, with the tag as seen since; `at` by a clock that nobody sets, ms. */
  readonly #written = new Map<string, Change & { readonly at: number }>();
  #unpacked: { readonly tag: string | null; readonly entries: readonly WireEntry[] } = { tag: null, entries: [] };

  /** Announces on the local network at once what it remembers; the Serf agent remembers by itself. */
  constructor(deps: PublisherDeps) {
    this.#deps = deps;
    this.#tags = new OwnTags(() => deps.discovery.serfClient(), deps.pack);
    this.#lan = deps.lan ?? null;
    this.#publications = new Publications(deps.settings);
    this.#announce();
  }

  /** What was announced by this panel, by wire word; a second one of the same word by word and port. */
  all(): ReadonlyMap<string, Publication> {
    return this.#publications.all();
  }

  /** The entries of that word in this node's tag, whoever wrote them, as the agent last told. */
  announced(word: string): readonly WireEntry[] {
    const tag = this.#deps.discovery.ownTag();
    // Unpacking takes milliseconds, and a page asks several times.
    if (tag !== this.#unpacked.tag) this.#unpacked = { tag, entries: entriesIn(tag) };
    return this.#unpacked.entries.filter(({ s }) => s === word);
  }

  /**
   * What the form shows first: the entry as it is announced, whoever wrote it; else what was announced last, else the
   * type's defaults.
   * @param port of the entry that is meant, where there are several
   */
  form(word: string, port?: string): WholeForm {
    const start = this.#start(word, port);
    if (start) return formOf(start);
    const { services, config } = this.#deps;
    return standardForm(services.of(word), config.language, this.#community());
  }

  /** @throws FieldError when the form cannot be announced as it is */
  check(word: string, form: PublishForm): void {
    entryOf(word, this.#whole(word, form), '0.0.0.0', '');
  }

  /** @throws FieldError; PanelError serf-away, serf-refused, tag-unreadable, publish-failed */
  async preview(word: string, form: PublishForm = {}): Promise<Preview> {
    const whole = this.#whole(word, form);
    const before = this.#start(word, form.replaces);
    const { transports } = this.#deps.services.of(word);
    const [{ address, host }, ports] = await Promise.all([this.#place(), portTroubles(whole.port, transports)]);
    const entry = entryOf(word, whole, address, host);
    const troubles = [...addressTroubles(entry.i), ...ports];
    const lan = this.#lan && lanServiceOf(entry);
    const draft = await this.#orAway(this.#tags.draft((all) => put(entry, before, all)));
    const replaces = before && this.announced(word).some(({ p }) => p === before.p) ? before.p : null;
    const shown = { form: whole, entry, replaces, troubles, lan, limit: TAGS_LIMIT };
    if (draft instanceof PanelError) return { ...shown, others: null, bytes: null, fits: true };
    const { bytes, pieces } = draft;
    const others = pieces.filter((piece) => !isSame(piece, entry)).map(textOf);
    return { ...shown, others, bytes, fits: bytes <= TAGS_LIMIT };
  }

  /**
   * Announces the service, in the place of the entry that its form started from. Without a Serf agent, it is enough that
   * the local network hears of it; the agent is told once it is there.
   * @param unit the one that runs it now; null when none does
   * @throws FieldError; PanelError tags-full, tag-unreadable, publish-failed, serf-away, serf-refused
   */
  async publish(word: string, form: PublishForm, unit: string | null): Promise<void> {
    const [{ address, host }, run] = await Promise.all([this.#place(), this.#runOrNull()]);
    const entry = entryOf(word, this.#whole(word, form), address, host);
    const before = this.#start(word, form.replaces);
    const key = this.#publications.keyOf(before ?? entry);
    const known = this.all().get(key);
    // What an agent was told, it may tell again when it is back: only it can take that back.
    const isUntold = !known || known.untold || known.withdrawn !== null;
    const change = this.#tags.change((all) => put(entry, before, all));
    const done = isUntold ? await this.#orAway(change) : await change;
    const away = done instanceof PanelError ? done : null;
    this.#remember(key, { entry, unit, untold: away !== null, at: this.#deps.now(), withdrawn: null });
    if (!(done instanceof PanelError)) return this.#noteWritten(key, done, run);
    if ((await this.#lan?.settled(key, LAN_LIMIT_MS)) === 'announced') return;
    this.#remember(key, known ?? null);
    throw away;
  }

  /**
   * Ends the announcement and forgets it.
   * @param port of the entry that is meant; without it, the one of this panel, else all of the word
   * @throws as publish
   */
  async unpublish(word: string, port?: string): Promise<void> {
    const known = this.all().get(word);
    const isKnown = ({ entry }: Publication) => entry.s === word && (port === undefined || entry.p === port);
    const ended = [...this.all()].filter(([key, one]) => (port === undefined ? key === word : isKnown(one)));
    const isMeant = (piece: Piece) => {
      if (port === undefined && known && known.withdrawn === null) return isSame(piece, known.entry);
      const entry = readPiece(piece);
      return entry?.type === word && (port === undefined || String(entry.port ?? '') === port);
    };
    const change = this.#tags.change((all) => all.filter((piece) => !isMeant(piece)));
    const isUntold = ended.length > 0 && ended.every(([, one]) => one.untold);
    await (isUntold ? this.#orAway(change) : change);
    for (const [key] of ended) this.#remember(key, null);
  }

  /** Ends the announcement, and remembers why; not one that is made anew meanwhile: then false. @throws as publish */
  async withdraw(key: string, why: Withdrawal): Promise<boolean> {
    const known = this.all().get(key);
    if (!known) return false;
    const change = this.#tags.change((all) =>
      this.#publications.has(key, known) ? all.filter((piece) => !isSame(piece, known.entry)) : all,
    );
    await (known.untold ? this.#orAway(change) : change);
    if (!this.#publications.has(key, known)) return false;
    this.#remember(key, { ...known, withdrawn: { at: this.#deps.now(), why } });
    return true;
  }

  /**
   * Compares what is remembered with the tag as it is, and keeps to what other programs made of it: an entry that they
   * changed counts as changed, one that they removed while the agent ran is not wanted any more, and one that they
   * announced after it was withdrawn is theirs.
   * @throws PanelError serf-away, serf-refused, tag-unreadable
   */
  async reconcile(): Promise<Reconciled> {
    const fates: Record<Fate, string[]> = { lost: [], raced: [], removed: [] };
    if (this.all().size === 0) return fates;
    await this.#tags.look(async (read) => {
      const before = await this.#run();
      const pieces = await read();
      const run = await this.#run();
      // Restarted in between: what was read may be of either run, and its connection is about to end.
      if (run !== before) return;
      for (const [key, known] of this.all()) {
        const fate = this.#fate(key, known, pieces, run);
        if (fate) fates[fate].push(key);
      }
    });
    return fates;
  }

  #fate(key: string, known: Publication, pieces: readonly Piece[], run: string): Fate | null {
    const piece = pieces.find((one) => isSame(one, known.entry));
    if (known.withdrawn !== null) {
      if (piece !== undefined) this.#remember(key, null);
      return null;
    }
    const written = this.#recentlyWritten(key);
    if (written && isRace(written, pieces, known.entry)) return 'raced';
    if (piece !== undefined) {
      if (written) this.#written.set(key, { ...written, after: pieces });
      this.#seen(key, known, piece, run);
      return null;
    }
    if (known.untold || this.#publications.run(key) !== run) return 'lost';
    this.#remember(key, { ...known, withdrawn: { at: this.#deps.now(), why: 'removed' } });
    return 'removed';
  }

  /** It is announced, as the piece says. */
  #seen(key: string, known: Publication, piece: Piece, run: string): void {
    const entry = readWire(piece) ?? known.entry;
    this.#publications.setRun(key, run);
    if (known.untold || !isDeepStrictEqual(entry, known.entry)) this.#remember(key, { ...known, entry, untold: false });
  }

  #recentlyWritten(key: string) {
    const written = this.#written.get(key);
    if (!written || performance.now() - written.at < RACE_MS) return written;
    this.#written.delete(key);
    return undefined;
  }

  /**
   * Announces again what was lost; and what is announced still, as it is to be written now: this node's address or name may
   * be another one.
   * @param lost keys, as reconcile told; all that is wanted where left out
   * @throws as publish
   */
  async restore(lost?: readonly string[]): Promise<void> {
    const wanted = [...this.all()].filter(([, { withdrawn }]) => withdrawn === null);
    if (wanted.length === 0) return;
    const place = await this.#place();
    for (const [key, known] of wanted) {
      const entry = toWire({ ...known.entry, i: place.address, m: place.host });
      const run = await this.#runOrNull();
      let isThere = false;
      const change = await this.#tags.change((all) => {
        const has = all.some((piece) => isSame(piece, known.entry));
        isThere = this.#publications.has(key, known) && (has || (lost?.includes(key) ?? true));
        return isThere ? put(entry, known.entry, all) : all;
      });
      if (!isThere || !this.#publications.has(key, known)) continue;
      this.#remember(key, { ...known, entry, untold: false });
      await this.#noteWritten(key, change, run);
    }
  }

  /** @param run of the agent when the change began; where that has ended meanwhile, nobody knows which one was told */
  async #noteWritten(key: string, change: Change, run: string | null): Promise<void> {
    const ours = change.after.filter((piece) => !change.before.includes(piece));
    // What we write is no news of another program to the changes before.
    for (const [other, { after, ...more }] of this.#written)
      this.#written.set(other, { ...more, after: [...after, ...ours] });
    this.#written.set(key, { ...change, at: performance.now() });
    this.#publications.setRun(key, run);
    if ((await this.#runOrNull()) !== run) this.#publications.setRun(key, null);
  }

  /** What names the run of the agent that is connected. @throws PanelError serf-away, serf-refused */
  async #run(): Promise<string> {
    const client = this.#deps.discovery.serfClient();
    const { host, port } = this.#deps.config.serfRpc;
    const run = await runOf(host, port);
    if (run !== null) return run;
    const connection = connections.get(client) ?? randomUUID();
    connections.set(client, connection);
    return connection;
  }

  #runOrNull(): Promise<string | null> {
    return this.#run().catch(() => null);
  }

  /** The entry that the form starts from, and in whose place the new one comes. */
  #start(word: string, port?: string): WireEntry | null {
    const all = this.all();
    const announced = this.announced(word);
    if (port !== undefined) {
      const known = [...all.values()].find(({ entry }) => entry.s === word && entry.p === port);
      const found = known?.withdrawn === null ? known.entry : announced.find(({ p }) => p === port);
      if (found) return found;
    }
    const known = all.get(word);
    return (known?.withdrawn === null ? known.entry : (announced[0] ?? known?.entry)) ?? null;
  }

  #whole(word: string, { replaces, ...typed }: PublishForm): WholeForm {
    return { ...this.form(word, replaces), ...typed };
  }

  #remember(key: string, publication: Publication | null): void {
    this.#publications.set(key, publication);
    this.#announce();
  }

  /** Has the local network hear of all that is wanted, and of nothing else. */
  #announce(): void {
    const wanted = [...this.all()].filter(([, { withdrawn }]) => withdrawn === null);
    this.#lan?.set(new Map(wanted.map(([key, { entry }]) => [key, lanServiceOf(entry)])));
  }

  async #place() {
    return { address: await this.#address(), host: (this.#deps.host ?? announcedHost)() };
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

/** The entry as its program wrote it, but address and port in their one spelling, by which it is found again. */
function readWire(piece: Piece): WireEntry | null {
  const wire = wireOf(piece);
  const entry = readPiece(piece);
  return wire && entry && { ...wire, i: entry.address, p: String(entry.port ?? '') };
}

/** None in a tag that cannot be read. */
function entriesIn(tag: string | null): readonly WireEntry[] {
  try {
    return piecesOf(tag ?? undefined).flatMap((piece) => readWire(piece) ?? []);
  } catch (error) {
    if (error instanceof PanelError) return [];
    throw error;
  }
}

/** The list with the entry in it: where the one before was, else at the end. */
function put(entry: WireEntry, before: WireEntry | null, all: readonly Piece[]): readonly Piece[] {
  const isOurs = (piece: Piece) => isSame(piece, entry) || (before !== null && isSame(piece, before));
  const at = all.findIndex(isOurs);
  const others = all.filter((piece) => !isOurs(piece));
  const place = at < 0 ? others.length : all.slice(0, at).filter((piece) => !isOurs(piece)).length;
  return others.toSpliced(place, 0, writePiece(entry));
}
