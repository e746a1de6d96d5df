/** The units of this machine that may provide a service, and the actions on them. */

/** `unknown`: systemd is there but does not say. */
export type LocalState = 'running' | 'stopped' | 'starting' | 'stopping' | 'failed' | 'absent' | 'unknown';

/** One unit of this machine. */
export interface OwnUnit {
  readonly unit: string;
  readonly state: LocalState;
  /** Starts at boot. */
  readonly enabled: boolean;
  /** Active without a process of its own: what serves, if anything, runs elsewhere. */
  readonly exited?: true;
  /** It runs as a user that is no person, for a program's own purposes: the panel shows it and leaves it alone. */
  readonly foreign?: true;
}

export interface LocalService {
  /** The unit that represents the type here; null when none of its candidates exists. */
  readonly unit: string | null;
  readonly state: LocalState;
  /** Starts at boot. */
  readonly enabled: boolean;
  readonly exited?: true;
  /** Every existing unit of the type, including instances of templates. */
  readonly units: readonly OwnUnit[];
}

/** Starting now and starting at boot are two things. */
export const VERBS = ['start', 'stop', 'enable', 'disable'] as const;

export type Verb = (typeof VERBS)[number];
