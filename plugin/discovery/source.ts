/** What a source of announcements is: a file of `sources/`, and what it opens. */
import type { SkippedRow } from '../announcement/skipped.js';
import type { Config } from '../config/index.js';
import type { Language } from '../model/language.js';
import type { Announcement } from '../model/provider.js';
import type { SerfRpc } from '../serf/client.js';
import type { Machine } from './machine.js';
import type { Seniority } from './seniority.js';

type Texts = Readonly<Record<Language, string>>;

export interface SourceType {
  /** File name, and its name in the API. */
  readonly id: string;
  readonly title: Texts;
  /** Place among the sources wherever they are listed, the smallest first. */
  readonly order: number;
  /** `owner`: believed before anyone else, and never crowded out. `anyone`: strangers, who share a budget. */
  readonly trust: 'owner' | 'anyone';
  /** Who else hears this node's own services where this source hears them; absent where nobody does. */
  readonly reach?: 'community' | 'link';
  /** What to do about an entry that it skipped; absent where the announcing node's owner is the one to ask. */
  readonly remedy?: Texts;
  /** Whether the owner has set it, or this machine has what it reads; false for what is merely tried. */
  isSet(config: Config): boolean;
  /**
   * Whether this machine is in a network that the source could read, where it is not set. Nobody is asked but this
   * machine's own router, and that one once.
   */
  detect?(config: Config, machine: Machine, signal: AbortSignal): Promise<Detected | null>;
  /** Starts it; null where it is not configured. */
  open(config: Config, context: SourceContext): Source | null;
}

/** What was found, and the one thing to do. */
export interface Detected {
  readonly text: Texts;
  readonly hint: Texts;
  /** Whether it is only likely: of no interest where anything else is found or in use. */
  readonly isGuess?: true;
}

/** What every source is given. */
export interface SourceContext {
  /** Service types to ask for; empty where nobody is to be asked. */
  readonly types: readonly string[];
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  readonly seniority: Seniority;
  /** The service type that an announced link leads to; null where the panel knows none. */
  readonly recognise: Recognise;
}

/** @param link its scheme and port, and words that describe it, in lower case */
export type Recognise = (link: {
  readonly scheme: string;
  readonly port: number | null;
  readonly words: readonly string[];
}) => string | null;

export type SourceState = 'up' | 'connecting' | 'away' | 'off';

export interface SourceStatus {
  /** Id of its type. */
  readonly name: string;
  readonly state: SourceState;
  /** What is wrong and what to do, in English; absent when all is well, or off. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  /** When it was last up, ms since the epoch; null when never. */
  readonly lastUp: number | null;
  /** Announcements read, and entries skipped by reason (`bad-json`, `bad-address`, `bad-port`, `too-many`, …). */
  readonly read: number;
  readonly skipped: Readonly<Record<string, number>>;
  /** Whether the node relies on it; left out where it is merely tried. */
  readonly isSet?: true;
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
  /** Whether the source lost the announcer at `heardAt`, and holds the announcement in case it comes back. */
  readonly isLost?: boolean;
  /** Who announces it, as the source tells announcers apart; absent for what the owner of this node says. */
  readonly announcer?: string;
  /** Since when this announcer has announced it, ms since the epoch; absent = always. */
  readonly since?: number;
}

export interface Source {
  status(): Omit<SourceStatus, 'name'>;
  /** What it knows; while away, what it knew last. */
  sightings(): readonly Sighting[];
  /** The rows behind the counts of `skipped`, at most 200 of them; absent where nothing is ever skipped. */
  skippedRows?(): readonly SkippedRow[];
  /** Calls back after each change of its sightings or of its state; returns the way to stop it. */
  onChange(listener: () => void): () => void;
  /** Resolves once it has listed once or failed once; within its own limits. */
  ready(): Promise<void>;
  /** Somebody looks: reads again what it reads from time to time, at most once a minute. Returns at once. */
  refresh?(): void;
  close(): Promise<void>;
  /** Whether its whole community is on this machine, so that loopback addresses mean what they say. */
  isLocal?(): boolean;
  /** This node's Serf agent, in the source that follows it. */
  readonly agent?: Agent;
}

/** What this node's Serf agent offers beside its members' announcements. */
export interface Agent {
  /**
   * The connection for everything else that the agent can do.
   * @throws PanelError `serf-away`, `serf-refused`: why there is none now
   */
  client(): SerfRpc;
  /** This node's own `services` tag, as the agent last reported it; null without one. */
  ownTag(): string | null;
  /**
   * Estimated round-trip times to the members that announce something, ms, by node name.
   * @throws PanelError `serf-away`, `serf-refused`
   */
  estimates(): Promise<ReadonlyMap<string, number>>;
}
