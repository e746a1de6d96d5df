/** Who makes the attempts of scans: this thread, or threads of their own. */
import type { ServiceType } from '../../services/contract.js';
import { type AttemptOptions, type AttemptOutcome, attemptOnce, type Placed } from '../attempt.js';
import { LagGuard } from '../lag.js';

export interface Measurer {
  /**
   * One attempt, as `attemptOnce` makes it; its time is by this thread's clock.
   * @param scan what the attempt belongs to: whatever breaks while it is made ends no other scan
   * @throws PanelError measuring-failed where this program itself broke down; no-resources; the signal's reason
   */
  attempt(scan: object, type: ServiceType, provider: Placed, terms: AttemptTerms): Promise<AttemptOutcome>;
  /** Whether it pings hosts, which costs bytes. */
  readonly pings: boolean;
  /** Ends all that it has started. */
  close(): Promise<void>;
}

export type AttemptTerms = Pick<AttemptOptions, 'signal' | 'asked' | 'account'>;

/** What a measurer works with. */
export type Instruments = Pick<AttemptOptions, 'pings' | 'now'>;

/** Measures here: providers whose servers live in this thread, too, would else be blamed for its stalls. */
export class OwnThread implements Measurer {
  readonly pings: boolean;
  readonly #lag = new LagGuard();
  readonly #instruments: Instruments;

  constructor(instruments: Instruments) {
    this.#instruments = instruments;
    this.pings = instruments.pings !== undefined;
  }

  attempt(_scan: object, type: ServiceType, provider: Placed, terms: AttemptTerms): Promise<AttemptOutcome> {
    return attemptOnce(type, provider, { ...this.#instruments, ...terms, lag: this.#lag });
  }

  async close(): Promise<void> {
    this.#lag.close();
  }
}
