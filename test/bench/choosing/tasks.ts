/**
 * The truth that no score defines: how long people's own tasks take. Failures count as the longest that anybody waits.
 */
import { DAY, isWaking, STEP, TABLE } from './table.js';
import type { State, Struck, World } from './world.js';

export type TaskName = 'web' | 'sync' | 'chat';
export const TASKS: readonly TaskName[] = ['web', 'sync', 'chat'];

interface Task {
  /** Word of the service type whose curves, weights and probe are the program's own. */
  readonly type: string;
  /** Longest wait, s. */
  readonly patience: number;
  /** s. */
  readonly seconds: (state: State) => number;
}

/** First window of TCP, and a packet's payload: bytes (RFC 6928). */
const FIRST_WINDOW = 14_600;
const SEGMENT = 1_460;

/** Mbit/s that one connection gets: the narrowest of path, server, and what its losses permit (Mathis et al., 1997). */
function rate(mbps: number, { serverMbps, rtt, loss }: State): number {
  const lossy = (1.22 * SEGMENT * 8) / (rtt * 1_000 * Math.sqrt(Math.max(loss, 1e-9)));
  return Math.min(mbps, serverMbps, lossy);
}

/** s to move so many megabytes, the growth of the window included. */
function transfer(megabytes: number, mbps: number, state: State): number {
  const speed = rate(mbps, state);
  const inFlight = (speed * 1e6 * state.rtt) / 8_000;
  const rounds = Math.log2(Math.max(1, inFlight / FIRST_WINDOW));
  return (megabytes * 8) / speed + (rounds * state.rtt) / 1_000;
}

const answerTime = ({ rtt, serverMs, loss }: State) => (rtt + serverMs + loss * TABLE.resend.connect) / 1_000;

export const TASK: Readonly<Record<TaskName, Task>> = {
  /** A page of 1 MB. */
  web: {
    type: 'Docker',
    patience: 60,
    seconds: (state) => state.rtt / 1_000 + answerTime(state) + transfer(1, state.down, state),
  },
  /** A folder of 40 MB that both sides have worked in: as much there as back. */
  sync: {
    type: 'syncthing',
    patience: 30 * 60,
    seconds: (state) => answerTime(state) + transfer(20, state.up, state) + transfer(20, state.down, state),
  },
  /** One small question and its answer. */
  chat: { type: 'dnsservice', patience: 20, seconds: answerTime },
};

/** s that the task takes at one moment. */
export function secondsNow(task: TaskName, state: State): number {
  const { patience, seconds } = TASK[task];
  return state.reachable ? Math.min(seconds(state), patience) : patience;
}

export interface Asked {
  readonly user: number;
  readonly provider: number;
  readonly at: number;
  readonly struck?: Struck | null;
  /** Whether the task may be wanted then; at waking hours where left out. */
  readonly isWanted?: (at: number) => boolean;
}

/** Geometric mean of the task's time over the next 24 hours in which it is wanted, s. */
export function truth(world: World, task: TaskName, asked: Asked): number {
  const { user, provider, at, struck = null, isWanted = isWaking } = asked;
  const wanted = DAY / STEP;
  let sum = 0;
  let count = 0;
  for (let time = at; count < wanted; time += STEP) {
    if (!isWanted(time)) continue;
    sum += Math.log(secondsNow(task, world.at(user, provider, time, struck)));
    count += 1;
  }
  return Math.exp(sum / count);
}
