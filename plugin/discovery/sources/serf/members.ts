/**
 * The members of a Serf community as its agent has told of them, and what they announce. Anybody can make members up, so
 * what is kept of all of them together is bounded, and shared so that a flood keeps out nobody who was here before.
 */
import { createHash } from 'node:crypto';
import type { Entry } from '../../../announcement/entry.js';
import type { SkippedRow } from '../../../announcement/skipped.js';
import { readTag, TAG_NAME, type Tag } from '../../../announcement/tag-read.js';
import { inSlices } from '../../../lib/slices.js';
import { cleanText } from '../../../lib/text.js';
import type { AgentEvent } from '../../../serf/client.js';
import type { Member } from '../../../serf/member.js';
import { ENTRIES_CAP, sharesOf } from '../../budget.js';
import { idOf } from '../../merge.js';
import type { Seniority } from '../../seniority.js';
import type { Sighting } from '../../source.js';

/** `leave` and `reap` remove a member; a failed one stays listed until Serf reaps it. */
export const REMOVING: readonly string[] = ['member-leave', 'member-reap'];

/** Members kept; the largest communities have a few thousand. */
const MEMBERS_CAP = 10_000;
/** Entries kept while a list is being read, before their shares are known. */
const READING_CAP = 2 * ENTRIES_CAP;
/** Characters of a tag that is kept to be read again; Serf itself holds all tags of a node below 512 bytes. */
const TAG_CAP = 1_024;
const NAME_CAP = 128;

/** What is kept of a member. */
interface Known {
  readonly member: Pick<Member, 'name' | 'address' | 'port' | 'status'>;
  /** As it came; null where it is longer than is kept. */
  readonly tag: string | null;
  /** Entries in its tag. */
  readonly entries: number;
  /** Those that the budget lets it have. */
  readonly sightings: readonly Sighting[];
  readonly skipped: Tag['skipped'];
  readonly bad: Tag['bad'];
  /** When the agent told of it, and when it was first heard of, ms since the epoch. */
  readonly toldAt: number;
  readonly since: number;
  /** Since when Serf calls it failed; null while it does not. */
  readonly failedAt: number | null;
}

const NO_TAG: Tag = { entries: [], skipped: {}, bad: [] };

export class Members {
  /** Name of the member that is this node; null until it is known. */
  self: string | null = null;
  readonly #now: () => number;
  readonly #seniority: Seniority;
  #known = new Map<string, Known>();
  /** Of all that are known; null after a change. */
  #sightings: readonly Sighting[] | null = null;
  /** Sums over all that are known, kept up with each change: every page asks for them, and every event changes them. */
  #sums = new Sums();
  /** How often there was no room for a member. */
  #beyond = 0;

  /** @param now ms since the epoch */
  constructor(now: () => number, seniority: Seniority) {
    this.#now = now;
    this.#seniority = seniority;
  }

  sightings(): readonly Sighting[] {
    this.#sightings ??= [...this.#known.values()].flatMap((member) => member.sightings);
    return this.#sightings;
  }

  /** How many sightings there are. */
  get read(): number {
    return this.#sums.listed;
  }

  /** What was left out, counted by reason. */
  skipped(): Readonly<Record<string, number>> {
    return this.#sums.skipped(this.#beyond);
  }

  *skippedRows(): Iterable<SkippedRow> {
    for (const [name, { bad, toldAt, entries, sightings }] of this.#known) {
      const node = cleanText(name) || null;
      for (const { type, reason } of bad) yield { node, type, reason, heardAt: toldAt };
      if (entries > sightings.length) yield { node, type: null, reason: 'too-many', heardAt: toldAt };
    }
  }

  /** Where this node itself gossips. */
  ownAddress(): string | null {
    return this.self === null ? null : (this.#known.get(this.self)?.member.address ?? null);
  }

  /** This node's own `services` tag; null without one, and until it is known. */
  ownTag(): string | null {
    return this.self === null ? null : (this.#known.get(this.self)?.tag ?? null);
  }

  /** Names of the other members that announce something. */
  others(): string[] {
    return [...this.#known].flatMap(([name, { sightings }]) =>
      name !== this.self && sightings.length > 0 ? [name] : [],
    );
  }

  /** These are all. */
  async replace(members: readonly Member[]): Promise<void> {
    const before = this.#known;
    const dated = members
      .filter(({ status }) => status !== 'left')
      .map((member) => ({ member, since: this.#since(member.name, before) }))
      .sort((one, other) => one.since - other.since);
    const fresh = { known: new Map<string, Known>(), sums: new Sums() };
    this.#beyond = Math.max(0, dated.length - MEMBERS_CAP);
    await inSlices(dated.slice(0, MEMBERS_CAP), ({ member, since }) => {
      const known = this.#know(member, since, before.get(member.name));
      fresh.known.set(member.name, known);
      fresh.sums.add(known, 1);
      if (fresh.sums.listed > READING_CAP) shrink(fresh);
    });
    shrink(fresh);
    this.#known = fresh.known;
    this.#sums = fresh.sums;
    this.#sightings = null;
  }

  async apply({ event, members }: AgentEvent): Promise<void> {
    await inSlices(members, (member) => {
      this.#sightings = null;
      const known = this.#known.get(member.name);
      if (known) this.#sums.add(known, -1);
      if (REMOVING.includes(event)) this.#known.delete(member.name);
      else this.#keep(member, known);
    });
    if (this.#sums.listed > ENTRIES_CAP) {
      shrink({ known: this.#known, sums: this.#sums });
      this.#sightings = null;
    }
  }

  /** Lists what was left out and has room again: now and then, as it costs reading tags anew. @returns whether there was such */
  async grow(): Promise<boolean> {
    if (this.#sums.entries === this.#sums.listed) return false;
    let grown = false;
    await inSlices(sharesByName(this.#known), ([name, share]) => {
      const known = this.#known.get(name);
      if (known?.tag == null || share <= known.sightings.length) return;
      const { entries } = readTag(known.tag);
      const more = { ...known, sightings: this.#seen(entries.slice(0, share), known) };
      this.#sums.add(known, -1);
      this.#sums.add(more, 1);
      this.#known.set(name, more);
      grown = true;
    });
    if (grown) this.#sightings = null;
    return grown;
  }

  #keep(member: Member, before: Known | undefined): void {
    if (!before && this.#known.size >= MEMBERS_CAP) {
      this.#beyond++;
      return;
    }
    const known = this.#know(member, this.#since(member.name, this.#known), before);
    this.#sums.add(known, 1);
    this.#known.set(member.name, known);
  }

  #since(name: string, known: ReadonlyMap<string, Known>): number {
    return known.get(name)?.since ?? this.#seniority.announcer(announcerOf(name));
  }

  #know(member: Member, since: number, before: Known | undefined): Known {
    const { name, address, port, status } = member;
    const text = member.tags.get(TAG_NAME);
    const { entries, skipped, bad } = text === undefined ? NO_TAG : readTag(text);
    const failedAt = status === 'failed' ? (before?.failedAt ?? this.#now()) : null;
    const known = {
      member: { name, address, port, status },
      tag: text !== undefined && text.length <= TAG_CAP ? text : null,
      ...{ entries: entries.length, skipped, bad, toldAt: this.#now(), since, failedAt },
      sightings: before?.sightings ?? [],
    };
    return { ...known, sightings: this.#seen(entries, known) };
  }

  #seen(entries: readonly Entry[], { member, failedAt, sightings }: Known): readonly Sighting[] {
    const { name, address, port } = member;
    const gossip = address !== null && port > 0 ? { address, port } : null;
    const node = cleanText(name);
    const announcer = announcerOf(name);
    const before = new Map(sightings.map((sighting) => [idOf(sighting.announcement), sighting.since]));
    return entries.map((entry) => {
      const announcement = { ...entry, node, gossip };
      // Hashed here, where the work is done in slices, rather than all at once when the list is merged.
      const id = idOf(announcement);
      const since = before.get(id) ?? this.#seniority.claim(id, announcer);
      const self = name === this.self;
      return { announcement, self, certain: self, heardAt: failedAt, isLost: failedAt !== null, announcer, since };
    });
  }
}

/** Two names that look alike are two announcers. */
function announcerOf(name: string): string {
  return `serf:${name.length <= NAME_CAP ? name : createHash('sha256').update(name).digest('hex')}`;
}

function sharesByName(known: ReadonlyMap<string, Known>): (readonly [name: string, share: number])[] {
  const all = [...known].sort(([, one], [, other]) => one.since - other.since);
  const shares = sharesOf(all.map(([, { entries }]) => entries));
  return all.map(([name], at) => [name, shares[at] ?? 0] as const);
}

/** Takes from each what is beyond its share. */
function shrink({ known, sums }: { readonly known: Map<string, Known>; readonly sums: Sums }): void {
  if (sums.listed <= ENTRIES_CAP) return;
  for (const [name, share] of sharesByName(known)) {
    const one = known.get(name);
    if (!one || one.sightings.length <= share) continue;
    const less = { ...one, sightings: one.sightings.slice(0, share) };
    sums.add(one, -1);
    sums.add(less, 1);
    known.set(name, less);
  }
}

class Sums {
  /** Entries in all tags, and those of them that are listed. */
  entries = 0;
  listed = 0;
  readonly #skipped = new Map<string, number>();

  add({ entries, sightings, skipped }: Known, sign: 1 | -1): void {
    this.entries += sign * entries;
    this.listed += sign * sightings.length;
    for (const [reason, count] of Object.entries(skipped))
      this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + sign * count);
  }

  /** @param beyond members that there was no room for */
  skipped(beyond: number): Readonly<Record<string, number>> {
    const more = this.entries - this.listed + beyond;
    const counts = new Map(this.#skipped);
    if (more > 0) counts.set('too-many', (counts.get('too-many') ?? 0) + more);
    return Object.fromEntries([...counts].filter(([, count]) => count > 0));
  }
}
