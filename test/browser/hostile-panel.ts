/** A panel whose neighbours are all hostile: what they announce comes through every source as it would on a network. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { openAlerts } from '../../plugin/alerts/index.js';
import { type Config, loadConfig } from '../../plugin/config/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { OWN_APP, registerWeb } from '../../plugin/web/index.js';
import { bytesOf, hostileText, pick, type Random } from '../discovery/hostile.js';
import { hostilePackets, type Sent } from '../discovery/hostile-packets.js';
import { hostileList, hostileTags, Tally } from '../discovery/hostile-wire.js';
import { until } from '../real/agents.js';
import { agentOf, type FakeAgent, fakeAgent, reply, type Script } from '../serf/fake-agent.js';
import { PASSWORD } from '../web/app.js';
import { Datagrams, links } from './hostile-links.js';

/** Members, bytes of list, packets of each link: together more than 10,000 announcements. */
const MEMBERS = 1_000;
const LIST_BYTES = 1_000_000;
const PACKETS = 900;

/** Longer than the provider of a failed member keeps its place in a full list, ms. */
const LOST_MS = 5 * 60_000;

export interface HostilePanel {
  readonly panel: Panel;
  readonly app: FastifyInstance;
  /** What must have become of what each source was sent. */
  readonly tallies: Readonly<Record<'serf' | 'list' | 'avahi', Tally>>;
  /** Names of members, as they were sent. */
  readonly names: readonly string[];
  /** Bodies of the alerts that were sent. */
  readonly alerts: readonly string[];
  close(): Promise<void>;
}

export const TOKEN = 'token of the test';

/** The one provider that may be probed: a type that nobody else announces, and an address where nothing listens. */
export const PROBED = { type: 'ipfs', address: '127.93.9.9', port: 9 } as const;

/** Delivers everything, and resolves once the panel has read it. */
export async function startHostile(folder: string, random: Random): Promise<HostilePanel> {
  const tallies = { serf: new Tally(), list: new Tally(), avahi: new Tally() };
  let nth = 0;
  const next = () => ++nth;
  const members = membersOf(random, hostileTags(random, MEMBERS, tallies.serf, next));
  const providersFile = join(folder, 'providers');
  mkdirSync(folder, { recursive: true });
  const { type: s, address: i, port: p } = PROBED;
  tallies.list.add(null, `${s}|${i}|${p}`);
  const m = '<x-canary>"onx=\'\n<3>\u202e\u001b[2J=1+1';
  const probed = JSON.stringify({ s, i, p, m, d: m, e: m, t: m });
  writeFileSync(
    providersFile,
    Buffer.concat([Buffer.from(`${probed}\n`), hostileList(random, LIST_BYTES, tallies.list, next)]),
  );
  const { agent, tell } = await agentWith(members.slice(0, MEMBERS / 2));
  const alerts = await alertServer();
  const config = {
    ...loadConfig({ env: {}, file: '' }),
    ...{ serfRpc: agent.address, providersFile, avahi: 'on', demo: 'off', dataDir: folder, language: 'en' },
    ...{ metricsToken: TOKEN, notifyUrl: alerts.url, notifyAfter: 1, communityRanges: ['10.0.0.0/8', '127.93.9.0/24'] },
  } satisfies Config;
  let lead = 0;
  const panel = await createPanel(config, { serving: true, demo: false, now: () => Date.now() + lead });
  const closeAlerts = await openAlerts(panel);
  await panel.discovery.ready();
  await setOwnerPassword(panel.store.settings, PASSWORD);
  for (const [{ address }] of Object.values(links()))
    receive(address, hostilePackets(random, PACKETS, address.replace(/\.\d+$/, ''), tallies.avahi, next));
  tell(members.slice(MEMBERS / 2), random);
  const app = Fastify(OWN_APP);
  await app.register((scope) => registerWeb(scope, panel));
  const close = async () => {
    await app.close();
    await Promise.all([closeAlerts(), panel.close()]);
    await agent.close();
    await alerts.close();
  };
  const isRead = (name: string, { delivered }: Tally) => readBy(panel, name) >= delivered;
  await until(
    'everything is read',
    () => isRead('serf', tallies.serf) && isRead('list', tallies.list) && isRead('avahi', tallies.avahi),
  ).catch(() => {});
  // Providers of failed members have made room for others: the list stays the same from here on, however long it is read.
  lead = LOST_MS;
  return { panel, app, tallies, names: members.map(({ name }) => name), alerts: alerts.bodies, close };
}

/** Announcements that the source has listed or left out. */
function readBy(panel: Panel, name: string): number {
  const status = panel.discovery.sources().find((source) => source.name === name);
  return Object.values(status?.skipped ?? {}).reduce((sum, count) => sum + count, status?.read ?? 0);
}

interface HostileMember {
  readonly name: string;
  readonly told: object;
}

function membersOf(random: Random, tags: readonly string[]): HostileMember[] {
  return tags.map((services, at) => {
    const name = `${hostileText(random, 40_000)}#${at}`;
    const status = pick(random, ['alive', 'alive', 'leaving', 'failed', '<x-canary>']);
    const tag = hostileText(random, 100);
    const told = {
      ...{
        Name: bytesOf(name),
        Addr: Uint8Array.of(10, 3, at >> 8, at & 255),
        Port: pick(random, [7946, -1, 1e300, 0]),
      },
      ...{ Tags: { [`_${tag}`]: bytesOf(tag), services, role: bytesOf(hostileText(random, 100)) }, Status: status },
    };
    return { name, told };
  });
}

/** An agent with these members, and the way to tell of more by its events. */
async function agentWith(members: readonly HostileMember[]) {
  let stream = 0;
  const follow: Script = ({ seq }, socket) => {
    stream = seq;
    socket.write(reply(seq));
  };
  const all = members.map(({ told }) => told);
  const agent: FakeAgent = await fakeAgent(agentOf(all, { stream: follow }));
  const tell = (more: readonly HostileMember[], random: Random) => {
    for (const { told } of more) {
      all.push(told);
      const event = pick(random, ['member-join', 'member-update', 'member-failed', '<x-canary>']);
      agent.sockets.at(-1)?.write(reply(stream, { Event: event, Members: [told], LTime: 2 ** 64 }));
    }
  };
  return { agent, tell };
}

function receive(address: string, packets: readonly Sent[]): void {
  for (const { bytes, sender } of packets)
    Datagrams.open.get(address)?.emit('message', bytes, { address: sender, port: 5353 });
}

/** Keeps what it is sent. */
async function alertServer() {
  const bodies: string[] = [];
  const server = createServer(async (request, answer) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    answer.end();
  }).listen(0, '127.93.9.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.93.9.1:${(server.address() as AddressInfo).port}/`, bodies, close };
}
