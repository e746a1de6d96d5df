/** The live records of one link: a capped number of each kind, each until it expires. No socket, no timer. */

import { keepNewest, type SkippedRow } from '../../../announcement/skipped.js';
import { lower } from './names.js';
import type { Refreshable } from './questions.js';
import { ALL_TYPES, type Fact, type Kind, readTypeId, recordKey } from './record.js';

/** Caps: instances per link and per sender, learned type names (64 types over both transports), values of a name. */
const INSTANCES_CAP = 512;
const SENDER_CAP = 64;
const TYPES_CAP = 128;
const VALUES_CAP = 8;

/** How long a value stays once withdrawn or replaced, ms (RFC 6762 §10.1, §10.2). */
const FAREWELL_MS = 1_000;
/** A shorter lifetime is not refreshed, or the neighbour would set the pace, ms. */
const MIN_REFRESHED_TTL_MS = 10_000;

/** When and from whom a record came. */
interface Reception {
  /** Source address of the packet. */
  readonly sender: string;
  /** Whether it came from this node, which nobody else can pretend. */
  readonly isOwn: boolean;
  /** Monotonic, ms: what lifetimes are counted by. */
  readonly now: number;
  /** The same moment by the wall clock, ms since the epoch. */
  readonly heardAt: number;
}

/** A stored record; times are monotonic, ms, except for `heardAt`. */
interface StoredRecord extends Fact, Refreshable {
  readonly sender: string;
  readonly heardAt: number;
  readonly since: number;
  /** The first time. */
  readonly firstAt: number;
  /** Whether an address was ever announced from itself. */
  readonly isSender: boolean;
  expiresAt: number;
}

const NONE: ReadonlyMap<string, StoredRecord> = new Map();

export class Records {
  /** Type names that are always asked for, with their service types. */
  readonly #own: ReadonlyMap<string, string>;
  /** By kind and name, then by value. */
  readonly #all = new Map<string, Map<string, StoredRecord>>();
  /** How many were refused for lack of room, and the newest of them. */
  refused = 0;
  readonly refusedRows: SkippedRow[] = [];

  /** @param types service types that are known whether or not the link mentions them */
  constructor(types: readonly string[]) {
    this.#own = new Map(types.flatMap((id) => ['tcp', 'udp'].map((transport) => [`_${id}._${transport}.local`, id])));
  }

  of(kind: Kind, name: string): StoredRecord[] {
    return [...this.under(recordKey(kind, name)).values()];
  }

  /** By value. @param key see `recordKey` */
  under(key: string): ReadonlyMap<string, StoredRecord> {
    return this.#all.get(key) ?? NONE;
  }

  /** The most recently heard. */
  latest(kind: Kind, name: string): StoredRecord | null {
    let last: StoredRecord | null = null;
    for (const record of this.under(recordKey(kind, name)).values())
      if (last === null || record.since >= last.since) last = record;
    return last;
  }

  /** Whether a pointer leads to that instance, without a pass over all pointers. */
  pointsTo(typeName: string, instance: string): boolean {
    return this.#all.get(recordKey('PTR', typeName))?.has(lower(instance)) ?? false;
  }

  /** Type names to ask for, with their service types. */
  typeNames(): ReadonlyMap<string, string> {
    const names = new Map(this.#own);
    const known = new Set([...this.#own.keys()].map((name) => lower(name)));
    for (const { data } of this.of('PTR', ALL_TYPES)) {
      const [name = ''] = data;
      if (!known.has(lower(name))) names.set(name, readTypeId(name));
    }
    return names;
  }

  /** @returns whether it is a new value; null where nothing was stored */
  store(fact: Fact, reception: Reception): boolean | null {
    const { sender, isOwn, now, heardAt } = reception;
    const key = recordKey(fact.kind, fact.name);
    const values = this.#all.get(key) ?? new Map<string, StoredRecord>();
    const id = fact.kind === 'TXT' ? JSON.stringify(fact.data) : lower(fact.data.join(' '));
    const known = values.get(id);
    if (fact.ttl === 0) {
      if (known) retire(known, now);
      return null;
    }
    if (!known && !this.#hasRoom(fact, values.size, sender)) {
      this.#refuse(fact, reception);
      return null;
    }
    // A pointer is never the only one of its name: a flush would wipe out the neighbours.
    if (fact.flush && fact.kind !== 'PTR') {
      for (const record of values.values())
        if (record !== known && now - record.since > FAREWELL_MS) retire(record, now);
    }
    // Up to 2 % later, so that not every listener asks at once.
    const refreshAt = fact.ttl < MIN_REFRESHED_TTL_MS ? Infinity : now + fact.ttl * (0.8 + Math.random() * 0.02);
    const origin = {
      sender: known && !isOwn ? known.sender : sender,
      firstAt: known?.firstAt ?? now,
      isSender: known?.isSender || fact.data[0] === sender,
    };
    values.set(id, { ...fact, ...origin, heardAt, since: now, expiresAt: now + fact.ttl, refreshAt });
    this.#all.set(key, values);
    return !known;
  }

  /** Drops what has expired. @returns whether anything was dropped */
  expire(now: number): boolean {
    let changed = false;
    for (const values of this.#all.values()) {
      for (const [id, { expiresAt }] of values) if (expiresAt <= now) changed = values.delete(id);
    }
    return changed;
  }

  /** Drops what is under other keys. @returns whether anything was dropped */
  keepOnly(keys: { has(key: string): boolean }): boolean {
    let changed = false;
    for (const [key, values] of this.#all) {
      if (values.size === 0 || !keys.has(key)) changed = this.#all.delete(key);
    }
    return changed;
  }

  #refuse(fact: Fact, { sender, heardAt }: Reception): void {
    this.refused++;
    const type = fact.kind === 'PTR' ? readTypeId(fact.name) || null : null;
    keepNewest(this.refusedRows, { node: sender, type, reason: 'too-many', heardAt });
  }

  #hasRoom({ kind, name }: Fact, size: number, sender: string): boolean {
    if (kind !== 'PTR') return size < VALUES_CAP;
    if (lower(name) === ALL_TYPES) return size < TYPES_CAP;
    let all = 0;
    let fromSender = 0;
    for (const typeName of this.typeNames().keys()) {
      for (const record of this.#all.get(recordKey('PTR', typeName))?.values() ?? []) {
        all++;
        if (record.sender === sender) fromSender++;
      }
    }
    return all < INSTANCES_CAP && fromSender < SENDER_CAP;
  }
}

function retire(record: StoredRecord, now: number): void {
  record.expiresAt = Math.min(record.expiresAt, now + FAREWELL_MS);
}
