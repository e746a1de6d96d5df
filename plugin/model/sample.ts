/** One measured value. */

/** In the unit of its metric, with its method. */
export interface Sample {
  readonly metric: string;
  readonly value: number;
  /** `tcp-connect`, `udp`, `tls`, `serf-ping`, … */
  readonly method: string;
}
