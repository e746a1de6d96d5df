/** How far a probe got, on one scale for every service, and why it got no further. */

/** 0 announced · 1 host alive · 2 port open · 3 speaks the protocol · 4 is who it claims to be · 5 works for me. */
export type Level = 0 | 1 | 2 | 3 | 4 | 5;

/** From here on a probe has spoken with the service itself; below, only the path to it is known. */
export const PROVEN: Level = 3;

/**
 * Why a provider failed. Each has a sentence in every language (`reason.<code>`).
 * `wrong-protocol` and `wrong-identity` are answers of something other than the service: they close the gate at once.
 */
export const FAILURES = [
  'refused', // the port answers "closed" (TCP reset or ICMP port unreachable)
  'unreachable', // no route, or the network says so
  'timeout', // nothing came in time
  'closed', // it hung up before answering
  'wrong-protocol', // something answers, but not this protocol
  'wrong-identity', // the protocol is right, the identity is not the announced one
  'refuses-me', // the service is there but declines this node
  'too-large', // it sent more than any sane answer
  'broken', // it speaks the protocol but answers with an error
  'unreadable', // this program could not make sense of the answer; the log has more
] as const;
export type Failure = (typeof FAILURES)[number];

/** Why a provider has no score although nothing failed. */
export const UNSCORED = [
  'not-checked', // port open, protocol not checked
  'not-allowed', // its address is outside the community's ranges
  'no-port', // the announcement has no port
  'declined', // the announcement asks not to be probed
] as const;
type Unscored = (typeof UNSCORED)[number];

export type Reason = Failure | Unscored;
