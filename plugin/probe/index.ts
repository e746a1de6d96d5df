/** What a probe is: one async function that talks one protocol. The scanner owns everything else. */
import type { Failure, Level } from '../model/level.js';
import type { Gossip } from '../model/provider.js';
import type { Sample } from '../model/sample.js';
import type { Times } from './times.js';

/** What a probe knows of the provider. */
export interface Target {
  readonly address: string;
  readonly port: number;
  /** Name of the announcing node. */
  readonly node: string;
  /** null when the node is not known through Serf: then `node` is not a member name. Left out means that it is one. */
  readonly gossip?: Gossip | null;
  /** A stranger's words for it; left out where a probe does without. */
  readonly description?: string;
  /** The announcement's attributes. */
  readonly txt: ReadonlyMap<string, string>;
  /** What this node's own configuration says about that provider (`introduce` of its type). */
  readonly own?: ReadonlyMap<string, string>;
}

/** A member's account for a service: sent to that provider only, never stored, never logged. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

export interface ProbeContext {
  /** Aborts at the deadline, on cancel and on close; every helper honours it within 100 ms. */
  readonly signal: AbortSignal;
  /**
   * Application bytes put on and taken off the wire, and those of the headers around them, of packets without data too; the
   * helpers in this room count them. Without a count of headers, the cost that the type declares is used.
   */
  readonly traffic: { sent: number; received: number; headers?: number };
  /**
   * Called before anything of the provider is read: what this program then does, until the loop turns, is on the
   * provider's account.
   */
  readonly reading?: () => void;
  /** When each time was taken; the helpers in this room note it. */
  readonly times?: Times;
  /** A person asked for this one provider: steps too heavy for a scan of all are allowed. */
  readonly asked?: boolean;
  /** Offered by a person for this one scan. */
  readonly account?: Account;
}

export interface Proven {
  /** 1 only when the service itself cannot be asked: the host is alive, and no more is known. */
  readonly level: 1 | 2 | 3 | 4 | 5;
  readonly samples: readonly Sample[];
  /** Short findings for the provider page (`software`, `name`, …): text of strangers, at most 100 characters each. */
  readonly facts: Readonly<Record<string, string>>;
}

/** A failure never carries a number. */
export interface Failed {
  /** How far it got before failing. */
  readonly level: Level;
  readonly reason: Failure;
  /** What was found, for the page: at most 100 characters, possibly a stranger's text. */
  readonly detail?: string;
  readonly samples?: never;
}

export type ProbeResult = Proven | Failed;

/**
 * Probes once. A remote failure is returned as data; what it throws is a bug of ours (or the abort of its signal).
 */
export type Prober = (target: Target, context: ProbeContext) => Promise<ProbeResult>;

/** Whether it is a failure, and not a result, or what a helper of this room returns in its place. */
export function isFailed(result: object): result is Failed {
  return 'reason' in result;
}
