/**
 * Every number of the simulated community in one place. `V` measured in a real community network, `C` computed from one,
 * `M` from a paper's text, `A` assumed.
 */
export const TABLE = {
  /** Hidden state changes every half hour: minutes. */
  stepMinutes: 30,
  /** Days of measuring before the first decision, days with one decision each, and days for the events and for looking ahead. */
  warmUpDays: 4,
  decisionDays: 7,
  aheadDays: 4,
  /** Hours of the day in which people use services. */
  waking: { from: 8, to: 24 },

  /** A mesh of a valley: GuifiSants has 32 to 63 nodes, mean degree 4.6 (V). */
  nodes: 40,
  degree: 4.6,
  /** Share of nodes on a roof that sees far, and how much farther (C: gives 3 to 4 hops on average). */
  superNodes: { share: 0.15, reach: 2 },
  /** Links that work in one direction only are of no use (V). */
  unusableLinks: 0.2,
  /** Providers of one type, each on a node of its own, and users (A). */
  providers: 20,
  users: 6,

  /** Mbit/s, log-normal (M: mean 21.8, six of ten at most 10). */
  capacity: { median: 6.8, sigma: 1.53, min: 0.5, max: 120 },
  /** Difference between the two directions of a link, exponential (M). */
  asymmetry: { mean: 0.32, max: 0.9 },
  /** There and back over one idle link, ms, log-normal (A). */
  hop: { median: 1.5, sigma: 0.6 },
  /** A full packet waits for this, ms at 1 Mbit/s, times load/(1 − load) (A). */
  queueMs: 12,
  /** Routing prefers few, near and fast links: cost of a hop, ms, and of a link of 1 Mbit/s, ms (A). */
  routing: { hop: 1, slow: 12 },
  /** Share of packets lost on a link after its own repetitions, log-normal (C), times 1 + rise·load⁴. */
  loss: { median: 4e-4, sigma: 1.5, max: 0.1, rise: 6 },
  /** Links of one path disturb each other: throughput falls with the root of the hops, up to three (C). */
  interferingHops: 3,
  /** Load of links and servers: beta(2, 4), the hour of the day with its peak at 21, and chance (V the pattern, A). */
  load: { alpha: 2, beta: 4, day: 0.9, peak: 21, scale: 1.5, memoryPerHour: 0.7, sigma: 0.5, max: 0.9 },

  /** First byte in ms and throughput in Mbit/s of an idle server (A). */
  servers: [
    { share: 0.4, ms: 150, mbps: 12 },
    { share: 0.4, ms: 50, mbps: 60 },
    { share: 0.2, ms: 20, mbps: 200 },
  ],
  /** Hours between failures and until repair; or off at night (A, within what wireless providers report). */
  availability: [
    { share: 0.55, between: 240, repair: 2 },
    { share: 0.3, between: 60, repair: 5 },
    { share: 0.15, offFrom: 1, offUntil: 8 },
  ],

  /** Spread of one measurement, σ of its logarithm (V: 0.25 in a calm mesh; first bytes A). */
  noise: { rtt: 0.25, server: 0.35 },
  /**
   * A train of pings: what each hop takes for a packet varies (σ of the logarithm, A), full packets of others come in
   * between as often as the hop's load says, and of what the hops disturb each other in a long transfer, so short a train
   * meets half (A). Its times are told as exactly as Linux takes them, ms (A).
   */
  train: { sigma: 0.25, disturbed: 0.5, clock: 0.05 },
  /** Error of a Vivaldi estimate, σ of its logarithm: 25 % at the median (C). */
  coordinateError: 0.37,
  /** A handshake costs the server this share of a page's first byte (A). */
  handshakeShare: 0.3,
  /** Lost packets are sent again after so long, ms (RFC 6298; Linux keeps 200 as its least). */
  resend: { connect: 1_000, data: 200 },

  /** Serf's gossip, memberlist's LAN defaults: one tick in 200 ms to three random members (V). */
  gossip: { tickMs: 200, fanout: 3 },

  /** Mean pause of background measuring and its limits, minutes. */
  pause: { mean: 30, min: 5, max: 120 },

  /** Failures, scripted, after the days of decision. The gateway's is that of GuifiSants on 14 April 2021 (V). */
  events: { at: 10, gateway: { from: 2, hours: 15 + 50 / 60 }, overload: 5, overloadHours: 48, liars: 0.3, lie: 0.2 },
} as const;

/**
 * Worse worlds than the table's, to see what the choice still does in them: round trips that vary as between home devices
 * (V: Seattle); trains that tell little of a path's width; hops that take ten times as long.
 */
const STRESS = {
  noise: { noise: { rtt: 0.64, server: 0.64 } },
  train: { train: { sigma: 0.6, disturbed: 0, clock: 1 } },
  hops: { hop: { median: 15, sigma: 0.6 } },
} as const;
export type Stress = keyof typeof STRESS;
export const STRESSES = Object.keys(STRESS) as Stress[];

/** For the whole process: each community is simulated in one of its own. */
export const worsen = (stress: Stress): void => void Object.assign(TABLE, STRESS[stress]);

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const FIRST_DECISION = TABLE.warmUpDays * DAY;
/** End of the days of decision: the day of the scripted failures begins. */
export const LAST_DECISION = FIRST_DECISION + TABLE.decisionDays * DAY;
export const STEP = TABLE.stepMinutes * 60_000;
/** Length of the simulation in steps. */
export const STEPS = ((TABLE.warmUpDays + TABLE.decisionDays + TABLE.aheadDays) * DAY) / STEP;

/** The seeds that are reported. Whatever was tuned, was tuned on 1001 to 1020. */
export const REPORTED_SEEDS: readonly number[] = Array.from({ length: 20 }, (_, index) => index + 1);

/** Hour of the day of a time of the simulation, which begins at midnight. */
export const hourOf = (at: number): number => (at % DAY) / HOUR;
export const isWaking = (at: number): boolean => hourOf(at) >= TABLE.waking.from && hourOf(at) < TABLE.waking.to;
