/** What discovery is to the rest of the panel. */
import type { SkippedRow } from '../announcement/skipped.js';
import type { Announcement, Provider } from '../model/provider.js';
import type { SerfRpc } from '../serf/client.js';
import type { SourceStatus, SourceType } from './source.js';

/** What the rest of the panel knows of discovery. */
export interface Discovery {
  /** All providers, or those of one service type. */
  providers(type?: string): readonly Provider[];
  find(id: string): Provider | null;
  sources(): readonly SourceStatus[];
  /** Every source that the panel knows, whether or not it is open here. */
  readonly sourceTypes: readonly SourceType[];
  /** The source that follows this node's Serf agent; null where none does. */
  agent(): SourceStatus | null;
  /** Service types of which anything is listed. */
  words(): readonly string[];
  /** Grows with each change of the list or of a source's state; not as what is confirmed again and again gets a later date. */
  version(): number;
  /** Every dated announcement: what the next run of the panel should remember. */
  dated(): Iterable<Dated>;
  /** Every announcement that the source has read: the rows behind `read` in its status. */
  announcements(source: string): readonly Announcement[];
  /** What the source has skipped, at most 200: the rows behind `skipped` in its status. */
  skipped(source: string): readonly SkippedRow[];
  /**
   * The connection to this node's Serf agent.
   * @throws PanelError `serf-away`, `serf-refused`: why there is none now
   */
  serfClient(): SerfRpc;
  /** This node's `services` tag, as its Serf agent last reported it; null without one. */
  ownTag(): string | null;
  /**
   * Round-trip times estimated from Serf's coordinates, ms, by node name: they order what was never measured, and are never
   * shown as measured. Empty where no agent answers. Asks the agent at most every 10 minutes.
   */
  estimates(): Promise<ReadonlyMap<string, number>>;
  /** Somebody looks: sources that are read from time to time are read again, at most once a minute. Returns at once. */
  refresh(): void;
  /** Resolves once every source has listed once or failed once, within its own limits. */
  ready(): Promise<void>;
  /** Calls back after each change of the list or of a source's state. @returns a function that stops it */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

/** When an announcer first announced a provider. */
export interface Dated {
  readonly provider: string;
  readonly announcer: string;
  /** ms since the epoch */
  readonly since: number;
}
