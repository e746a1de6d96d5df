/**
 * The Serf agent of this node as a source: members listed once per connection, then changed by the agent's own events.
 * While the agent is away the last list stays, and the connection is tried again with growing pauses.
 */
import { setTimeout as pauseFor } from 'node:timers/promises';
import { keptOf, type SkippedRow } from '../../../announcement/skipped.js';
import { Listeners } from '../../../lib/listeners.js';
import { cleanText } from '../../../lib/text.js';
import { PanelError } from '../../../model/errors.js';
import { type AgentEvent, SerfRpc } from '../../../serf/client.js';
import type { AgentAddress } from '../../../serf/connection.js';
import { Coordinates } from '../../../serf/coordinates.js';
import { Seniority } from '../../seniority.js';
import type { Agent, Sighting, Source, SourceState, SourceStatus, SourceType } from '../../source.js';
import { Members, REMOVING } from './members.js';

const MEMBER_EVENTS = ['member-join', 'member-failed', 'member-update', ...REMOVING];

/** A hung agent keeps its connection open: ask it something small now and then. Both ms. */
const KEEP_ALIVE_MS = 20_000;
const KEEP_ALIVE_LIMIT_MS = 5_000;
/** Events that wait to be applied; the largest communities have a few thousand members. */
const EVENTS_CAP = 10_000;
/** Pause before trying again, doubled each time up to the longest, ms. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

export class SerfSource implements Source, Agent {
  readonly agent: Agent = this;
  readonly #address: AgentAddress;
  readonly #authKey: string | null;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  readonly #listeners = new Listeners();
  readonly #coordinates = new Coordinates();
  readonly #ended: Promise<void>;
  readonly #ready: Promise<void>;
  #resolveReady = () => {};
  /** Lists and events are applied one after the other, in the order in which the agent sent them. */
  #queue: Promise<void> = Promise.resolve();
  readonly #members: Members;
  #client: SerfRpc | null = null;
  #state: SourceState = 'connecting';
  #error: PanelError | null = null;
  #lastUp: number | null = null;

  constructor(
    address: AgentAddress,
    authKey: string | null,
    now: () => number = Date.now,
    seniority: Seniority = new Seniority(now),
  ) {
    this.#address = address;
    this.#authKey = authKey;
    this.#now = now;
    this.#members = new Members(now, seniority);
    this.#ready = new Promise((resolve) => {
      this.#resolveReady = resolve;
    });
    this.#ended = this.#run();
  }

  status(): Omit<SourceStatus, 'name'> {
    return {
      state: this.#state,
      ...(this.#error ? { error: this.#error.toJSON() } : {}),
      lastUp: this.#state === 'up' ? this.#now() : this.#lastUp,
      read: this.#members.read,
      skipped: this.#members.skipped(),
    };
  }

  sightings(): readonly Sighting[] {
    return this.#members.sightings();
  }

  skippedRows(): readonly SkippedRow[] {
    return keptOf(this.#members.skippedRows());
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  isLocal(): boolean {
    return this.#members.ownAddress()?.startsWith('127.') ?? false;
  }

  ownTag(): string | null {
    return this.#members.ownTag();
  }

  client(): SerfRpc {
    if (this.#client && this.#state === 'up') return this.#client;
    throw this.#error ?? new PanelError('serf-away', 'The Serf agent is being connected.', 'Try again in a moment.');
  }

  async estimates(): Promise<ReadonlyMap<string, number>> {
    const client = this.client();
    const self = this.#members.self ?? '';
    const known = await this.#coordinates.estimates({ client, self, others: this.#members.others() });
    return new Map([...known].map(([name, ms]) => [cleanText(name), ms]));
  }

  async #run(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#stop.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const why = await this.#session();
      if (this.#state === 'up') {
        pause = FIRST_PAUSE_MS;
        this.#lastUp = this.#now();
      }
      this.#become('away', why);
      // Up to half shorter, so that nodes which lost the same agent do not come back in step.
      const jitter = 1 - Math.random() / 2;
      await pauseFor(pause * jitter, null, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  /** One connection, from connecting to its loss; returns why it ended. */
  async #session(): Promise<PanelError> {
    try {
      const options = { authKey: this.#authKey, signal: this.#stop.signal };
      this.#client = await SerfRpc.connect(this.#address, options);
      return await this.#follow(this.#client);
    } catch (error) {
      if (error instanceof PanelError) return error;
      throw error;
    } finally {
      this.#client?.close();
      this.#client = null;
    }
  }

  async #follow(client: SerfRpc): Promise<PanelError> {
    // The stream before the list, and applied behind it: an event may be older than the list, but the last event of a
    // member never is. So nothing that changes meanwhile is missed.
    let listed = () => {};
    const list = new Promise<void>((resolve) => {
      listed = resolve;
    });
    await client.stream(MEMBER_EVENTS, this.#hearing(client, list));
    const [stats, members] = await Promise.all([client.stats(), client.members()]);
    this.#members.self = stats.get('agent')?.get('name') ?? null;
    await this.#later(() => this.#members.replace(members));
    listed();
    this.#become('up', null);
    const ask = () => {
      client.stats(KEEP_ALIVE_LIMIT_MS).catch(() => client.close('no longer answers'));
      void this.#later(() => this.#members.grow());
    };
    const timer = setInterval(ask, KEEP_ALIVE_MS);
    const why = await client.closed;
    clearInterval(timer);
    return why;
  }

  /** Applies each event once the list is there, in order; an agent that never stops telling is left. */
  #hearing(client: SerfRpc, list: Promise<void>): (event: AgentEvent) => void {
    let waiting = 0;
    return (event) => {
      waiting++;
      if (waiting > EVENTS_CAP) return client.close('sends events faster than they can be followed');
      const apply = () => this.#members.apply(event).finally(() => waiting--);
      void list.then(() => this.#later(apply));
    };
  }

  /** Does it when all before it is done, and tells the listeners unless nothing has changed. */
  #later(work: () => Promise<unknown>): Promise<void> {
    this.#queue = this.#queue.then(work).then((changed) => {
      if (changed !== false) this.#listeners.call();
    });
    return this.#queue;
  }

  #become(state: SourceState, error: PanelError | null): void {
    const changed = state !== this.#state || error?.message !== this.#error?.message;
    this.#state = state;
    this.#error = error;
    this.#resolveReady();
    if (changed) this.#listeners.call();
  }
}

const serf: SourceType = {
  id: 'serf',
  title: { ca: 'Serf', es: 'Serf', en: 'Serf' },
  order: 10,
  trust: 'anyone',
  reach: 'community',
  open: ({ serfRpc, serfAuthKey }, { now, seniority }) => new SerfSource(serfRpc, serfAuthKey, now, seniority),
};
export default serf;
