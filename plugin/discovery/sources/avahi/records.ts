/** Records of one link while they live: so many of each and no more, each until its time is over. No socket, no timer. */

import { keepNewest, type SkippedRow } from '../../../announcement/skipped.js';
import type { Refreshable } from './questions.js';
import { ALL_TYPES, type Fact, type Kind, keyOf, lower, wordOf } from './record.js';

/** Caps: instances of one link and of one sender, learned type names (64 types over both transports), values of a name. */
const INSTANCES_CAP = 512;
const SENDER_CAP = 64;
const TYPES_CAP = 128;
const VALUES_CAP = 8;

/** All ms. What is taken back, or replaced by a newer value, stays for a second (RFC 6762 §10.1, §10.2). */
const FAREWELL = 1_000;
/** What lives shorter is not asked for again before it expires: the neighbour would set the pace. */
const SHORTEST_REFRESHED = 10_000;

/** When and from whom a record came. */
interface Heard {
  /** Source address of the packet. */
  readonly sender: string;
  /** Monotonic, ms: what lifetimes are counted by. */
  readonly now: number;
  /** The same moment as people tell it, ms since the epoch. */
  readonly heardAt: number;
}

/** A record as kept; times are monotonic, ms, but for `heardAt`. */
interface Kept extends Fact, Refreshable {
  readonly sender: string;
  readonly heardAt: number;
  readonly since: number;
  expiresAt: number;
}

export class Records {
  /** Type names that are always asked for, and their wire words. */
  readonly #own: ReadonlyMap<string, string>;
  /** By kind and name, then by value. */
  readonly #all = new Map<string, Map<string, Kept>>();
  /** How many there was no room for, and the newest of them. */
  refused = 0;
  readonly refusedRows: SkippedRow[] = [];

  /** @param types wire words whose names are known whether or not the link mentions them */
  constructor(types: readonly string[]) {
    this.#own = new Map(types.flatMap((word) => ['tcp', 'udp'].map((over) => [`_${word}._${over}.local`, word])));
  }

  of(kind: Kind, name: string): Kept[] {
    return this.under(keyOf(kind, name));
  }

  /** @param key see `keyOf` */
  under(key: string): Kept[] {
    return [...(this.#all.get(key)?.values() ?? [])];
  }

  /** The one of them that was heard last. */
  latest(kind: Kind, name: string): Kept | null {
    let last: Kept | null = null;
    for (const kept of this.of(kind, name)) if (last === null || kept.since >= last.since) last = kept;
    return last;
  }

  /** Whether a pointer leads to that instance; without going over all that there are. */
  pointsTo(typeName: string, instance: string): boolean {
    return this.#all.get(keyOf('PTR', typeName))?.has(lower(instance)) ?? false;
  }

  /** Type names to ask for, with their words. */
  typeNames(): ReadonlyMap<string, string> {
    const names = new Map(this.#own);
    const known = new Set([...this.#own.keys()].map((name) => lower(name)));
    for (const { data } of this.of('PTR', ALL_TYPES)) {
      const [name = ''] = data;
      if (!known.has(lower(name))) names.set(name, wordOf(name));
    }
    return names;
  }

  /** @returns whether it is a new value; null where nothing was kept of it */
  keep(fact: Fact, heard: Heard): boolean | null {
    const { sender, now, heardAt } = heard;
    const key = keyOf(fact.kind, fact.name);
    const values = this.#all.get(key) ?? new Map<string, Kept>();
    const id = fact.kind === 'TXT' ? JSON.stringify(fact.data) : lower(fact.data.join(' '));
    const known = values.get(id);
    if (fact.ttl === 0) {
      if (known) farewell(known, now);
      return null;
    }
    if (!known && !this.#hasRoom(fact, values.size, sender)) {
      this.#refuse(fact, heard);
      return null;
    }
    // A pointer is never the only one of its name: whoever says so would wipe the neighbours out.
    if (fact.flush && fact.kind !== 'PTR') {
      for (const kept of values.values()) if (kept !== known && now - kept.since > FAREWELL) farewell(kept, now);
    }
    // Up to 2 % later, so that all who heard it do not ask in step.
    const refreshAt = fact.ttl < SHORTEST_REFRESHED ? Infinity : now + fact.ttl * (0.8 + Math.random() * 0.02);
    const first = known?.sender ?? sender;
    values.set(id, { ...fact, sender: first, heardAt, since: now, expiresAt: now + fact.ttl, refreshAt });
    this.#all.set(key, values);
    return !known;
  }

  /** Drops what has expired. @returns whether there was such */
  expire(now: number): boolean {
    let changed = false;
    for (const values of this.#all.values()) {
      for (const [id, { expiresAt }] of values) if (expiresAt <= now) changed = values.delete(id);
    }
    return changed;
  }

  /** Drops what is under other keys. @returns whether there was such */
  keepOnly(keys: { has(key: string): boolean }): boolean {
    let changed = false;
    for (const [key, values] of this.#all) {
      if (values.size === 0 || !keys.has(key)) changed = this.#all.delete(key);
    }
    return changed;
  }

  #refuse(fact: Fact, { sender, heardAt }: Heard): void {
    this.refused++;
    const type = fact.kind === 'PTR' ? wordOf(fact.name) || null : null;
    keepNewest(this.refusedRows, { node: sender, type, reason: 'too-many', heardAt });
  }

  #hasRoom({ kind, name }: Fact, size: number, sender: string): boolean {
    if (kind !== 'PTR') return size < VALUES_CAP;
    if (lower(name) === ALL_TYPES) return size < TYPES_CAP;
    let all = 0;
    let ofSender = 0;
    for (const typeName of this.typeNames().keys()) {
      for (const kept of this.#all.get(keyOf('PTR', typeName))?.values() ?? []) {
        all++;
        if (kept.sender === sender) ofSender++;
      }
    }
    return all < INSTANCES_CAP && ofSender < SENDER_CAP;
  }
}

function farewell(kept: Kept, now: number): void {
  kept.expiresAt = Math.min(kept.expiresAt, now + FAREWELL);
}
