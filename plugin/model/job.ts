/** Work that outlives the request that began it, as everyone sees it. */

export type JobKind = 'scan' | 'start' | 'stop' | 'enable' | 'disable' | 'publish' | 'unpublish' | 'connect';

export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

/** What is known of a job only while its process runs. */
export interface Live {
  /** Ids of the providers that a scan is trying at this moment. */
  readonly trying: readonly string[];
  /** How long the rest may take, ms; null where nobody knows. */
  readonly leftMs: number | null;
  /** Id of the provider that was recommended when a scan began; null where none was, or it is not known any more. */
  readonly before: string | null;
}

export const AT_REST: Live = { trying: [], leftMs: null, before: null };

export interface Job extends Live {
  readonly id: string;
  readonly kind: JobKind;
  /** Id of the service type. */
  readonly type: string;
  /** The provider concerned; null for all of the type. */
  readonly provider: string | null;
  readonly state: JobState;
  /** Of `total`; what turned out not to be needed counts as done, what is left for later does not. */
  readonly done: number;
  /** Never less than it was. */
  readonly total: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly error: { code: string; message: string; hint: string } | null;
}
