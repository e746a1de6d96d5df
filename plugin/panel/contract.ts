/**
 * What pages, API, alerts and the command line know of the panel. What the panel keeps to itself is
 * left out.
 */
import type { CommunityPart } from '../community/index.js';
import type { Config } from '../config/index.js';
import type { Discovery, SourceStatus } from '../discovery/index.js';
import type { Jobs } from '../jobs/index.js';
import type { Time } from '../lib/clock/index.js';
import type { Job } from '../model/job.js';
import type { Ranked } from '../model/ranked.js';
import type { LocalService } from '../model/unit.js';
import type { Own } from '../node/own-service.js';
import type { LocalServices } from '../node/systemd/index.js';
import type { Account } from '../probe/index.js';
import type { Routing } from '../routing/index.js';
import type { Scheduler } from '../scan/scheduler.js';
import type { Quote } from '../scan/selection.js';
import type { Connect, ServiceRegistry, ServiceType } from '../services/contract.js';
import type { Store } from '../store/index.js';
import type { Change } from './changes.js';

export interface TypeSummary {
  /** The type as on the wire. */
  readonly typeId: string;
  readonly type: ServiceType;
  readonly builtin: boolean;
  readonly providers: number;
  /** Providers tried at least once. */
  readonly measured: number;
  readonly ranked: readonly Ranked[];
  readonly best: Ranked | null;
  readonly local: LocalService & { readonly published: boolean };
  /** The running scan of the type, if any. */
  readonly job: Job | null;
}

export interface TypeView extends TypeSummary {
  /** By provider, how much was answered on each of the last 30 days (see `HistoryStore.bars`). */
  readonly bars: ReadonlyMap<string, Uint8Array>;
  /** What a scan of all would be now. */
  readonly scan: Quote;
}

export interface ProviderView {
  readonly view: TypeView;
  readonly ranked: Ranked;
  /** What one click would do with it; null where there is nothing to do. */
  readonly connect: Connect | null;
}

/** Texts that change with the lists; whoever has one of the same version has the same, but for what time alone changes. */
export interface Version {
  readonly exact: string;
  /** Without what a running job changes many times a second. */
  readonly coarse: string;
}

export interface Panel {
  readonly config: Config;
  readonly services: ServiceRegistry;
  readonly discovery: Omit<Discovery, 'estimates' | 'close'>;
  readonly jobs: Omit<Jobs, 'closeOrphans' | 'move' | 'close'>;
  readonly store: Omit<Store, 'ids' | 'announcers' | 'prune' | 'close'>;
  readonly local: LocalServices;
  /** This node's own services: acted on, announced, their logs. */
  readonly own: Own;
  /** Background probes. */
  readonly background: Pick<Scheduler, 'status' | 'on' | 'off' | 'choose'>;
  /** What neighbours' panels and this one tell each other. */
  readonly community: CommunityPart;
  /** How the network's own routing daemon sees the ways. */
  readonly routing: Pick<Routing, 'status' | 'way' | 'once'>;
  readonly time: Pick<Time, 'now' | 'steady' | 'doubted'>;
  /** True where the providers are the built-in demo community. */
  readonly demo: boolean;
  /** Every built-in type in order, then the other announced types, by name. */
  overview(): Promise<{ readonly services: readonly TypeSummary[]; readonly sources: readonly SourceStatus[] }>;
  /** @throws PanelError unknown-type for a type that is neither built in nor announced */
  type(typeId: string): Promise<TypeView>;
  /** @throws PanelError unknown-type, unknown-provider */
  provider(typeId: string, id: string): Promise<ProviderView>;
  /** Of what `type` and `provider` tell of the type; of what `overview` tells, where none is given. */
  version(typeId?: string): Version;
  /** What a scan of all providers of the type would be now. */
  quote(typeId: string): Quote;
  /** By provider of the type, how much was answered on each of the last 30 days (see `HistoryStore.bars`). */
  bars(typeId: string): ReadonlyMap<string, Uint8Array>;
  /**
   * Starts a scan of the type, or of one provider; where one runs already that covers it, that one is returned.
   * @param options an account that a person offers for this scan of one provider
   * @throws PanelError unknown-type, unknown-provider, nothing-to-scan, budget-spent
   */
  scan(typeId: string, providerId?: string, options?: { readonly account?: Account | undefined }): Job;
  /**
   * Tells a program of this node to use the provider, as a job; returns the running one if there is one.
   * @throws PanelError unknown-type, unknown-provider; bad-request where there is nothing to connect
   */
  connect(typeId: string, providerId: string): Job;
  /**
   * Something outside the measurements tells of a provider that was measured: where it has moved, what is known of its way
   * counts less; and it is looked at soon, where measuring in the background is on.
   */
  changed(typeId: string, providerId: string, change: Change): void;
  /**
   * Calls back when a scan or a background probe is over, with the providers of which it stored something, and before the
   * recommendation moves away from what fails. Returns the function that stops it.
   */
  onMeasured(listener: (type: string, providers: readonly string[]) => void): () => void;
  close(): Promise<void>;
}
