/**
 * What one link says over multicast DNS: responses in, complete services and due questions out. No socket and no timer.
 * Everything in a response is a stranger's: only records that lead to a service are kept, and only so many of them.
 * RFC 6762 (multicast DNS), RFC 6763 (services in DNS).
 */
import type { Packet, Question } from 'dns-packet';
import type { Announcement } from '../provider.js';
import { cleanText } from './entry.js';
import { Questions, type Refreshable, type Wanted } from './mdns-questions.js';
import {
  ALL_TYPES,
  type Fact,
  type Kind,
  keyOf,
  lower,
  readFacts,
  readService,
  typeNameOf,
  wordOf,
} from './mdns-record.js';
import { keepNewest, type SkippedRow } from './skipped.js';

/** Caps: instances of one link and of one sender, learned type names (64 types over both transports), values of a name. */
const INSTANCES_CAP = 512;
const SENDER_CAP = 64;
const TYPES_CAP = 128;
const VALUES_CAP = 8;

/** All ms. What is taken back, or replaced by a newer value, stays for a second (RFC 6762 §10.1, §10.2). */
const FAREWELL = 1_000;
/** What lives shorter is not asked for again before it expires: the neighbour would set the pace. */
const SHORTEST_REFRESHED = 10_000;

/** A record as kept; times in ms since the epoch. */
interface Kept extends Fact, Refreshable {
  readonly sender: string;
  readonly heardAt: number;
  expiresAt: number;
}

/** A complete instance. */
export interface Service {
  readonly announcement: Announcement;
  /** ms since the epoch */
  readonly heardAt: number;
}

export class MdnsCache {
  /** Type names that are always asked for, and their wire words. */
  readonly #own: ReadonlyMap<string, string>;
  /** Records by kind and name, then by value. */
  readonly #records = new Map<string, Map<string, Kept>>();
  readonly #questions = new Questions((key) => [...(this.#records.get(key)?.values() ?? [])]);
  #read: { readonly services: readonly Service[]; readonly skipped: readonly SkippedRow[] } | null = null;
  #refused = 0;
  readonly #refusedRows: SkippedRow[] = [];

  /** @param types wire words to ask for whether or not the link mentions them */
  constructor(types: readonly string[]) {
    this.#own = new Map(types.flatMap((word) => ['tcp', 'udp'].map((over) => [`_${word}._${over}.local`, word])));
  }

  /** Reads a packet. @param sender its source address @returns whether something new was in it */
  take(packet: Packet, sender: string, now: number): boolean {
    const facts = readFacts(packet);
    let changed = false;
    // From types over instances to addresses: what a record leads to is wanted once the record is there.
    for (const stage of STAGES) {
      const ofStage = facts.filter((fact) => stageOf(fact) === stage);
      if (ofStage.length === 0) continue;
      const isWanted = this.#wantedAt(stage);
      for (const fact of ofStage) if (isWanted(fact.name) && this.#keep(fact, sender, now)) changed = true;
    }
    return changed;
  }

  /** Drops what has expired and what nothing leads to any more. @returns whether there was such */
  expire(now: number): boolean {
    let changed = false;
    for (const values of this.#records.values()) {
      for (const [id, { expiresAt }] of values) if (expiresAt <= now) changed = values.delete(id);
    }
    const wanted = this.#wanted();
    for (const [key, values] of this.#records) {
      if (values.size === 0 || !wanted.has(key)) changed = this.#records.delete(key);
    }
    if (changed) this.#read = null;
    return changed;
  }

  /** The questions to send now, in one packet; those that find no room in it are due at the next call. */
  questions(now: number): Question[] {
    return this.#questions.due(this.#wanted(), now);
  }

  /** Every complete instance. */
  services(): readonly Service[] {
    return this.#complete().services;
  }

  /** What was left out: instances by what is wrong with them, and records beyond the caps. */
  skipped(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { reason } of this.#complete().skipped) counts[reason] = (counts[reason] ?? 0) + 1;
    return { ...counts, ...(this.#refused > 0 ? { 'too-many': this.#refused } : {}) };
  }

  /** The rows behind these counts; of the records beyond the caps the newest. */
  skippedRows(): readonly SkippedRow[] {
    return [...this.#complete().skipped, ...this.#refusedRows];
  }

  /** Whether it is a new value. */
  #keep(fact: Fact, sender: string, now: number): boolean {
    const key = keyOf(fact.kind, fact.name);
    const values = this.#records.get(key) ?? new Map<string, Kept>();
    const id = fact.kind === 'TXT' ? JSON.stringify(fact.data) : lower(fact.data.join(' '));
    const known = values.get(id);
    const farewell = (kept: Kept) => {
      kept.expiresAt = Math.min(kept.expiresAt, now + FAREWELL);
    };
    if (fact.ttl === 0) {
      if (known) farewell(known);
      return false;
    }
    if (!known && !this.#hasRoom(fact, values.size, sender)) {
      this.#refused++;
      const type = fact.kind === 'PTR' ? wordOf(fact.name) || null : null;
      keepNewest(this.#refusedRows, { node: sender, type, reason: 'too-many', heardAt: now });
      return false;
    }
    // A pointer is never the only one of its name: whoever says so would wipe the neighbours out.
    if (fact.flush && fact.kind !== 'PTR') {
      for (const kept of values.values()) if (kept !== known && now - kept.heardAt > FAREWELL) farewell(kept);
    }
    // Up to 2 % later, so that all who heard it do not ask in step.
    const refreshAt = fact.ttl < SHORTEST_REFRESHED ? Infinity : now + fact.ttl * (0.8 + Math.random() * 0.02);
    const first = known?.sender ?? sender;
    values.set(id, { ...fact, sender: first, heardAt: now, expiresAt: now + fact.ttl, refreshAt });
    this.#records.set(key, values);
    this.#read = null;
    return !known;
  }

  #hasRoom({ kind, name }: Fact, size: number, sender: string): boolean {
    if (kind !== 'PTR') return size < VALUES_CAP;
    if (lower(name) === ALL_TYPES) return size < TYPES_CAP;
    let all = 0;
    let ofSender = 0;
    for (const typeName of this.#typeNames().keys()) {
      for (const kept of this.#of('PTR', typeName)) {
        all++;
        if (kept.sender === sender) ofSender++;
      }
    }
    return all < INSTANCES_CAP && ofSender < SENDER_CAP;
  }

  *#of(kind: Kind, name: string): Iterable<Kept> {
    yield* this.#records.get(keyOf(kind, name))?.values() ?? [];
  }

  /** Type names to ask for, with their words. */
  #typeNames(): ReadonlyMap<string, string> {
    const names = new Map(this.#own);
    const known = new Set([...this.#own.keys()].map((name) => lower(name)));
    for (const { data } of this.#of('PTR', ALL_TYPES)) {
      const [name = ''] = data;
      if (!known.has(lower(name))) names.set(name, wordOf(name));
    }
    return names;
  }

  /** Whether a record of that name is wanted; for each packet anew, so without going over all that is. */
  #wantedAt(stage: Stage): (name: string) => boolean {
    if (stage === 'all') return () => true;
    if (stage === 'instance') {
      return (name) => this.#records.get(keyOf('PTR', typeNameOf(name)))?.has(lower(name)) ?? false;
    }
    const names = new Set(stage === 'type' ? [...this.#typeNames().keys()].map(lower) : this.#targets());
    return (name) => names.has(lower(name));
  }

  /** Hosts that services name. */
  *#targets(): Iterable<string> {
    for (const typeName of this.#typeNames().keys()) {
      for (const { data } of this.#of('PTR', typeName)) {
        const target = latest(this.#of('SRV', data[0] ?? ''))?.data[0];
        if (target !== undefined) yield lower(target);
      }
    }
  }

  /** Everything that leads to a service, from what is known by now. */
  #wanted(): Map<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    const add = (type: Kind, name: string, open = false) =>
      wanted.set(keyOf(type, name), { question: { type, name }, open });
    add('PTR', ALL_TYPES, true);
    for (const typeName of this.#typeNames().keys()) {
      add('PTR', typeName, true);
      for (const { data } of this.#of('PTR', typeName)) {
        const [instance = ''] = data;
        add('SRV', instance);
        add('TXT', instance);
        const target = latest(this.#of('SRV', instance))?.data[0];
        if (target === undefined) continue;
        add('A', target);
        add('AAAA', target);
      }
    }
    return wanted;
  }

  #complete() {
    if (this.#read) return this.#read;
    const services: Service[] = [];
    const skipped: SkippedRow[] = [];
    for (const [typeName, word] of this.#typeNames()) {
      for (const { data } of this.#of('PTR', typeName)) {
        const service = this.#join(data[0] ?? '', word);
        if (service === null) continue;
        if ('reason' in service) skipped.push(service);
        else services.push(service);
      }
    }
    this.#read = { services, skipped };
    return this.#read;
  }

  /** The instance; null while a part of it is missing; or why it must be left out. */
  #join(instance: string, type: string): Service | SkippedRow | null {
    const srv = latest(this.#of('SRV', instance));
    const txt = latest(this.#of('TXT', instance));
    const target = srv?.data[0] ?? '';
    const addresses = [...this.#of('A', target), ...this.#of('AAAA', target)].map(({ data }) => data[0] ?? '');
    if (!srv || !txt || addresses.length === 0) return null;
    const announcement = readService(type, instance, srv.data, txt.data, addresses);
    const { heardAt } = srv;
    if (typeof announcement !== 'string') return { announcement, heardAt };
    return { node: cleanText(target).replace(/\.local$/i, '') || null, type, reason: announcement, heardAt };
  }
}

/** What a record is about, in the order in which one leads to the next. */
const STAGES = ['all', 'type', 'instance', 'host'] as const;
type Stage = (typeof STAGES)[number];

function stageOf({ kind, name }: Fact): Stage {
  if (kind === 'PTR') return lower(name) === ALL_TYPES ? 'all' : 'type';
  return kind === 'SRV' || kind === 'TXT' ? 'instance' : 'host';
}

function latest(all: Iterable<Kept>): Kept | null {
  let last: Kept | null = null;
  for (const kept of all) if (last === null || kept.heardAt >= last.heardAt) last = kept;
  return last;
}
