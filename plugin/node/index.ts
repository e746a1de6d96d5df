/** This machine's own services: which candidate unit exists, its state in plain words, start and stop. */

export type LocalState = 'running' | 'stopped' | 'starting' | 'stopping' | 'failed' | 'absent';

export interface LocalService {
  /** The unit that stands for the type here; null when none of its candidates exists. */
  readonly unit: string | null;
  readonly state: LocalState;
  /** Starts at boot. */
  readonly enabled: boolean;
}

export type Verb = 'start' | 'stop';

/** What the rest of the panel knows of this machine's services. */
export interface LocalServices {
  /** One entry per built-in type. Answers within 2 s; a machine without systemd has every type `absent`. */
  states(): Promise<ReadonlyMap<string, LocalService>>;
  /** null where systemd answers; else why not, as a deliberate error. */
  problem(): Promise<Error | null>;
  /**
   * Starts or stops the type's unit, waits for systemd's job to end and reads back.
   * @throws PanelError no-systemd, unit-absent, unit-refused, unit-not-permitted, unit-failed
   */
  act(type: string, verb: Verb, signal: AbortSignal): Promise<LocalService>;
}
