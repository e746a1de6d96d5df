/** Neighbours at a known distance, panels that measure them, and what is told of their measurements. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { read } from '../../clients.js';
import { Daemon, Owner } from '../../daemon.js';
import { announcing } from '../../name-servers.js';
import { startChild, stop } from '../child.js';
import { median } from '../marks.js';

/** The page of those neighbours. */
export const LIST = 'services/dnsservice';
/** What each of them adds to its answer, ms: most of what is measured. */
const DELAY_MS = 20;
/** Between two looks at a list or a job, ms: seldom enough to cost nothing beside a scan. */
const LOOK_MS = 1_000;

interface Place {
  /** They answer on `127.${net}.0.…`. */
  readonly net: number;
  readonly port: number;
  readonly count: number;
}

export interface Attempt {
  readonly provider: string;
  readonly reason: string | null;
  readonly samples?: readonly { readonly metric: string; readonly value: number }[];
}

interface Panel {
  readonly daemon: Daemon;
  readonly owner: Owner;
}

/** Name servers, and a Serf agent with members of its own. */
export class Community {
  readonly #place: Place;
  readonly #children: readonly ChildProcess[];
  readonly #serf: number;
  readonly #control: string;

  static async open(place: Place): Promise<Community> {
    const agent = await startChild<{ port: number }>('replay', { members: 30, community: 'demo' });
    const servers = await startChild<string>('providers', { ...place, delay: DELAY_MS });
    return new Community(place, [agent.child, servers.child], agent.said.port, servers.said);
  }

  private constructor(place: Place, children: readonly ChildProcess[], serf: number, control: string) {
    this.#place = place;
    this.#children = children;
    this.#serf = serf;
    this.#control = control;
  }

  /**
   * A panel of its own, once it lists them all.
   * @param before what starts it, such as an emulator
   */
  async withPanel<T>(use: (panel: Panel) => Promise<T>, before: readonly string[] = []): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'bench-'));
    const { net, port, count } = this.#place;
    const config = { ...announcing(folder, net, port, count), SERF_RPC: `127.0.0.1:${this.#serf}` };
    const daemon = await Daemon.start({ folder, config, before });
    try {
      const owner = await Owner.bySocket(daemon);
      while ((await providerIds(owner)).length < count) await wait(LOOK_MS);
      return await use({ daemon, owner });
    } finally {
      await daemon.close();
      rmSync(folder, { recursive: true });
    }
  }

  /** Middle of the times that the answers since the last call really took, ms. */
  async delay(): Promise<number> {
    return median((await (await fetch(this.#control)).json()) as number[]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map(stop));
  }
}

/** Of the name servers; the agent's members have some too, which are nowhere. */
export async function providerIds(owner: Owner): Promise<readonly string[]> {
  const { providers } = await owner.get<{ providers: { id: string; address: string }[] }>(`api/v1/${LIST}`);
  return providers.filter(({ address }) => address.startsWith('127.')).map(({ id }) => id);
}

/** Scans them all, or one of them, to the end. */
export async function scanned(owner: Owner, provider?: string, lookMs = LOOK_MS): Promise<void> {
  const job = await owner.ended(
    await owner.scan(provider === undefined ? LIST : `${LIST}/providers/${provider}`),
    lookMs,
  );
  if (job.state !== 'done') throw new Error(`the scan did not end well: ${JSON.stringify(job)}`);
}

/** All that the panel remembers of them, by the file that it offers. */
export async function attempts({ url }: Daemon): Promise<readonly Attempt[]> {
  const agent = new Agent();
  return JSON.parse((await read(`${url}${LIST}/measurements.json`, agent)).text) as Attempt[];
}

/** The times that the delay is in, ms. */
export const timesOf = ({ samples = [] }: Attempt) =>
  samples.flatMap(({ metric, value }) => (metric === 'answer' ? [value] : []));

export interface Untimed {
  /** Share of the attempts that were answered and have no time, because the panel itself was late. */
  readonly attempts: number;
  /** Share of the providers that have no time at all. */
  readonly providers: number;
}

export function untimed(all: readonly Attempt[]): Untimed {
  const answered = all.filter(({ reason }) => reason === null);
  const timed = answered.filter((attempt) => timesOf(attempt).length > 0);
  const count = (some: readonly Attempt[]) => new Set(some.map(({ provider }) => provider)).size;
  return { attempts: 1 - timed.length / answered.length, providers: 1 - count(timed) / count(all) };
}
