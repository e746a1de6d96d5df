/**
 * What one link says over multicast DNS: takes responses, gives complete services and due questions. No socket, no timer.
 * Responses come from strangers: only records that lead to a service are stored, and only so many.
 * RFC 6762 (multicast DNS), RFC 6763 (services in DNS).
 */
import type { Packet, Question } from 'dns-packet';
import type { SkippedRow } from '../../../announcement/skipped.js';
import { cleanText } from '../../../lib/text.js';
import type { Announcement } from '../../../model/provider.js';
import { Questions, type Wanted } from './questions.js';
import { ALL_TYPES, type Fact, type Kind, lower, readFacts, readService, readTypeName, recordKey } from './record.js';
import { Records } from './records.js';

/** A complete instance. */
export interface Service {
  readonly announcement: Announcement;
  /** ms since the epoch */
  readonly heardAt: number;
  /** Address from which its SRV record came first. */
  readonly sender: string;
}

/** `now` is monotonic, ms, everywhere: a record's lifetime does not depend on the wall clock. */
export class MdnsCache {
  readonly #records: Records;
  readonly #questions: Questions;
  readonly #wallClock: () => number;
  #read: { readonly services: readonly Service[]; readonly skipped: readonly SkippedRow[] } | null = null;

  /**
   * @param types service types to ask for whether or not the link mentions them
   * @param wallClock ms since the epoch, for what is shown
   */
  constructor(types: readonly string[], wallClock: () => number = Date.now) {
    this.#records = new Records(types);
    this.#questions = new Questions((key) => this.#records.under(key));
    this.#wallClock = wallClock;
  }

  /** Reads a packet. @param sender its source address @returns whether it held anything new */
  take(packet: Packet, sender: string, now: number): boolean {
    const facts = readFacts(packet);
    const reception = { sender, now, heardAt: this.#wallClock() };
    let changed = false;
    // From types to instances to addresses: a record makes wanted what it leads to.
    for (const stage of STAGES) {
      const ofStage = facts.filter((fact) => stageOf(fact) === stage);
      if (ofStage.length === 0) continue;
      const isWanted = this.#wantedAt(stage);
      for (const fact of ofStage) {
        const isNew = isWanted(fact.name) ? this.#records.store(fact, reception) : null;
        if (isNew !== null) this.#read = null;
        if (isNew) changed = true;
      }
    }
    return changed;
  }

  /** Drops what has expired and what nothing leads to any more. @returns whether anything was dropped */
  expire(now: number): boolean {
    const expired = this.#records.expire(now);
    const led = this.#records.keepOnly(this.#wanted());
    if (expired || led) this.#read = null;
    return expired || led;
  }

  /** The questions to send now, in one packet; those that do not fit are due at the next call. */
  questions(now: number): Question[] {
    return this.#questions.due(this.#wanted(), now);
  }

  /** Every complete instance. */
  services(): readonly Service[] {
    return this.#readAll().services;
  }

  /** Counts of what was skipped: faulty instances by fault, and records beyond the caps. */
  skipped(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { reason } of this.#readAll().skipped) counts[reason] = (counts[reason] ?? 0) + 1;
    return { ...counts, ...(this.#records.refused > 0 ? { 'too-many': this.#records.refused } : {}) };
  }

  /** The rows behind these counts; of records beyond the caps only the newest. */
  skippedRows(): readonly SkippedRow[] {
    return [...this.#readAll().skipped, ...this.#records.refusedRows];
  }

  /** Whether a record of that name is wanted; computed for each packet, so without a pass over everything. */
  #wantedAt(stage: Stage): (name: string) => boolean {
    if (stage === 'all') return () => true;
    if (stage === 'instance') {
      return (name) => this.#records.pointsTo(readTypeName(name), name);
    }
    const names = new Set(stage === 'type' ? [...this.#records.typeNames().keys()].map(lower) : this.#targets());
    return (name) => names.has(lower(name));
  }

  /** Hosts that services name. */
  *#targets(): Iterable<string> {
    for (const typeName of this.#records.typeNames().keys()) {
      for (const { data } of this.#records.of('PTR', typeName)) {
        const target = this.#records.latest('SRV', data[0] ?? '')?.data[0];
        if (target !== undefined) yield lower(target);
      }
    }
  }

  /** Everything that leads to a service, as far as is known. */
  #wanted(): Map<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    const add = (type: Kind, name: string, open = false) =>
      wanted.set(recordKey(type, name), { question: { type, name }, open });
    add('PTR', ALL_TYPES, true);
    for (const typeName of this.#records.typeNames().keys()) {
      add('PTR', typeName, true);
      for (const { data } of this.#records.of('PTR', typeName)) {
        const [instance = ''] = data;
        add('SRV', instance);
        add('TXT', instance);
        const target = this.#records.latest('SRV', instance)?.data[0];
        if (target === undefined) continue;
        add('A', target);
        add('AAAA', target);
      }
    }
    return wanted;
  }

  #readAll() {
    if (this.#read) return this.#read;
    const services: Service[] = [];
    const skipped: SkippedRow[] = [];
    for (const [typeName, typeId] of this.#records.typeNames()) {
      for (const { data } of this.#records.of('PTR', typeName)) {
        const service = this.#assemble(data[0] ?? '', typeId);
        if (service === null) continue;
        if ('reason' in service) skipped.push(service);
        else services.push(service);
      }
    }
    this.#read = { services, skipped };
    return this.#read;
  }

  /** The instance; null while a part is missing; or why it must be skipped. */
  #assemble(instance: string, type: string): Service | SkippedRow | null {
    const srv = this.#records.latest('SRV', instance);
    const txt = this.#records.latest('TXT', instance);
    const target = srv?.data[0] ?? '';
    const addresses = [...this.#records.of('A', target), ...this.#records.of('AAAA', target)].map(
      ({ data }) => data[0] ?? '',
    );
    if (!srv || !txt || addresses.length === 0) return null;
    const announcement = readService(type, instance, srv.data, txt.data, addresses);
    const { heardAt, sender } = srv;
    if (typeof announcement !== 'string') return { announcement, heardAt, sender };
    return { node: cleanText(target).replace(/\.local$/i, '') || null, type, reason: announcement, heardAt };
  }
}

/** What a record describes, in the order in which one leads to the next. */
const STAGES = ['all', 'type', 'instance', 'host'] as const;
type Stage = (typeof STAGES)[number];

function stageOf({ kind, name }: Fact): Stage {
  if (kind === 'PTR') return lower(name) === ALL_TYPES ? 'all' : 'type';
  return kind === 'SRV' || kind === 'TXT' ? 'instance' : 'host';
}
