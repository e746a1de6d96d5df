/** That measuring is polite by construction, whatever the probes are: nothing here knows how any of them works. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { SERVICES_DIR } from '../../plugin/config/paths.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import type { Target } from '../../plugin/probe/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { ownCost } from '../costs.js';
import { context, ownAddress, target, tcpServer, udpServer } from '../probe/servers.js';
import { type Place, Relay, type RelayOptions } from '../relay.js';
import { total, wire } from './wire.js';

const registry = await loadServices();
/** Every file of the folder: the built-in types, the further ones, and the one for all others. */
const WORDS = readdirSync(SERVICES_DIR)
  .filter((name) => !name.endsWith('.md'))
  .map((name) => basename(name, '.ts'))
  .filter((word) => word !== 'index');

/** What is probed: every type, and one that goes by the words of the announcement with each kind of them. */
const PROBED = [
  ...WORDS.map((word) => ({ word, description: '' })),
  ...['mosquitto', 'nextcloud', 'tracker'].map((description) => ({ word: 'Docker', description })),
];

/** Answers nonsense when asked, over both transports, and sends whoever believes it elsewhere. */
async function babbler(elsewhere: Place): Promise<Target> {
  const url = `http://${elsewhere.address}:${elsewhere.port}/`;
  const nonsense = `HTTP/1.1 302 Found\r\nLocation: ${url}\r\nRefresh: 0; url=${url}\r\nContent-Length: 0\r\n\r\n`;
  const tcp = await tcpServer((socket) => socket.once('data', () => socket.end(nonsense)));
  return udpServer(({ reply }) => reply(Buffer.from(nonsense)), tcp);
}

/** Takes everything, over both transports, and says nothing. */
const mute = async (): Promise<Target> => udpServer(() => {}, await tcpServer());

async function opened(options: RelayOptions): Promise<Relay> {
  const relay = await Relay.open(options);
  onTestFinished(() => relay.close());
  return relay;
}

describe('a probe of every type', () => {
  it.each([
    ['answers nonsense', babbler],
    ['says nothing', mute],
  ])('keeps to what it says it costs, and to the announced address, where the provider %s', async (_, server) => {
    const silence = await mute();
    const probed = PROBED.map(async ({ word, description }) => {
      const type = registry.of(word);
      const beside = await opened({ to: silence, address: ownAddress() });
      const to = await server(beside);
      const address = ownAddress();
      const relay = await opened({ to, address, port: beside.port });
      const gossip = await opened({ to, address });
      const announced = { description, gossip: { address, port: gossip.port } };
      const signal = AbortSignal.timeout(8_000);
      await type.probe(target({ address, port: relay.port }, announced), context(signal));
      const heard = [...relay.conversations(), ...gossip.conversations()];
      return { word, said: ownCost(type), cost: total(heard.map(wire)), strays: beside.conversations().length };
    });
    const all = await Promise.all(probed);
    expect(all.filter(({ cost, said }) => cost.packets > said.packets || cost.bytes > said.bytes)).toEqual([]);
    expect(all.filter(({ cost }) => cost.packets === 0)).toEqual([]);
    expect(all.filter(({ strays }) => strays > 0)).toEqual([]);
  });
});

const HOSTS = 5;
const CONCURRENCY = 3;
/** Ends are told and heard in one event loop, in either order: conversations that touch by this do not overlap, ms. */
const SLACK_MS = 5;

interface Announced {
  readonly relay: Relay;
  readonly word: string;
  readonly txt?: string;
}

/** Each type on two hosts, several types on each host, and one service that does not want to be measured. */
async function neighbourhood(): Promise<Announced[]> {
  const to = await babbler({ address: ownAddress(), port: 80 });
  const hosts = Array.from({ length: HOSTS }, ownAddress);
  const relay = (address = ownAddress()) => opened({ to, address, delay: 10 });
  const at = (nth: number) => relay(hosts[nth % HOSTS]);
  const twice = WORDS.map(async (word, nth) => [
    { word, relay: await at(nth) },
    { word, relay: await at(nth + 2) },
  ]);
  const word = WORDS[0] as string;
  const asking = [
    { word, relay: await relay(), txt: 'probe=none' },
    { word, relay: await relay(), txt: 'probe=light' },
  ];
  return [...(await Promise.all(twice)).flat(), ...asking];
}

async function panelOver(announced: readonly Announced[]): Promise<Panel> {
  const dataDir = mkdtempSync(join(tmpdir(), 'politeness-'));
  const providersFile = join(dataDir, 'providers');
  const lines = announced.map(({ relay, word, txt = '' }) => ({
    s: word,
    i: relay.address,
    p: relay.port,
    t: txt,
  }));
  writeFileSync(providersFile, lines.map((line) => JSON.stringify(line)).join('\n'));
  const standard = loadConfig({ env: {}, file: '' });
  const serfRpc = { host: '127.0.0.1', port: 1 };
  const ranges = { communityRanges: ['127.0.0.0/8'], scanConcurrency: CONCURRENCY };
  const panel = await createPanel({ ...standard, ...ranges, serfRpc, dataDir, providersFile }, { demo: false });
  onTestFinished(async () => {
    await panel.close();
    rmSync(dataDir, { recursive: true });
  });
  await panel.discovery.ready();
  return panel;
}

interface Interval {
  readonly key: string;
  readonly from: number;
  readonly until: number;
}

/** The most different keys that were busy at one moment. */
function busiest(intervals: readonly Interval[]): number {
  const at = (moment: number) =>
    new Set(intervals.filter(({ from, until }) => from <= moment && moment <= until - SLACK_MS).map(({ key }) => key));
  return Math.max(0, ...intervals.map(({ from }) => at(from).size));
}

describe('scans of every type at the same time', () => {
  it('never probe a host twice at once, never more hosts than allowed, and no provider that failed or declines', async () => {
    const announced = await neighbourhood();
    const panel = await panelOver(announced);
    const { services } = await panel.overview();
    const jobs = services.map(({ typeId }) => panel.scan(typeId).id);
    for (const job of jobs) expect(await panel.jobs.ended(job)).toMatchObject({ state: 'done' });

    const heard = announced.flatMap(({ relay }) =>
      relay.conversations().map(({ from, until }) => ({ relay, from, until })),
    );
    const hosts = heard.map(({ relay, from, until }) => ({ key: relay.address, from, until }));
    expect(busiest(hosts)).toBe(CONCURRENCY);
    for (const address of new Set(hosts.map(({ key }) => key))) {
      const ports = heard.filter(({ relay }) => relay.address === address);
      expect(busiest(ports.map(({ relay, from, until }) => ({ key: `${relay.port}`, from, until })))).toBe(1);
    }
    for (const { relay, word, txt } of announced) {
      const provider = panel.discovery
        .providers(word)
        .find(({ address, port }) => address === relay.address && port === relay.port);
      const attempts = panel.store.attempts.recent(word).get(provider?.id ?? '') ?? [];
      expect(provider?.barred).toBe(txt === 'probe=none' ? 'declined' : null);
      expect(relay.conversations().length > 0).toBe(txt !== 'probe=none');
      expect(attempts.slice(1).filter(({ reason }) => reason !== null)).toEqual([]);
      if (attempts[0]?.reason) expect(attempts).toHaveLength(1);
    }
  }, 60_000);
});
