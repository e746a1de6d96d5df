/**
 * What one link says over multicast DNS: takes messages, gives complete services and due questions. No socket, no timer.
 * Responses come from strangers: only records that lead to a service are stored, and only so many.
 * RFC 6762 (multicast DNS), RFC 6763 (services in DNS).
 */
import type { BlockList } from 'node:net';
import { publicText } from '../../../announcement/secrets.js';
import { keepNewest, type SkippedRow } from '../../../announcement/skipped.js';
import { rangeList } from '../../../lib/address.js';
import type { Announcement } from '../../../model/provider.js';
import { displayName, lower } from './names.js';
import { type Question, Questions, type Wanted } from './questions.js';
import {
  type Address,
  ALL_TYPES,
  chooseAddress,
  type Fact,
  type Kind,
  readFacts,
  readService,
  readTypeName,
  recordKey,
} from './record.js';
import { Records } from './records.js';

/** A complete instance. */
export interface Service {
  readonly announcement: Announcement;
  /** ms since the epoch */
  readonly heardAt: number;
  /** Address from which its SRV record came first. */
  readonly sender: string;
}

/** What this node knows of its own place on the link. */
export interface Surroundings {
  /** This node's addresses, on every link. */
  readonly own: ReadonlySet<string>;
  /** Subnets of the link. */
  readonly networks: BlockList;
}

/**
 * How long to wait for a TXT record that may still come, ms; it is asked for once more meanwhile. Small devices have none,
 * though RFC 6763 §6.1 wants one.
 */
const TXT_WAIT_MS = 2_000;

/** `now` is monotonic, ms, everywhere: a record's lifetime does not depend on the wall clock. */
export class MdnsCache {
  readonly #records: Records;
  readonly #questions: Questions;
  readonly #wallClock: () => number;
  #surroundings: Surroundings = { own: new Set(), networks: rangeList([]) };
  /** The last time that it was told, monotonic, ms. */
  #now = 0;
  /** When an instance that was incomplete at the last look becomes complete by itself, monotonic, ms. */
  #waitsUntil = Infinity;
  #read: { readonly services: readonly Service[]; readonly skipped: readonly SkippedRow[] } | null = null;
  /** What leads to a service; null where records came or went since it was last asked. */
  #led: ReadonlyMap<string, Wanted> | null = null;
  #malformed = 0;
  readonly #malformedRows: SkippedRow[] = [];

  /**
   * @param types service types to ask for whether or not the link mentions them
   * @param wallClock ms since the epoch, for what is shown
   */
  constructor(types: readonly string[], wallClock: () => number = Date.now) {
    this.#records = new Records(types);
    this.#questions = new Questions((key) => this.#records.under(key));
    this.#wallClock = wallClock;
  }

  /** Says where the link is; before, nothing is. */
  settle(surroundings: Surroundings): void {
    this.#surroundings = surroundings;
    this.#read = null;
  }

  /** Reads a message. @param sender its source address @returns whether it held anything new */
  take(message: Buffer, sender: string, now: number): boolean {
    this.#now = now;
    const { facts, isMalformed } = readFacts(message);
    if (isMalformed) this.countMalformed(sender);
    const isOwn = this.#surroundings.own.has(sender);
    const reception = { sender, isOwn, now, heardAt: this.#wallClock() };
    let changed = false;
    // From types to instances to addresses: a record makes wanted what it leads to.
    for (const stage of STAGES) {
      const ofStage = facts.filter((fact) => stageOf(fact) === stage);
      if (ofStage.length === 0) continue;
      const isWanted = this.#wantedAt(stage);
      for (const fact of ofStage) {
        const isNew = isWanted(fact.name) ? this.#records.store(fact, reception) : null;
        if (isNew !== null) this.#read = this.#led = null;
        if (isNew) changed = true;
      }
    }
    return changed;
  }

  /** Drops what has expired and what nothing leads to any more. @returns whether the services may have changed */
  expire(now: number): boolean {
    this.#now = now;
    const expired = this.#records.expire(now);
    if (expired) this.#led = null;
    const led = this.#records.keepOnly(this.#wanted());
    const waited = this.#waitsUntil <= now;
    const changed = expired || led || waited;
    if (changed) this.#read = null;
    if (waited) this.#waitsUntil = Infinity;
    return changed;
  }

  /** Counts a message that was not read, or not all of it. */
  countMalformed(sender: string): void {
    this.#malformed++;
    keepNewest(this.#malformedRows, { node: sender, type: null, reason: 'malformed', heardAt: this.#wallClock() });
  }

  /** The questions to send now, in one packet; those that do not fit are due at the next call. */
  questions(now: number): Question[] {
    return this.#questions.due(this.#wanted(), now);
  }

  /** Every complete instance. */
  services(): readonly Service[] {
    return this.#readAll().services;
  }

  /** Counts of what was skipped: faulty instances by fault, records beyond the caps, malformed messages. */
  skipped(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { reason } of this.#readAll().skipped) counts[reason] = (counts[reason] ?? 0) + 1;
    if (this.#records.refused > 0) counts['too-many'] = this.#records.refused;
    if (this.#malformed > 0) counts.malformed = this.#malformed;
    return counts;
  }

  /** The rows behind these counts; of records beyond the caps and of messages only the newest. */
  skippedRows(): readonly SkippedRow[] {
    return [...this.#readAll().skipped, ...this.#records.refusedRows, ...this.#malformedRows];
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
        if (target) yield lower(target);
      }
    }
  }

  /** Everything that leads to a service, as far as is known. Asked for every second, of thousands of records. */
  #wanted(): ReadonlyMap<string, Wanted> {
    this.#led ??= this.#findWanted();
    return this.#led;
  }

  #findWanted(): Map<string, Wanted> {
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
        if (!target) continue;
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
    this.#waitsUntil = Infinity;
    for (const [typeName, typeId] of this.#records.typeNames()) {
      for (const { data } of this.#records.of('PTR', typeName)) {
        const service = this.#assemble(data[0] ?? '', typeId);
        if (service === null) continue;
        if (typeof service === 'number') this.#waitsUntil = Math.min(this.#waitsUntil, service);
        else if ('reason' in service) skipped.push(service);
        else services.push(service);
      }
    }
    this.#read = { services, skipped };
    return this.#read;
  }

  /** The instance; null while a part is missing, or until when to wait for it; or why it must be skipped. */
  #assemble(instance: string, type: string): Service | SkippedRow | number | null {
    const srv = this.#records.latest('SRV', instance);
    const [target = ''] = srv?.data ?? [];
    const addresses = this.#addresses(target);
    if (!srv || addresses.length === 0) return null;
    const txt = this.#records.latest('TXT', instance);
    if (!txt && this.#now < srv.firstAt + TXT_WAIT_MS) return srv.firstAt + TXT_WAIT_MS;
    const { heardAt, sender } = srv;
    const { own } = this.#surroundings;
    const address = chooseAddress(addresses, (candidate) => own.has(candidate) && !own.has(sender));
    const announcement = readService(type, instance, srv.data, txt?.data ?? [], address);
    if (typeof announcement !== 'string') return { announcement, heardAt, sender };
    const node = publicText(displayName(target)).replace(/\.local$/i, '') || null;
    return { node, type, reason: announcement, heardAt };
  }

  #addresses(host: string): Address[] {
    const { networks } = this.#surroundings;
    return [...this.#records.of('A', host), ...this.#records.of('AAAA', host)].map(({ data, isSender }) => {
      const [address = ''] = data;
      const isNear = isSender || networks.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
      return { address, isNear, isSender };
    });
  }
}

/** What a record describes, in the order in which one leads to the next. */
const STAGES = ['all', 'type', 'instance', 'host'] as const;
type Stage = (typeof STAGES)[number];

function stageOf({ kind, name }: Fact): Stage {
  if (kind === 'PTR') return lower(name) === ALL_TYPES ? 'all' : 'type';
  return kind === 'SRV' || kind === 'TXT' ? 'instance' : 'host';
}
