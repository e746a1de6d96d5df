/** What a source of announcements is: Serf, the hand-kept list and any further one look the same from outside. */

import type { SkippedRow } from '../announcement/skipped.js';
import type { Announcement, SourceName } from '../model/provider.js';

export type SourceState = 'up' | 'connecting' | 'away' | 'off';

export interface SourceStatus {
  readonly name: SourceName;
  readonly state: SourceState;
  /** What is wrong and what to do, in English; absent when all is well, or off. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  /** When it was last up, ms since the epoch; null when never. */
  readonly lastUp: number | null;
  /** Announcements read, and entries skipped by reason (`bad-json`, `bad-address`, `bad-port`, `too-many`, …). */
  readonly read: number;
  readonly skipped: Readonly<Record<string, number>>;
}

/** One announcement as one source holds it. */
export interface Sighting {
  readonly announcement: Announcement;
  /** Announced by this very node. */
  readonly self: boolean;
  /** Whether nobody else can have said so: the local network lets anybody claim this node's address. */
  readonly certain?: boolean;
  /** When the source last confirmed it, ms since the epoch; null = for as long as the source is up. */
  readonly heardAt: number | null;
  /** Who announces it, as the source tells announcers apart; absent for what the owner of this node says. */
  readonly announcer?: string;
  /** Since when this announcer has announced it, ms since the epoch; absent = always. */
  readonly since?: number;
}

export interface Source {
  readonly name: SourceName;
  status(): SourceStatus;
  /** What it knows; while away, what it knew last. */
  sightings(): readonly Sighting[];
  /** The rows behind the counts of `skipped`, at most 200 of them; absent where nothing is ever skipped. */
  skippedRows?(): readonly SkippedRow[];
  /** Calls back after each change of its sightings or of its state; returns the way to stop it. */
  onChange(listener: () => void): () => void;
  /** Resolves once it has listed once or failed once; within its own limits. */
  ready(): Promise<void>;
  close(): Promise<void>;
  /** Whether its whole community is on this machine, so that loopback addresses mean what they say. */
  isLocal?(): boolean;
}
