/**
 * This node's Serf agent as a source: lists the members once per connection, then follows the agent's events. While the
 * agent is away, the last list stays and the connection is retried with growing pauses.
 */
import { setTimeout as pauseFor } from 'node:timers/promises';
import { capRows, type SkippedRow } from '../../../announcement/skipped.js';
import { Listeners } from '../../../lib/listeners.js';
import { cleanText } from '../../../lib/text.js';
import { PanelError } from '../../../model/errors.js';
import { type AgentEvent, SerfRpc } from '../../../serf/client.js';
import type { AgentAddress } from '../../../serf/connection.js';
import { Coordinates } from '../../../serf/coordinates.js';
import { Seniority } from '../../seniority.js';
import type { Agent, Sighting, Source, SourceState, SourceStatus, SourceType } from '../../source.js';
import { detectCommunity } from './detect.js';
import { Members, REMOVING } from './members.js';

const MEMBER_EVENTS = ['member-join', 'member-failed', 'member-update', ...REMOVING];

/** A hung agent keeps its connection open, so it is asked something small now and then. Both ms. */
const KEEP_ALIVE_MS = 20_000;
const KEEP_ALIVE_LIMIT_MS = 5_000;
/** Events waiting to be applied; the largest communities have a few thousand members. */
const EVENTS_CAP = 10_000;
/** Pause before a retry, doubled each time up to the maximum, ms. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;

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
  /** Applies lists and events one by one, in the order in which the agent sent them. */
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
    return capRows(this.#members.skippedRows());
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
    for (let pause = FIRST_PAUSE_MS; !this.#stop.signal.aborted; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
      const why = await this.#session();
      if (this.#state === 'up') {
        pause = FIRST_PAUSE_MS;
        this.#lastUp = this.#now();
      }
      this.#setState('away', why);
      // Up to half shorter, so that panels that lost the same agent do not return in step.
      const jitter = 1 - Math.random() / 2;
      await pauseFor(pause * jitter, null, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  /** One connection, from connecting to its loss. @returns why it ended */
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
      this.#coordinates.reconnect();
    }
  }

  async #follow(client: SerfRpc): Promise<PanelError> {
    // Subscribed before the list, applied after it: an event may be older than the list, but a member's last event never is.
    // So no change in between is missed.
    let listed = () => {};
    const list = new Promise<void>((resolve) => {
      listed = resolve;
    });
    await client.stream(MEMBER_EVENTS, this.#eventHandler(client, list));
    const [stats, members] = await Promise.all([client.stats(), client.members()]);
    this.#members.self = stats.get('agent')?.get('name') ?? null;
    this.#members.encrypted = stats.get('serf')?.get('encrypted') === 'true';
    await this.#enqueue(() => this.#members.replace(members));
    listed();
    this.#setState('up', null);
    const ask = () => {
      client.stats(KEEP_ALIVE_LIMIT_MS).catch(() => client.close('no longer answers'));
      void this.#enqueue(() => this.#members.grow());
    };
    const timer = setInterval(ask, KEEP_ALIVE_MS);
    const why = await client.closed;
    clearInterval(timer);
    return why;
  }

  /** Applies each event after the list, in order; an agent that never stops sending is disconnected. */
  #eventHandler(client: SerfRpc, list: Promise<void>): (event: AgentEvent) => void {
    let waiting = 0;
    return (event) => {
      waiting++;
      if (waiting > EVENTS_CAP) return client.close('sends events faster than they can be followed');
      const apply = () => this.#members.apply(event).finally(() => waiting--);
      void list.then(() => this.#enqueue(apply));
    };
  }

  /** Runs the work after all before it, then notifies the listeners unless it returns false. */
  #enqueue(work: () => Promise<unknown>): Promise<void> {
    this.#queue = this.#queue.then(work).then((changed) => {
      if (changed !== false) this.#listeners.call();
    });
    return this.#queue;
  }

  #setState(state: SourceState, error: PanelError | null): void {
    const changed = state !== this.#state || error?.message !== this.#error?.message;
    this.#state = state;
    this.#error = error;
    this.#resolveReady();
    if (changed) this.#listeners.call();
  }
}

const serf: SourceType = {
  id: 'serf',
  title: { ca: 'Serf', es: 'Serf', en: 'Serf', de: 'Serf' },
  order: 10,
  trust: 'anyone',
  reach: 'community',
  detect: async (_, machine) => detectCommunity(machine),
  isSet: ({ serfRpc: { isAssumed = false } }) => !isAssumed,
  open: ({ serfRpc, serfAuthKey }, { now, seniority }) => new SerfSource(serfRpc, serfAuthKey, now, seniority),
};
export default serf;
