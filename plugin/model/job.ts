/** Work that outlives the request that began it, as everyone sees it. */

export type JobKind = 'scan' | 'start' | 'stop' | 'enable' | 'disable' | 'publish' | 'unpublish' | 'connect';

export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  /** Id of the service type. */
  readonly type: string;
  /** The provider concerned; null for all of the type. */
  readonly provider: string | null;
  readonly state: JobState;
  readonly done: number;
  readonly total: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly error: { code: string; message: string; hint: string } | null;
}
