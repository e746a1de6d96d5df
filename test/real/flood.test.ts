/** A stranger who floods the community with made-up members, against real agents: the panel and its neighbours stay. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Daemon } from '../daemon.js';
import { nameServers } from '../name-servers.js';
import { quietPort } from '../ports.js';
import { type Agent, killAgents, startCommunity, until, writeTag } from './agents.js';
import { type MadeUp, makeUp, writeTags } from './made-up.js';

type Row = { readonly address: string; readonly score: number | null };

const NET = 91;
const NEIGHBOURS = 20;
const PORT = quietPort();
const LIST = 'services/dnsservice';
/** Answers to an anonymous reader, ms, and memory above that of an idle panel, MB. */
const ANSWER_MS = 300;
const MEMORY_MB = 45;

const entry = (address: string, port: number, s = 'dnsservice') => ({
  s,
  d: '',
  m: '',
  i: address,
  p: `${port}`,
  e: '',
  t: '',
});
const madeUpAddress = (nth: number) => `10.${66 + (nth >> 16)}.${(nth >> 8) & 255}.${nth & 255}`;

function members(prefix: string, count: number, list: (nth: number) => readonly object[]): MadeUp[] {
  const tags = writeTags(Array.from({ length: count }, (_, nth) => list(nth)));
  return tags.map((tag, nth) => ({ name: `${prefix}${nth}`, address: madeUpAddress(nth), tag }));
}

const times = (count: number, make: (nth: number) => object) => Array.from({ length: count }, (_, nth) => make(nth));

/** What each stranger announces 64 times. */
const FLOODS = {
  '2,500 members with 64 equal entries each': () =>
    members('equal', 2_500, () => times(64, () => entry('10.99.0.1', 53))),
  '600 members with 64 type words each': () =>
    members('words', 600, (nth) => times(64, (word) => entry(madeUpAddress(nth), 53, `w${nth}-${word}`))),
  '2,000 members with 64 ports of one type each': () =>
    members('ports', 2_000, (nth) => times(64, (port) => entry(madeUpAddress(nth), 1_000 + port))),
};

describe.each(Object.entries(FLOODS))('%s', (_, invent) => {
  const folder = mkdtempSync(join(tmpdir(), 'flood-'));
  const addresses = Array.from({ length: NEIGHBOURS }, (_, nth) => `127.${NET}.0.${nth + 1}`);
  let agent: Agent;
  let servers: { close(): Promise<void> };
  let daemon: Daemon;
  /** Before the flood, MB. */
  let idle: number;

  const start = () =>
    Daemon.start({
      folder,
      config: { SERF_RPC: `${agent.rpc.host}:${agent.rpc.port}`, COMMUNITY_RANGES: '127.0.0.0/8,10.0.0.0/8' },
    });
  /** The neighbours that the panel lists. */
  const neighbours = async () => {
    const reply = await fetch(`${daemon.url}api/v1/${LIST}?q=neighbour`);
    const { providers = [] } = (await reply.json()) as { providers?: Row[] };
    return providers.filter(({ address }) => addresses.includes(address));
  };
  const isListed = () => until('all neighbours are listed', async () => (await neighbours()).length === NEIGHBOURS);
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]) / 1024;

  /** How long each answer took while the work went on, ms. */
  async function readDuring(work: Promise<unknown>): Promise<readonly number[]> {
    const took: number[] = [];
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      for (const path of ['', 'healthz']) {
        const began = performance.now();
        const reply = await fetch(daemon.url + path);
        await reply.arrayBuffer();
        took.push(performance.now() - began);
      }
    }
    await over;
    return took.sort((one, other) => one - other);
  }

  /** Sends it, and again what was lost on the way, until the agent has believed it all. */
  async function flood() {
    const made = invent();
    const client = await agent.connect();
    await makeUp(made, { address: agent.address, port: agent.gossipPort });
    const size = NEIGHBOURS + 1 + made.length;
    await until(
      'the agent believes in all of them',
      async () => {
        const known = new Set((await client.members()).map(({ name }) => name));
        const lost = made.filter(({ name }) => !known.has(name));
        if (lost.length > 0) await makeUp(lost, { address: agent.address, port: agent.gossipPort });
        return known.size >= size;
      },
      60_000,
    );
    client.close();
  }

  beforeAll(async () => {
    servers = await nameServers(NET, PORT, NEIGHBOURS, 5);
    const all = addresses.map((address, nth) => ({
      ...{ name: `neighbour${nth}`, address },
      tags: { services: writeTag([entry(address, PORT)]) },
    }));
    agent = (await startCommunity([{ name: 'here' }, ...all]))[0] as Agent;
    daemon = await start();
    await isListed();
    idle = memory();
  }, 120_000);
  afterAll(async () => {
    await daemon?.close();
    await killAgents();
    await servers?.close();
    rmSync(folder, { recursive: true });
  });

  it(`answers readers within ${ANSWER_MS} ms and takes at most ${MEMORY_MB} MB more`, async () => {
    const took = await readDuring(Promise.all([flood(), delay(5_000)]));
    const later = await readDuring(delay(3_000));
    for (const times of [took, later]) {
      expect(times.length).toBeGreaterThan(100);
      expect(times[Math.floor(times.length * 0.99)]).toBeLessThanOrEqual(ANSWER_MS);
    }
    expect(memory() - idle).toBeLessThanOrEqual(MEMORY_MB);
  }, 120_000);

  it('lists every neighbour that was here before, also after a restart', async () => {
    await isListed();
    await daemon.close();
    daemon = await start();
    await isListed();
  }, 60_000);
});
