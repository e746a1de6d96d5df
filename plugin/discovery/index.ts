/** Finding providers: every source merged into one list, each provider once. */
import type { Provider, SourceName } from '../provider.js';

export type SourceState = 'up' | 'connecting' | 'away' | 'off';

export interface SourceStatus {
  readonly name: SourceName;
  readonly state: SourceState;
  /** What is wrong and what to do, in English; absent when up or off. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  /** When it was last up, ms since the epoch; null when never. */
  readonly lastUp: number | null;
  /** Announcements read, and entries skipped by reason (`bad-json`, `bad-address`, `bad-port`, `too-many`, …). */
  readonly read: number;
  readonly skipped: Readonly<Record<string, number>>;
}

/** What the rest of the panel knows of discovery. */
export interface Discovery {
  /** All providers, or those of one wire word. */
  providers(type?: string): readonly Provider[];
  find(id: string): Provider | null;
  sources(): readonly SourceStatus[];
  /** Resolves once every source has either listed once or failed once; never later than its own limits. */
  ready(): Promise<void>;
  /** Calls back after each change of the list or of a source's state; returns the way to stop it. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}
