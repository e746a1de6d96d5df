/** A community of real Serf agents with a panel among them, and a stranger who floods it with made-up members. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon, Owner } from '../daemon.js';
import { nameServers } from '../name-servers.js';
import { quietPort } from '../ports.js';
import { type Agent, killAgents, startCommunity, until, writeTag } from './agents.js';
import { type MadeUp, makeUp, writeTags } from './made-up.js';

export const NEIGHBOURS = 20;
/** What each of them serves. */
const TYPE = 'dnsservice';
/** Most of the day's bytes that may be spent, so that what a scan leaves is a share of it. */
export const BYTES_PER_DAY = 20_000_000;

const entry = (address: string, port: number, s = TYPE) => ({
  s,
  d: '',
  m: '',
  i: address,
  p: `${port}`,
  e: '',
  t: '',
});
const madeUpAddress = (nth: number) => `10.66.${nth >> 8}.${nth & 255}`;
const times = (count: number, make: (nth: number) => object) => Array.from({ length: count }, (_, nth) => make(nth));

function members(count: number, list: (nth: number) => readonly object[]): MadeUp[] {
  const tags = writeTags(Array.from({ length: count }, (_, nth) => list(nth)));
  return tags.map((tag, nth) => ({ name: `made-up${nth}`, address: madeUpAddress(nth), tag }));
}

/** What strangers announce, each member 64 times. */
export const FLOODS: Readonly<Record<string, () => MadeUp[]>> = {
  '2,500 members with 64 equal entries each': () => members(2_500, () => times(64, () => entry('10.99.0.1', 53))),
  '600 members with 64 type words each': () =>
    members(600, (nth) => times(64, (word) => entry(madeUpAddress(nth), 53, `w${nth}-${word}`))),
  '2,000 members with 64 ports of one type each': () =>
    members(2_000, (nth) => times(64, (port) => entry(madeUpAddress(nth), 1_000 + port))),
};

interface Row {
  readonly address: string;
  readonly score: number | null;
}

export class Flooded {
  daemon!: Daemon;
  readonly #folder = mkdtempSync(join(tmpdir(), 'flood-'));
  readonly #addresses: readonly string[];
  readonly #port = quietPort();
  #agent!: Agent;
  #servers!: { close(): Promise<void> };

  /** @param net its neighbours serve on `127.${net}.0.…` */
  static async start(net: number): Promise<Flooded> {
    const flooded = new Flooded(net);
    await flooded.#begin(net);
    return flooded;
  }

  private constructor(net: number) {
    this.#addresses = Array.from({ length: NEIGHBOURS }, (_, nth) => `127.${net}.0.${nth + 1}`);
  }

  async #begin(net: number): Promise<void> {
    this.#servers = await nameServers(net, this.#port, NEIGHBOURS, 5);
    const all = this.#addresses.map((address, nth) => ({
      ...{ name: `neighbour${nth}`, address },
      tags: { services: writeTag([entry(address, this.#port)]) },
    }));
    this.#agent = (await startCommunity([{ name: 'here' }, ...all]))[0] as Agent;
    await this.restart();
  }

  /** Starts the panel anew; resolves once it lists every neighbour. */
  async restart(): Promise<void> {
    await this.daemon?.close();
    this.daemon = await Daemon.start({
      folder: this.#folder,
      config: {
        SERF_RPC: `${this.#agent.rpc.host}:${this.#agent.rpc.port}`,
        COMMUNITY_RANGES: '127.0.0.0/8,10.0.0.0/8',
        SCAN_BYTES_PER_DAY: `${BYTES_PER_DAY}`,
      },
    });
    await until('all neighbours are listed', async () => (await this.neighbours()).length === NEIGHBOURS);
  }

  /** The neighbours that the panel lists, as they are ranked among themselves. */
  async neighbours(): Promise<readonly Row[]> {
    const reply = await fetch(`${this.daemon.url}api/v1/services/${TYPE}?q=neighbour`);
    const { providers = [] } = (await reply.json()) as { providers?: Row[] };
    return providers.filter(({ address }) => this.#addresses.includes(address));
  }

  /** Scans their type to the end. @returns how many neighbours have a score then, and the share of the day's bytes that is left */
  async scan(): Promise<{ readonly scored: number; readonly left: number }> {
    const owner = await Owner.bySocket(this.daemon);
    await owner.ended(await owner.scan(`services/${TYPE}`));
    const { background } = await owner.get<{ background: { spentToday: number } }>('api/v1/status');
    return { scored: await this.#scored(), left: 1 - background.spentToday / BYTES_PER_DAY };
  }

  /** Scans their type until each of them has a score; what strangers announced is then not waited for. */
  async scanNeighbours(): Promise<void> {
    const owner = await Owner.bySocket(this.daemon);
    const job = await owner.scan(`services/${TYPE}`);
    await until('all neighbours have a score', async () => (await this.#scored()) === NEIGHBOURS, 60_000);
    await owner.cancel(job);
    await owner.ended(job);
  }

  async #scored(): Promise<number> {
    return (await this.neighbours()).filter(({ score }) => (score ?? 0) > 0).length;
  }

  /** Resident memory of the panel, MB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.daemon.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** How long each answer to an anonymous reader takes while the work goes on, ms, shortest first. */
  async readDuring(work: Promise<unknown>): Promise<readonly number[]> {
    const took: number[] = [];
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      for (const path of ['', 'healthz']) {
        const began = performance.now();
        const reply = await fetch(this.daemon.url + path);
        await reply.arrayBuffer();
        took.push(performance.now() - began);
      }
    }
    await over;
    return took.sort((one, other) => one - other);
  }

  /** Sends them, and again what was lost on the way, until this node's agent believes in all. */
  async flood(made: readonly MadeUp[]): Promise<void> {
    const { address, gossipPort: port } = this.#agent;
    const client = await this.#agent.connect();
    await makeUp(made, { address, port });
    const believes = async () => {
      const known = new Set((await client.members()).map(({ name }) => name));
      const lost = made.filter(({ name }) => !known.has(name));
      if (lost.length > 0) await makeUp(lost, { address, port });
      return lost.length === 0;
    };
    await until('the agent believes in all of them', believes, 60_000);
    client.close();
  }

  async close(): Promise<void> {
    await this.daemon?.close();
    await killAgents();
    await this.#servers?.close();
    rmSync(this.#folder, { recursive: true });
  }
}

/** The 99th of a hundred, of values in ascending order. */
export const p99 = (values: readonly number[]): number => values[Math.floor(values.length * 0.99)] ?? Number.NaN;
