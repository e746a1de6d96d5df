/** What the panel measured, attempt by attempt, beside what the relay on the path knows of it. */
import type { Panel } from '../../plugin/panel/contract.js';
import { median } from '../../plugin/score/mark.js';
import type { Conversation, Trip } from '../relay.js';
import type { RemoteRelay } from '../relay-process.js';

/** One attempt, beside what the relay saw of it. */
export interface Finding {
  readonly measured: number | null;
  readonly truth: number | null;
  /** Share lost as the panel has it, 1 where nothing came back; packets sent and lost as the relay has them. */
  readonly loss: number;
  readonly sent: number;
  readonly lost: number;
  /** Of the connect, where there was one. */
  readonly connectMs: number | null;
}
export type Findings = ReadonlyMap<string, readonly Finding[]>;

/** Oldest first. */
export const tried = (panel: Panel, word: string, id: string) =>
  [...(panel.store.attempts.recent(word, 1_000).get(id) ?? [])].reverse();

/** What is needed to bring the two together: the relay of each host, and the metric that a type times. */
export interface Sides {
  readonly remote: ReadonlyMap<string, RemoteRelay>;
  readonly metric: Readonly<Record<string, string>>;
  /** What a handshake takes on the panel's own side, ms. */
  readonly ownShare: number;
}

/** Every attempt at every provider, oldest first, by host. */
export async function findings(panel: Panel, { remote, metric, ownShare }: Sides): Promise<Findings> {
  const found = new Map<string, Finding[]>();
  for (const { host, type, id } of panel.discovery.providers()) {
    const conversations = (await remote.get(host)?.conversations()) ?? [];
    const attempts = tried(panel, type, id);
    const rows = attempts.map((attempt, nth) => {
      const before = attempts[nth - 1]?.at ?? 0;
      const own = conversations.filter(({ from }) => from >= before && from < attempt.at);
      const samples = attempt.reason === null ? attempt.samples : [];
      const value = (of: string | undefined) => samples.find((one) => one.metric === of)?.value ?? null;
      const loss = attempt.reason === null ? (value('loss') ?? 0) : Number(attempt.reason === 'timeout');
      return {
        measured: value(metric[type]),
        truth: truthOf(own, type === 'syncthing' ? { transport: 'tcp', ownShare } : { transport: 'udp', ownShare: 0 }),
        loss,
        ...packets(own),
        connectMs: value('rtt'),
      };
    });
    found.set(host, rows);
  }
  return found;
}

/** The first question answered is the one that was timed. */
function truthOf(
  conversations: readonly Conversation[],
  { transport, ownShare }: { transport: Conversation['transport']; ownShare: number },
): number | null {
  const trip = conversations.find((one) => one.transport === transport && one.trips.length > 0)?.trips[0];
  return trip ? durationOf(trip) + ownShare : null;
}

export const durationOf = ({ forth, server, back }: Trip) => forth + server + back;

function packets(conversations: readonly Conversation[]) {
  const sum = (of: (one: Conversation) => number) =>
    conversations.filter(({ transport }) => transport === 'udp').reduce((total, one) => total + of(one), 0);
  return { sent: sum(({ sent }) => sent.packets), lost: sum(({ lost }) => lost) };
}

export const pairs = (rows: readonly Finding[] = []) =>
  rows.flatMap(({ measured, truth }) => (measured !== null && truth !== null ? [{ measured, truth }] : []));
const tolerance = (truth: number) => Math.max(1, 0.03 * truth);
export const middle = (values: readonly number[]) => median(values) ?? Number.NaN;

/** How far the times are beside their truths at the median, in tolerances: at most 1. */
export function beside(rows: readonly Finding[] | undefined): number {
  return middle(pairs(rows).map(({ measured, truth }) => Math.abs(measured - truth) / tolerance(truth)));
}

/** Wilson's 95 % interval of a share, from `hits` of `n`. */
export function wilson(hits: number, n: number): [number, number] {
  const z2 = 1.96 ** 2;
  const centre = (hits + z2 / 2) / (n + z2);
  const half = (1.96 * Math.sqrt((hits * (n - hits)) / n + z2 / 4)) / (n + z2);
  return [centre - half, centre + half];
}
