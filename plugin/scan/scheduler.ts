/**
 * Probes in the background, if the owner wants it: rarely, at random times, where a probe may change the choice, and never
 * while somebody needs the node or the link. Also records, every minute, that this node was up, or cut off.
 */
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import type { Jobs } from '../jobs/index.js';
import { fixedTime, type Time } from '../lib/clock/index.js';
import { log } from '../lib/log.js';
import { PanelError } from '../model/errors.js';
import type { Provider } from '../model/provider.js';
import type { ServiceRegistry } from '../services/contract.js';
import type { Store } from '../store/index.js';
import { type Busy, busyWith } from './busy.js';
import { claims, hostGroup } from './group.js';
import { type Candidate, chooseKnock, chooseNext, type Hours } from './plan.js';
import type { Scanner } from './scanner.js';
import type { Choice, Terms } from './scheduler/terms.js';
import { type Report, Urgent } from './scheduler/urgent.js';
import type { Standing } from './target.js';
import { isOfferedHere, isProbeable, minGapMs } from './target.js';

const MINUTE_MS = 60_000;

/** Each pulse records one minute and makes at most one probe. */
const PULSE_MS = MINUTE_MS;

/** A power cut starts all nodes at once: their first probes are spread over this, ms. */
const START_SPREAD_MS = 30 * MINUTE_MS;

/** Exponential gaps between the probes of one type, so that no two nodes stay in step (RFC 2330 §11.1), ms. */
const MEAN_GAP_MS = 30 * MINUTE_MS;
const MIN_GAP_MS = 5 * MINUTE_MS;
const MAX_GAP_MS = 120 * MINUTE_MS;

/**
 * Types that this program does not know share one turn, under this name: strangers make up as many as they like, and there
 * is one probe a minute.
 */
const UNKNOWN = '';

/** How many names and places of providers that never answered are remembered with the time of their last probe. */
const MAX_CLAIMS = 4_096;

/** What was reported is looked at by night, too. */
const ALWAYS: Hours = { from: 0, to: 24 };

/** All of a day are one event. */
const UNASKED = { by: 'schedule', name: '', what: 'measure', type: null, provider: null, result: 'done' } as const;

/** What the owner chose at run time; the configuration counts where nothing was chosen. */
const SETTING = 'background-scan';

type Waiting = 'off' | 'starting' | 'scan' | Busy | 'budget' | 'nothing-due';

export interface SchedulerStatus {
  readonly on: boolean;
  /** Whether the owner has decided, here or in the configuration. */
  readonly chosen: boolean;
  /** When the next probe is due, ms since the epoch; null while there is nothing to choose from. */
  readonly next: number | null;
  /** What holds up the next probe, or held up the last; null = nothing. */
  readonly waiting: Waiting | null;
  /** Bytes that all probes have cost in 24 hours. */
  readonly spentToday: number;
  /** Background probes stop at this many bytes. */
  readonly budget: number;
  /** The most that the owner may make of it, bytes: what the configuration allows. */
  readonly limit: number;
  /** What the owner made of it, bytes; null = the most. */
  readonly chosenBudget: number | null;
  /** When it measures, by the local clock. */
  readonly hours: Hours;
  /** The last background probe of this process; `at` in ms since the epoch. */
  readonly last: { readonly type: string; readonly provider: string; readonly at: number } | null;
}

/** What the choice asks of the ranking, which lies to the right and is handed in. */
interface Prospect extends Standing, Pick<Candidate, 'failures' | 'high' | 'recommended' | 'estimate' | 'distance'> {
  /** Hidden by the owner: never chosen. */
  readonly hidden: boolean;
}

export interface SchedulerDeps {
  readonly config: Pick<Config, 'backgroundScan'>;
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'providers'>;
  readonly jobs: Pick<Jobs, 'running'>;
  readonly store: Pick<Store, 'settings' | 'own' | 'events'>;
  readonly scanner: Pick<Scanner, 'background' | 'knock' | 'cut' | 'spending'>;
  readonly terms: Terms;
  readonly ranking: (typeId: string) => readonly Prospect[];
  /** ms since the epoch. */
  readonly now?: () => number;
  /** The same, where it may be set meanwhile. */
  readonly time?: Time;
  /** 0 ≤ x < 1. */
  readonly random?: () => number;
  readonly busy?: (signal: AbortSignal, now: number, hours: Hours) => Promise<Busy | null>;
}

export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #time: Time;
  readonly #random: () => number;
  /** When each type is due, by `performance.now()`: at boot, many nodes correct their clock by years. */
  readonly #due = new Map<string, number>();
  /** The types of each turn of which there is a choice. */
  #typeIds: ReadonlyMap<string, readonly string[]> = new Map();
  /**
   * When a provider that never answered was last tried, by announcer and by place (`steady`, ms); the oldest first. It
   * outlives the provider, which becomes a new one with each change of its port.
   */
  readonly #claims = new Map<string, number>();
  readonly #urgent = new Urgent();
  /** When the recommended providers of a costly type were last knocked at (`steady`, ms), by id. */
  readonly #knocks = new Map<string, number>();
  #on: boolean;
  #chosen: boolean;
  #pulse: NodeJS.Timeout | undefined;
  #turn: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null;
  #waiting: Waiting | null = 'starting';
  #last: SchedulerStatus['last'] = null;

  /** Does nothing until it is started. */
  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#time = deps.time ?? fixedTime(deps.now ?? Date.now);
    this.#random = deps.random ?? Math.random;
    const chosen = deps.store.settings.get(SETTING);
    this.#on = chosen === null ? deps.config.backgroundScan : chosen === 'on';
    this.#chosen = chosen !== null || this.#on;
  }

  /** Begins to note this node's availability, and to measure if that is on. */
  start(): void {
    this.#pulse ??= setInterval(() => this.#beat(), PULSE_MS);
    this.#beat();
  }

  on(): void {
    this.#deps.store.settings.set(SETTING, 'on');
    this.#chosen = true;
    if (this.#on) return;
    this.#on = true;
    this.#waiting = 'starting';
    if (this.#pulse) this.#plan();
  }

  /** Also ends the probe under way. Stored last: a full disk may lose the setting, but not go on measuring. */
  off(): void {
    this.#on = false;
    this.#chosen = true;
    this.#due.clear();
    this.#urgent.clear();
    this.#turn?.abort.abort();
    this.#deps.store.settings.set(SETTING, 'off');
  }

  /**
   * Other hours, or another budget.
   * @throws PanelError bad-request, disk-full, disk-unwritable
   */
  choose(choice: Choice): void {
    this.#deps.terms.choose(choice);
  }

  /**
   * Something outside the measurements says that the provider may have changed: it is looked at as soon as nobody needs the
   * node, also at night, where measuring in the background is on, and `more` times after that. @returns whether it will be
   */
  look(typeId: string, provider: string, more = 0): boolean {
    return this.#on && this.#urgent.add({ typeId, provider, more }, performance.now());
  }

  status(): SchedulerStatus {
    const { scanner, terms } = this.#deps;
    const { spent, limit: budget } = scanner.spending();
    const [first] = this.#inOrder();
    const next = first ? Math.max(0, first[1] - performance.now()) : null;
    return {
      on: this.#on,
      chosen: this.#chosen,
      next: next === null ? null : Math.round(this.#time.now() + next),
      waiting: this.#on ? this.#waiting : 'off',
      spentToday: spent,
      ...{ budget, limit: terms.limit, chosenBudget: terms.chosenBytes, hours: terms.hours },
      last: this.#last && { ...this.#last, at: this.#time.date(this.#last.at) },
    };
  }

  /** Resolves once the probe under way has ended. */
  async close(): Promise<void> {
    clearInterval(this.#pulse);
    this.#turn?.abort.abort();
    await this.#turn?.ended;
  }

  /** A bug of ours is logged: it must end neither the panel nor the measuring. */
  #beat(): void {
    try {
      this.#deps.store.own.beat(this.#time.now(), this.#deps.scanner.cut ? 'cut' : 'up');
      if (this.#on && this.#turn === null) this.#next();
    } catch (error) {
      log.error(error);
    }
  }

  /** Draws a time for each type with a choice, and forgets the others. Returns the turn that is due. */
  #plan(): string | null {
    const count = new Map<string, number>();
    for (const provider of this.#deps.discovery.providers())
      if (isOfferedHere(provider)) count.set(provider.type, (count.get(provider.type) ?? 0) + 1);
    this.#typeIds = this.#turns(count);
    for (const turn of this.#due.keys()) if (!this.#typeIds.has(turn)) this.#due.delete(turn);
    const now = performance.now();
    for (const turn of this.#typeIds.keys())
      if (!this.#due.has(turn)) this.#due.set(turn, now + this.#random() * START_SPREAD_MS);
    if (this.#due.size === 0) this.#waiting = 'nothing-due';
    const [first] = this.#inOrder();
    return first && first[1] <= now ? first[0] : null;
  }

  #inOrder(): [turn: string, at: number][] {
    return [...this.#due].sort(([, a], [, b]) => a - b);
  }

  /** The types with at least two providers: each known one alone, the others together. */
  #turns(count: ReadonlyMap<string, number>): Map<string, string[]> {
    const turns = new Map<string, string[]>();
    for (const [typeId, providers] of count) {
      if (providers < 2) continue;
      const turn = this.#deps.services.of(typeId).id === typeId ? typeId : UNKNOWN;
      turns.set(turn, turns.get(turn) ?? []);
      turns.get(turn)?.push(typeId);
    }
    return turns;
  }

  /** What was reported goes before the plan. */
  #next(): void {
    const turn = this.#plan();
    const report = this.#urgent.take(performance.now());
    if (report !== null) this.#run((signal) => this.#lookAt(report, signal));
    else if (turn !== null) this.#run((signal) => this.#measure(turn, signal));
  }

  #run(work: (signal: AbortSignal) => Promise<Waiting | null>): void {
    const abort = new AbortController();
    const ended = work(abort.signal)
      .then((waiting) => {
        this.#waiting = waiting;
      })
      .catch((error) => {
        if (!abort.signal.aborted) log.error(error);
      })
      .finally(() => {
        this.#turn = null;
      });
    this.#turn = { abort, ended };
  }

  /** One probe of what was reported, and another one where it failed for the first time. */
  async #lookAt(report: Report, signal: AbortSignal): Promise<Waiting | null> {
    const { typeId, provider: id } = report;
    const busy = await this.#need(signal, ALWAYS);
    if (busy !== null) {
      this.#urgent.postpone(report, performance.now());
      return busy;
    }
    const provider = this.#deps.discovery.providers(typeId).find((known) => known.id === id);
    if (!provider || !isProbeable(provider) || provider.self) return null;
    const waiting = await this.#probeOnce(typeId, id, signal);
    const row = this.#deps.ranking(typeId).find((known) => known.provider.id === id);
    if (row?.failures === 1) this.#urgent.again(report, performance.now());
    else if (row?.failures === 0) this.#urgent.further(report, performance.now());
    return waiting;
  }

  /** What needs the node now; null = nothing. */
  async #need(signal: AbortSignal, hours = this.#deps.terms.hours): Promise<Waiting | null> {
    const { busy: read = busyWith } = this.#deps;
    const busy = this.#isScanning() ? 'scan' : await read(signal, this.#time.now(), hours);
    // A person may have started one meanwhile.
    return busy ?? (this.#isScanning() ? 'scan' : null);
  }

  /** One probe of the turn. Returns what prevented it; null = nothing. While somebody needs the node, it stays due. */
  async #measure(turn: string, signal: AbortSignal): Promise<Waiting | null> {
    const busy = await this.#need(signal);
    if (busy !== null) return busy;
    try {
      return await this.#probe(turn, signal);
    } finally {
      if (this.#due.has(turn)) this.#due.set(turn, performance.now() + this.#gap());
    }
  }

  async #probe(turn: string, signal: AbortSignal): Promise<Waiting | null> {
    const typeIds = this.#typeIds.get(turn) ?? [];
    const typeId = typeIds.length < 2 ? typeIds[0] : typeIds[Math.floor(this.#random() * typeIds.length)];
    if (typeId === undefined) return 'nothing-due';
    const candidates = this.#candidates(typeId);
    const chosen = chooseNext([...candidates.keys()], this.#time.now(), this.#random, this.#deps.terms.hours);
    if (chosen === null) return 'nothing-due';
    if (!chosen.answered) this.#claim(claims(candidates.get(chosen) as Provider));
    const knock = chooseKnock([...candidates.keys()], this.#time.now());
    if (knock !== null && knock.id !== chosen.id) await this.#knock(typeId, knock.id, signal);
    return this.#probeOnce(typeId, chosen.id, signal);
  }

  /** One probe, of whatever was chosen. */
  async #probeOnce(typeId: string, id: string, signal: AbortSignal): Promise<Waiting | null> {
    try {
      await this.#deps.scanner.background(typeId, id, signal);
    } catch (error) {
      if (error instanceof PanelError && error.code === 'budget-spent') return 'budget';
      throw error;
    }
    this.#last = { type: typeId, provider: id, at: this.#time.steady() };
    this.#deps.store.events.count(UNASKED);
    return null;
  }

  /** Whether the door is still open: cheap, and told to nobody unless it is not; then a probe follows. */
  async #knock(typeId: string, id: string, signal: AbortSignal): Promise<void> {
    this.#knocks.set(id, this.#time.steady());
    const isOpen = await this.#deps.scanner.knock(typeId, id, signal);
    if (!isOpen) this.#urgent.add({ typeId, provider: id }, performance.now());
  }

  #isScanning(): boolean {
    return this.#deps.jobs.running().some(({ kind }) => kind === 'scan');
  }

  /** While this node is cut off, it checks often whether it is back: such probes cost hardly anything. */
  #gap(): number {
    const drawn = -Math.log(1 - this.#random()) * MEAN_GAP_MS;
    return this.#deps.scanner.cut ? MIN_GAP_MS : Math.min(Math.max(drawn, MIN_GAP_MS), MAX_GAP_MS);
  }

  /** What the choice knows of each provider of the type that may be chosen. */
  #candidates(typeId: string): Map<Candidate, Provider> {
    const gapMs = minGapMs(this.#deps.services.of(typeId));
    const candidates = new Map<Candidate, Provider>();
    for (const { provider, hidden, ...standing } of this.#deps.ranking(typeId)) {
      if (hidden || !isOfferedHere(provider)) continue;
      const { measuredAt, samples, failures, score, high, recommended, estimate, distance } = standing;
      const known = { measuredAt, failures, score, high, recommended, estimate, distance, answered: samples > 0 };
      const knocked = this.#knocks.get(provider.id);
      const knockedAt = knocked === undefined ? null : this.#time.date(knocked);
      const place = { host: hostGroup(provider.address), claimedAt: this.#claimedAt(provider), knockedAt };
      candidates.set({ id: provider.id, type: typeId, gapMs, ...known, ...place }, provider);
    }
    return candidates;
  }

  #claimedAt(provider: Provider): number | null {
    const [host, node] = claims(provider).map((claim) => this.#claims.get(claim));
    const latest = host === undefined || node === undefined ? (host ?? node ?? null) : Math.max(host, node);
    return latest === null ? null : this.#time.date(latest);
  }

  #claim(made: readonly string[]): void {
    for (const claim of made) {
      this.#claims.delete(claim);
      this.#claims.set(claim, this.#time.steady());
    }
    for (const claim of this.#claims.keys()) {
      if (this.#claims.size <= MAX_CLAIMS) break;
      this.#claims.delete(claim);
    }
  }
}
