/** The members of a Serf community as its agent has told of them, and what they announce. */
import { cleanText } from './entry.js';
import type { Member } from './member.js';
import { idOf } from './merge.js';
import type { AgentEvent } from './rpc.js';
import type { SkippedRow } from './skipped.js';
import { inSlices } from './slices.js';
import type { Sighting } from './source.js';
import { readTag, TAG_NAME, type Tag } from './tag.js';

/** `leave` and `reap` remove a member; a failed one stays listed until Serf reaps it. */
export const REMOVING: readonly string[] = ['member-leave', 'member-reap'];

/** Members kept; the largest communities have a few thousand. */
const MEMBERS_CAP = 10_000;

/** What is kept of a member. */
interface Known {
  readonly address: string | null;
  readonly sightings: readonly Sighting[];
  readonly skipped: Tag['skipped'];
  readonly bad: Tag['bad'];
  /** When the agent told of it, ms since the epoch. */
  readonly toldAt: number;
}

interface Sums {
  readonly sightings: readonly Sighting[];
  readonly skipped: Readonly<Record<string, number>>;
}

export class Members {
  /** Name of the member that is this node; null until it is known. */
  self: string | null = null;
  readonly #now: () => number;
  #known = new Map<string, Known>();
  /** Of all that are known; null after a change. Every page asks for it. */
  #sums: Sums | null = null;
  /** How often there was no room for a member. */
  #beyond = 0;

  /** @param now ms since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  sightings(): readonly Sighting[] {
    return this.#summed().sightings;
  }

  /** What was left out, counted by reason. */
  skipped(): Readonly<Record<string, number>> {
    return this.#summed().skipped;
  }

  *skippedRows(): Iterable<SkippedRow> {
    for (const [name, { bad, toldAt }] of this.#known)
      for (const { type, reason } of bad) yield { node: cleanText(name) || null, type, reason, heardAt: toldAt };
  }

  /** Where this node itself gossips. */
  ownAddress(): string | null {
    return this.self === null ? null : (this.#known.get(this.self)?.address ?? null);
  }

  /** Names of the other members that announce something. */
  others(): string[] {
    return [...this.#known].flatMap(([name, { sightings }]) =>
      name !== this.self && sightings.length > 0 ? [name] : [],
    );
  }

  /** These are all. */
  async replace(members: readonly Member[]): Promise<void> {
    const fresh = new Map<string, Known>();
    this.#beyond = 0;
    await inSlices(members, (member) => {
      if (member.status !== 'left') this.#keep(fresh, member);
    });
    this.#known = fresh;
    this.#sums = null;
  }

  async apply({ event, members }: AgentEvent): Promise<void> {
    await inSlices(members, (member) => {
      this.#sums = null;
      if (REMOVING.includes(event)) this.#known.delete(member.name);
      else this.#keep(this.#known, member);
    });
  }

  #summed(): Sums {
    if (this.#sums !== null) return this.#sums;
    const known = [...this.#known.values()];
    const skipped: Record<string, number> = this.#beyond > 0 ? { 'too-many': this.#beyond } : {};
    for (const [reason, count] of known.flatMap((member) => Object.entries(member.skipped)))
      skipped[reason] = (skipped[reason] ?? 0) + count;
    this.#sums = { sightings: known.flatMap((member) => member.sightings), skipped };
    return this.#sums;
  }

  #keep(members: Map<string, Known>, member: Member): void {
    if (members.size < MEMBERS_CAP || members.has(member.name)) members.set(member.name, this.#know(member));
    else this.#beyond++;
  }

  #know({ name, address, port, tags, status }: Member): Known {
    const text = tags.get(TAG_NAME);
    const { entries, skipped, bad }: Tag = text === undefined ? { entries: [], skipped: {}, bad: [] } : readTag(text);
    const gossip = address !== null && port > 0 ? { address, port } : null;
    const node = cleanText(name);
    const self = name === this.self;
    const failedAt = this.#known.get(name)?.sightings[0]?.heardAt ?? this.#now();
    const heardAt = status === 'failed' ? failedAt : null;
    const sightings = entries.map((entry) => ({ announcement: { ...entry, node, gossip }, self, heardAt }));
    // Hashed here, where the work is done in slices, rather than all at once when the list is merged.
    for (const { announcement } of sightings) idOf(announcement);
    return { address, sightings, skipped, bad, toldAt: this.#now() };
  }
}
