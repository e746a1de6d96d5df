/** One measured value. */

/** One measured value, in the unit of its metric, with the way it was taken. */
export interface Sample {
  readonly metric: string;
  readonly value: number;
  /** `tcp-connect`, `udp`, `tls`, `serf-ping`, … */
  readonly method: string;
  /** When the measured time ended, by `performance.now()`: a stall of our own outside of it does no harm. Not stored. */
  readonly until?: number;
}
