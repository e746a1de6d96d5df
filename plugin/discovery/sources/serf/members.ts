/**
 * The members of a Serf community as its agent reports them, and what they announce. Anybody can make up members, so what
 * is stored of them is bounded, and shared so that a flood keeps out nobody who was here before.
 */
import { createHash } from 'node:crypto';
import { announce, type Entry } from '../../../announcement/entry.js';
import { publicText, withoutSecrets } from '../../../announcement/secrets.js';
import type { SkippedRow } from '../../../announcement/skipped.js';
import { readTag, TAG_NAME, type Tag } from '../../../announcement/tag-read.js';
import { inSlices } from '../../../lib/slices.js';
import { cleanText } from '../../../lib/text.js';
import type { AgentEvent } from '../../../serf/client.js';
import type { Member } from '../../../serf/member.js';
import { allotShares, ENTRIES_CAP } from '../../budget.js';
import { providerIdOf } from '../../merge.js';
import type { Seniority } from '../../seniority.js';
import type { Sighting } from '../../source.js';

/** `leave` and `reap` remove a member; a failed one stays listed until Serf reaps it. */
export const REMOVING: readonly string[] = ['member-leave', 'member-reap'];

/** Members stored; the largest communities have a few thousand. */
const MEMBERS_CAP = 10_000;
/** Entries stored while members are read, before the shares are known: Serf reports thousands of newcomers as one event. */
const READING_CAP = 2 * ENTRIES_CAP;
/** Longest tag stored for a second reading, characters; Serf itself limits all tags of a node to 512 bytes. */
const TAG_CAP = 1_024;
const NAME_CAP = 128;

/** What is stored of a member. */
interface KnownMember {
  readonly member: Pick<Member, 'name' | 'address' | 'port' | 'status'>;
  /** As received; null where it is too long to store. */
  readonly tag: string | null;
  /** Entries in its tag. */
  readonly entries: number;
  /** Those within its share of the budget. */
  readonly sightings: readonly Sighting[];
  readonly skipped: Tag['skipped'];
  readonly bad: Tag['bad'];
  /** When the agent last reported it, and when it was first heard of, ms since the epoch. */
  readonly reportedAt: number;
  readonly since: number;
  /** When Serf began to call it failed; null while it does not. */
  readonly failedAt: number | null;
}

const NO_TAG: Tag = { entries: [], skipped: {}, bad: [] };

export class Members {
  /** Name of the member that is this node; null until it is known. */
  self: string | null = null;
  /** Whether the agent encrypts its gossip. */
  encrypted = false;
  readonly #now: () => number;
  readonly #seniority: Seniority;
  #known = new Map<string, KnownMember>();
  /** Of all known members; null after a change. */
  #sightings: readonly Sighting[] | null = null;
  /** Sums over all known members, updated with each change: every page reads them, and every event changes them. */
  #sums = new Sums();
  /** Members refused for lack of room. */
  #refused = 0;

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

  /** Counts of skipped entries by reason. */
  skipped(): Readonly<Record<string, number>> {
    return this.#sums.skipped(this.#refused);
  }

  *skippedRows(): Iterable<SkippedRow> {
    for (const [name, { bad, reportedAt, entries, sightings }] of this.#known) {
      const node = shownName(name) || null;
      for (const { type, reason } of bad) yield { node, type, reason, heardAt: reportedAt };
      if (entries > sightings.length) yield { node, type: null, reason: 'too-many', heardAt: reportedAt };
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

  /** Replaces all members. */
  async replace(members: readonly Member[]): Promise<void> {
    const before = this.#known;
    const dated = members
      .filter(({ status }) => status !== 'left')
      .map((member) => ({ member, since: this.#since(member.name, before) }))
      .sort((a, b) => a.since - b.since);
    const fresh = { known: new Map<string, KnownMember>(), sums: new Sums() };
    this.#refused = Math.max(0, dated.length - MEMBERS_CAP);
    await inSlices(dated.slice(0, MEMBERS_CAP), ({ member, since }) => {
      const known = this.#toKnown(member, since, before.get(member.name));
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
      else this.#store(member, known);
      if (this.#sums.listed > READING_CAP) shrink({ known: this.#known, sums: this.#sums });
    });
    if (this.#sums.listed > ENTRIES_CAP) {
      shrink({ known: this.#known, sums: this.#sums });
      this.#sightings = null;
    }
  }

  /** Lists dropped entries that have room again; called rarely, as it reads tags anew. @returns whether any were */
  async grow(): Promise<boolean> {
    if (this.#sums.entries === this.#sums.listed) return false;
    let grown = false;
    await inSlices(sharesByName(this.#known), ([name, share]) => {
      const known = this.#known.get(name);
      if (known?.tag == null || share <= known.sightings.length) return;
      const { entries } = readTag(known.tag);
      const grownMember = { ...known, sightings: this.#toSightings(entries.slice(0, share), known) };
      this.#sums.add(known, -1);
      this.#sums.add(grownMember, 1);
      this.#known.set(name, grownMember);
      grown = true;
    });
    if (grown) this.#sightings = null;
    return grown;
  }

  #store(member: Member, before: KnownMember | undefined): void {
    if (!before && this.#known.size >= MEMBERS_CAP) {
      this.#refused++;
      return;
    }
    const known = this.#toKnown(member, this.#since(member.name, this.#known), before);
    this.#sums.add(known, 1);
    this.#known.set(member.name, known);
  }

  #since(name: string, known: ReadonlyMap<string, KnownMember>): number {
    return known.get(name)?.since ?? this.#seniority.announcer(announcerId(name));
  }

  #toKnown(member: Member, since: number, before: KnownMember | undefined): KnownMember {
    const { name, address, port, status } = member;
    const text = member.tags.get(TAG_NAME);
    const { entries, skipped, bad } = text === undefined ? NO_TAG : readTag(text);
    const failedAt = status === 'failed' ? (before?.failedAt ?? this.#now()) : null;
    const known = {
      member: { name, address, port, status },
      tag: text !== undefined && text.length <= TAG_CAP ? text : null,
      ...{ entries: entries.length, skipped, bad, reportedAt: this.#now(), since, failedAt },
      sightings: before?.sightings ?? [],
    };
    return { ...known, sightings: this.#toSightings(entries, known) };
  }

  #toSightings(entries: readonly Entry[], { member, failedAt, sightings }: KnownMember): readonly Sighting[] {
    const { name, address, port } = member;
    const encrypted = this.encrypted && failedAt === null ? { encrypted: true as const } : {};
    const gossip = address !== null && port > 0 ? { address, port, ...encrypted } : null;
    const node = shownName(name);
    const announcer = announcerId(name);
    const before = new Map(sightings.map((sighting) => [providerIdOf(sighting.announcement), sighting.since]));
    return entries.map((entry) => {
      const announcement = announce(entry, node, gossip);
      // Hashed here in slices rather than all at once in the merge.
      const id = providerIdOf(announcement);
      const since = before.get(id) ?? this.#seniority.claim(id, announcer);
      const self = name === this.self;
      return { announcement, self, certain: self, heardAt: failedAt, isLost: failedAt !== null, announcer, since };
    });
  }
}

/** From the raw name: two names that look alike are two announcers. It is stored, so a secret in it is hashed. */
function announcerId(name: string): string {
  const isPlain = name.length <= NAME_CAP && withoutSecrets(name) === name;
  return `serf:${isPlain ? name : createHash('sha256').update(name).digest('hex')}`;
}

/** A name that had a secret in it must not pass for a neighbour's that is what is left of it. */
function shownName(name: string): string {
  const shown = publicText(name);
  return shown === cleanText(name) ? shown : `…${shown}`;
}

function sharesByName(known: ReadonlyMap<string, KnownMember>): (readonly [name: string, share: number])[] {
  const all = [...known].sort(([, a], [, b]) => a.since - b.since);
  const shares = allotShares(all.map(([, { entries }]) => entries));
  return all.map(([name], at) => [name, shares[at] ?? 0] as const);
}

/** Drops what exceeds each member's share. */
function shrink({ known, sums }: { readonly known: Map<string, KnownMember>; readonly sums: Sums }): void {
  if (sums.listed <= ENTRIES_CAP) return;
  for (const [name, share] of sharesByName(known)) {
    const member = known.get(name);
    if (!member || member.sightings.length <= share) continue;
    const reduced = { ...member, sightings: member.sightings.slice(0, share) };
    sums.add(member, -1);
    sums.add(reduced, 1);
    known.set(name, reduced);
  }
}

class Sums {
  /** Entries in all tags, and how many of them are listed. */
  entries = 0;
  listed = 0;
  readonly #skipped = new Map<string, number>();

  add({ entries, sightings, skipped }: KnownMember, sign: 1 | -1): void {
    this.entries += sign * entries;
    this.listed += sign * sightings.length;
    for (const [reason, count] of Object.entries(skipped))
      this.#skipped.set(reason, (this.#skipped.get(reason) ?? 0) + sign * count);
  }

  /** @param refused members refused for lack of room */
  skipped(refused: number): Readonly<Record<string, number>> {
    const more = this.entries - this.listed + refused;
    const counts = new Map(this.#skipped);
    if (more > 0) counts.set('too-many', (counts.get('too-many') ?? 0) + more);
    return Object.fromEntries([...counts].filter(([, count]) => count > 0));
  }
}
