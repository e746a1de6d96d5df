/**
 * The local network as a source: browses multicast DNS on every link of this node, without an avahi-daemon. What a link said
 * stays until it expires, even while the link is down.
 */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { capRows, type SkippedRow } from '../../../announcement/skipped.js';
import { Listeners } from '../../../lib/listeners.js';
import { providerIdOf } from '../../merge.js';
import { Seniority } from '../../seniority.js';
import type { Detected, Sighting, Source, SourceState, SourceStatus, SourceType } from '../../source.js';
import type { Service } from './cache.js';
import { Link } from './link.js';
import { lower } from './names.js';

/** How often expiry and due questions are checked; the first time after a random delay (RFC 6762 §5.2). All ms. */
const TICK_MS = 1_000;
const FIRST_TICK_MS = { least: 20, most: 120 };
/** How long to wait for the first list, ms: neighbours answer within 120 ms of a question (RFC 6762 §6). */
const ANSWERS_MS = 250;
/** Ticks between two looks at the interfaces, which come and go. */
const INTERFACES_EVERY = 30;

interface AvahiOptions {
  /** Service types to ask for, besides those that the links mention. */
  readonly types: readonly string[];
  /** Whether a node without a usable link has a problem. */
  readonly required: boolean;
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
  /** The links that this node has. */
  readonly interfaces?: typeof networkInterfaces;
  readonly seniority?: Seniority;
}

export class AvahiSource implements Source {
  readonly #types: readonly string[];
  readonly #required: boolean;
  readonly #now: () => number;
  readonly #interfaces: typeof networkInterfaces;
  readonly #links = new Map<string, Link>();
  readonly #listeners = new Listeners();
  readonly #ready: Promise<void>;
  #resolveReady = () => {};
  #timer: NodeJS.Timeout;
  #readyTimer: NodeJS.Timeout | undefined;
  #ticks = 0;
  readonly #seniority: Seniority;
  /** When each current announcement was first heard, ms since the epoch. */
  #since = new Map<string, number>();
  /** This node's addresses. */
  #own: ReadonlySet<string> = new Set();
  /** What the links listed, and what came of it. */
  #merged: { readonly lists: readonly (readonly Service[])[]; readonly services: readonly Service[] } | null = null;
  #state: SourceState = 'connecting';
  #lastUp: number | null = null;

  constructor({ types, required, now = Date.now, interfaces = networkInterfaces, seniority }: AvahiOptions) {
    this.#types = types;
    this.#required = required;
    this.#now = now;
    this.#interfaces = interfaces;
    this.#seniority = seniority ?? new Seniority(now);
    this.#ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    this.#scanInterfaces();
    this.#updateState();
    const { least, most } = FIRST_TICK_MS;
    this.#timer = setTimeout(() => this.#start(), least + Math.random() * (most - least));
  }

  status(): Omit<SourceStatus, 'name'> {
    const error = this.#state === 'away' ? { error: this.#explain() } : {};
    const skipped: Record<string, number> = {};
    for (const [reason, count] of [...this.#links.values()].flatMap((link) => Object.entries(link.skipped())))
      skipped[reason] = (skipped[reason] ?? 0) + count;
    const lastUp = this.#state === 'up' ? this.#now() : this.#lastUp;
    return { state: this.#state, ...error, lastUp, read: this.#services().length, skipped };
  }

  sightings(): readonly Sighting[] {
    const since = new Map<string, number>();
    const all = this.#services().map(({ announcement, heardAt, sender }) => {
      const announcer = `avahi:${lower(announcement.host)}`;
      const key = `${announcer}|${providerIdOf(announcement)}`;
      const first = this.#since.get(key) ?? this.#seniority.claim(providerIdOf(announcement), announcer);
      since.set(key, first);
      // The kernel drops packets from elsewhere that claim one of this host's addresses as sender.
      const self = this.#own.has(announcement.address) && this.#own.has(sender);
      return { announcement, self, certain: self, heardAt, announcer, since: first };
    });
    this.#since = since;
    return all;
  }

  skippedRows(): readonly SkippedRow[] {
    return capRows([...this.#links.values()].flatMap((link) => link.skippedRows()));
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#readyTimer);
    this.#resolveReady();
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  /** Each instance once. Where several links lead to it, the first open one wins, over IPv4 if possible. */
  #services(): readonly Service[] {
    const links = [...this.#links.values()].sort((a, b) => Number(b.isOpen) - Number(a.isOpen));
    const lists = links.map((link) => link.cache.services());
    // Every page asks for their number; a link has the same list as long as it hears nothing.
    const known = this.#merged;
    if (known && known.lists.length === lists.length && lists.every((list, at) => list === known.lists[at]))
      return known.services;
    this.#merged = { lists, services: lists.length === 1 ? (lists[0] ?? []) : mergeLists(lists) };
    return this.#merged.services;
  }

  #start(): void {
    this.#tick();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#readyTimer = setTimeout(this.#resolveReady, this.#state === 'off' ? 0 : ANSWERS_MS);
  }

  #tick(): void {
    this.#ticks++;
    if (this.#ticks % INTERFACES_EVERY === 0) this.#scanInterfaces();
    let changed = false;
    for (const [name, link] of this.#links) {
      if (link.tick()) changed = true;
      if (!link.isOpen && link.cache.services().length === 0) this.#links.delete(name);
    }
    if (changed) this.#listeners.call();
    this.#updateState();
  }

  /** Opens new links, closes vanished ones. */
  #scanInterfaces(): void {
    const all = Object.entries(this.#interfaces()).map(([name, list = []]) => ({ name, list }));
    this.#own = new Set(all.flatMap(({ list }) => list.map(({ address }) => address)));
    const usable = all.filter(({ list }) => list.some(isUsable));
    const others = (own: string) =>
      all.flatMap(({ name, list }) => (name === own ? [] : list)).filter(({ family }) => family === 'IPv4');
    for (const { name, list } of usable) {
      const elsewhere = others(name).map(({ address }) => address);
      this.#link(name).open(list, { own: this.#own, elsewhere });
    }
    for (const [name, link] of this.#links) if (!usable.some((candidate) => candidate.name === name)) void link.close();
  }

  #link(name: string): Link {
    const known = this.#links.get(name);
    if (known) return known;
    const onChange = (changed: boolean) => {
      if (changed) this.#listeners.call();
      this.#updateState();
    };
    const link = new Link(name, this.#types, this.#now, onChange);
    this.#links.set(name, link);
    return link;
  }

  #updateState(): void {
    const open = [...this.#links.values()].filter((link) => link.isOpen);
    const state = this.#findState(open);
    if (this.#state === 'up') this.#lastUp = this.#now();
    if (state === this.#state) return;
    this.#state = state;
    this.#listeners.call();
  }

  #findState(open: readonly Link[]): SourceState {
    if (open.some((link) => link.joined)) return 'up';
    if (open.length === 0) return this.#required ? 'away' : 'off';
    return open.some((link) => link.problem) ? 'away' : 'connecting';
  }

  #explain(): NonNullable<SourceStatus['error']> {
    const problems = [...this.#links.values()].flatMap(({ name, problem }) => (problem ? [`${name}: ${problem}`] : []));
    return {
      code: 'no-multicast',
      message: `The local network cannot be asked for services: ${problems.join('; ') || 'no network interface is up'}.`,
      hint: 'Bring an interface with an address up and let UDP port 5353 through, or set AVAHI=off.',
    };
  }
}

/** A link-local address is not enough: every container's virtual link has one. */
function isUsable({ internal, address }: NetworkInterfaceInfo): boolean {
  return !internal && !address.startsWith('fe80:');
}

const NOT_LISTENING: Detected = {
  text: {
    ca: 'Avahi: avahi-daemon funciona aquí, i no s’escolta la xarxa local',
    es: 'Avahi: avahi-daemon funciona aquí, y no se escucha la red local',
    en: 'Avahi: avahi-daemon runs here, and the local network is not listened to',
    de: 'Avahi: avahi-daemon läuft hier, und auf das lokale Netz wird nicht gehört',
  },
  hint: { ca: 'Poseu AVAHI=auto', es: 'Ponga AVAHI=auto', en: 'Set AVAHI=auto', de: 'Setze AVAHI=auto' },
};

const avahi: SourceType = {
  id: 'avahi',
  title: { ca: 'Avahi', es: 'Avahi', en: 'Avahi', de: 'Avahi' },
  order: 30,
  trust: 'anyone',
  reach: 'link',
  detect: async ({ avahi }, machine) =>
    avahi === 'off' && machine.exists('/run/avahi-daemon/socket') ? NOT_LISTENING : null,
  isSet: ({ avahi }) => avahi === 'on',
  open: ({ avahi }, { types, now, seniority }) =>
    avahi === 'off' || types.length === 0 ? null : new AvahiSource({ types, required: avahi === 'on', now, seniority }),
};
export default avahi;

/** The first of each, over IPv4 if possible. */
function mergeLists(lists: readonly (readonly Service[])[]): readonly Service[] {
  const once = new Map<string, Service>();
  for (const service of lists.flat()) {
    const { type, host, port, description, txt, address } = service.announcement;
    const key = JSON.stringify([type, host, port, description, ...txt]);
    const known = once.get(key)?.announcement.address;
    if (known === undefined || (known.includes(':') && !address.includes(':'))) once.set(key, service);
  }
  return [...once.values()];
}
