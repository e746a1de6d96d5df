/** The panel without its pages: every room built and wired, left to right. Pages, API and command line all read from here. */
import type { Config } from './config.js';
import type { Discovery, SourceStatus } from './discovery/index.js';
import type { Job, Jobs } from './jobs.js';
import type { LocalService, LocalServices, Verb } from './node/index.js';
import type { Provider } from './provider.js';
import type { Score } from './score/index.js';
import type { ServiceRegistry, ServiceType } from './services/index.js';
import type { Store } from './store/index.js';

/** One row of a type's ranked list. */
export interface Ranked extends Score {
  readonly provider: Provider;
  readonly recommended: boolean;
}

export interface TypeSummary {
  /** Wire word. */
  readonly word: string;
  readonly type: ServiceType;
  readonly builtin: boolean;
  readonly providers: number;
  /** Providers tried at least once. */
  readonly measured: number;
  readonly best: Ranked | null;
  readonly local: LocalService & { readonly published: boolean };
  /** The running scan of the type, if any. */
  readonly job: Job | null;
}

export interface TypeView extends TypeSummary {
  readonly ranked: readonly Ranked[];
}

export interface Panel {
  readonly config: Config;
  readonly services: ServiceRegistry;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly local: LocalServices;
  /** True where the providers are the built-in demo community. */
  readonly demo: boolean;
  /** Every built-in type in order, then the other wire words met, by name. */
  overview(): Promise<{ readonly services: readonly TypeSummary[]; readonly sources: readonly SourceStatus[] }>;
  /** @throws PanelError unknown-type for a word that is neither built in nor announced */
  type(word: string): Promise<TypeView>;
  /** @throws PanelError unknown-type, unknown-provider */
  provider(word: string, id: string): Promise<{ readonly view: TypeView; readonly ranked: Ranked }>;
  /**
   * Starts a scan of the type, or of one provider; where one runs already that covers it, that one is returned.
   * @throws PanelError unknown-type, unknown-provider, nothing-to-scan, budget-spent
   */
  scan(word: string, providerId?: string): Job;
  /** Starts or stops the type's own unit as a job. @throws PanelError unknown-type */
  act(word: string, verb: Verb): Job;
  close(): Promise<void>;
}
