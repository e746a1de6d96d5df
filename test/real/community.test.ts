/**
 * The whole path on real programs: neighbours announce over real Serf agents, the panel of one node finds, measures and
 * ranks them, and is asked over its JSON API and its pages as a person would.
 */
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import cloudyServices from '../../plugin/index.js';
import type { Job } from '../../plugin/model/job.js';
import { LANGUAGES } from '../../plugin/model/language.js';
import { DELTA } from '../../plugin/score/equals.js';
import { type Agent, type AgentOptions, killAgents, startCommunity, until, writeTag } from './agents.js';
import { freePort, type Program, startNamed, startSyncthing, startUnbound } from './programs.js';

const HOSTILE = `<script>alert(1)</script><img src=x onerror=alert(1)>'"&`;
/** An address of this test's own, so that it can run beside the others. */
const NET = `127.${200 + (process.pid % 40)}.7`;

interface Row {
  id: string;
  node: string;
  description: string;
  level: number;
  score: number | null;
  reason: string | null;
  recommended: boolean;
  stale: boolean;
  parts: { metric: string; value: number | null; lost: number }[];
  measuredAt: string | null;
}
interface Source {
  name: string;
  state: string;
  error?: { hint: string };
}

let folder: string;
let app: FastifyInstance;
let agents: Agent[];
const programs: Program[] = [];
const standIns: (Server | Socket)[] = [];
let session: { cookie: string; token: string };

const entry = (s: string, m: string, i: string, p: number | string, t = '', d = `${s}_of_${m}`) => ({
  s,
  d,
  m,
  i,
  p: `${p}`,
  e: 'test',
  t,
});
const node = (name: string, at: number, tags: string | readonly unknown[]): AgentOptions => ({
  name,
  address: `${NET}.${at}`,
  tags: { services: typeof tags === 'string' ? tags : writeTag(tags) },
});

/** Accepts or swallows everything and says nothing, over both transports. */
async function hanging(address: string): Promise<number> {
  const port = await freePort(address);
  const tcp = createServer((socket) => void socket.on('error', () => socket.destroy()));
  const udp = createSocket('udp4');
  standIns.push(tcp, udp);
  await new Promise<void>((resolve) => tcp.listen(port, address, resolve));
  await new Promise<void>((resolve) => udp.bind(port, address, resolve));
  return port;
}

/** Ten neighbours: good, generic, slow to answer, dead, impostor, old-fashioned and hostile ones. */
async function neighbours(): Promise<AgentOptions[]> {
  const at = (last: number) => `${NET}.${last}`;
  const [named, unbound, right, other] = await Promise.all([
    startNamed(),
    startUnbound({ address: at(2) }),
    startSyncthing({ address: at(3) }),
    startSyncthing({ address: at(4) }),
  ]);
  programs.push(named, unbound, right, other);
  const hangs = await hanging(at(5));
  const bigBomb = writeTag(`[${' '.repeat(50_000_000)}]`);
  return [
    node('own', 1, [entry('dnsservice', 'own', at(1), await freePort(at(1)), '', 'nothing_listens')]),
    node('guifi', 2, [
      entry('dnsservice', 'guifi', '127.0.0.1', named.port),
      entry('dnsservice', 'plain', at(2), unbound.port),
      entry('serf', 'guifi', at(2), 17_946),
    ]),
    node('sync', 3, [entry('syncthing', 'sync', at(3), right.port, `node_id=${right.deviceId}`)]),
    node('impostor', 4, [
      entry('syncthing', 'impostor', at(4), other.port, `node_id=${right.deviceId}`),
      entry('serf', 'x', at(4), 17_946),
    ]),
    node('hangs', 5, [
      entry('dnsservice', 'hangs', at(5), hangs),
      entry('syncthing', 'hangs', at(5), hangs),
      entry('pastecat', 'open', at(5), hangs),
    ]),
    // An agent says it is another's address: the name there is another one.
    node('liar', 6, [entry('serf', 'liar', at(3), 17_946)]),
    // As nodes wrote it years ago: single quotes, a stray comma, a port of 0 beside a good entry.
    node(
      'old',
      7,
      writeTag(
        `[{'s':'serf','d':'old_node','m':'old','i':'${at(7)}','p':'17946','e':'','t':''},{'s':'tahoe-lafs','i':'${at(7)}','p':'0'},]`,
      ),
    ),
    node('hostile', 8, [
      entry('dnsservice', HOSTILE, '203.0.113.5', 53, HOSTILE, HOSTILE),
      entry('Docker', HOSTILE, at(8), hangs, HOSTILE, HOSTILE),
      entry('dnsservice', 'zero', at(8), 0),
      entry('dnsservice', 'high', at(8), 70_000),
    ]),
    node('bomb', 9, bigBomb),
    node('cut', 10, writeTag([entry('serf', 'cut', at(10), 17_946)]).slice(0, 31)),
  ];
}

async function get<T>(path: string): Promise<T> {
  const answer = await app.inject({ url: path, headers: { cookie: session?.cookie ?? '' } });
  expect(answer.statusCode, `${path}: ${answer.body.slice(0, 200)}`).toBe(200);
  return answer.json() as T;
}

async function scan(type: string): Promise<Row[]> {
  const headers = { cookie: session.cookie, 'x-csrf-token': session.token };
  const answer = await app.inject({ method: 'POST', url: `/api/v1/services/${type}/scan`, headers });
  expect(answer.statusCode, answer.body).toBe(202);
  const { id } = answer.json<{ job: Job }>().job;
  let job: Job | undefined;
  await until(
    `the scan of ${type} ends`,
    async () => {
      job = await get<Job>(`/api/v1/jobs/${id}`);
      return job.state !== 'running';
    },
    60_000,
  );
  expect(job).toMatchObject({ state: 'done', error: null });
  expect(job?.done).toBe(job?.total);
  return list(type);
}

const list = async (type: string) => (await get<{ providers: Row[] }>(`/api/v1/services/${type}`)).providers;
const serf = async () =>
  (await get<{ sources: Source[] }>('/api/v1/services')).sources.find(({ name }) => name === 'serf') as Source;
const short = (rows: Row[]) => rows.map(({ node, level, reason }) => [node, level, reason]);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'community-'));
  agents = await startCommunity(await neighbours());
  app = Fastify();
  await app.register(cloudyServices, {
    config: {
      dataDir: folder,
      serfRpc: (agents[0] as Agent).rpc,
      communityRanges: ['127.0.0.0/8'],
      demo: 'off',
      language: 'en',
    },
    authenticate: async () => 'owner',
  });
  await app.ready();
  await until('the list is complete', async () => (await serf()).state === 'up' && (await list('serf')).length === 4);
  const answer = await app.inject({ url: '/api/v1/session' });
  const cookie = `${answer.headers['set-cookie']}`.split(';')[0] as string;
  session = { cookie, token: answer.json<{ token: string }>().token };
}, 120_000);

afterAll(async () => {
  await app?.close();
  await killAgents();
  await Promise.all(programs.map((program) => program.stop()));
  for (const standIn of standIns) standIn.close();
  if (folder) rmSync(folder, { recursive: true });
});

describe('a community of ten real Serf agents', () => {
  it('is listed: every readable entry once, with what was skipped and why', async () => {
    const { services } = await get<{ services: { type: string; providers: number; builtin: boolean }[] }>(
      '/api/v1/services',
    );
    const counts = Object.fromEntries(services.map(({ type, providers }) => [type, providers]));
    expect(counts).toMatchObject({
      dnsservice: 5,
      serf: 4,
      syncthing: 3,
      owp: 0,
      pastecat: 1,
      'tahoe-lafs': 0,
      Docker: 1,
    });
    expect(services.find(({ type }) => type === 'Docker')?.builtin).toBe(false);
    const { skipped } = (await serf()) as Source & { skipped: Record<string, number> };
    expect(skipped).toMatchObject({ 'bad-port': 3, 'too-large': 1 });
  });

  it('has the name servers in the right order, and no number for the ones that fail', async () => {
    const rows = await scan('dnsservice');
    expect(rows.slice(0, 3).map(({ level, reason }) => [level, reason])).toEqual([
      [4, null],
      [3, null],
      [0, 'not-allowed'],
    ]);
    const [best, generic, , ...failed] = rows as [Row, Row, Row, Row, Row];
    // On a busy machine the two may have come as near as equals.
    const recommended = rows.filter((row) => row.recommended);
    expect(recommended.map(({ level }) => level >= 3)).toEqual([true]);
    expect((best.score as number) - (recommended[0]?.score as number)).toBeLessThan(DELTA);
    expect(best.score as number).toBeGreaterThan(generic.score as number);
    expect(failed.map(({ reason }) => reason).sort()).toEqual(['refused', 'timeout']);
    for (const row of failed) {
      expect(row.score).toBe(0);
      expect(row.parts.every(({ value }) => value === null)).toBe(true);
    }
    for (const { score, parts } of [best, generic]) {
      expect(parts.reduce((sum, { lost }) => sum + lost, 0)).toBeCloseTo(100 - (score as number), 1);
    }
    expect(rows[2]).toMatchObject({ score: null, measuredAt: null });
  }, 60_000);

  it('has the peer with the announced identity first, and refuses the impostor', async () => {
    const rows = await scan('syncthing');
    expect(rows[0]).toMatchObject({ node: 'sync', level: 4, reason: null, recommended: true });
    expect(short(rows).slice(1).sort()).toEqual([
      ['hangs', 2, 'timeout'],
      ['impostor', 3, 'wrong-identity'],
    ]);
    expect(rows.slice(1).map(({ score }) => score)).toEqual([0, 0]);
  }, 60_000);

  it('has the agents with their own names, and not the one that lent itself an address', async () => {
    const rows = await scan('serf');
    expect(short(rows).slice(0, 3).sort()).toEqual([
      ['guifi', 4, null],
      ['impostor', 4, null],
      ['old', 4, null],
    ]);
    expect(rows[3]).toMatchObject({ node: 'liar', score: 0, reason: 'wrong-identity', recommended: false });
  }, 60_000);

  it('says honestly where only the port was seen', async () => {
    const [row] = (await scan('pastecat')) as [Row];
    expect(row).toMatchObject({ level: 2, score: null, reason: 'not-checked', recommended: false });
    const page = await app.inject({ url: '/services/pastecat', headers: { 'accept-language': 'en' } });
    expect(page.body).toContain('not checked');
  }, 60_000);

  it("shows a stranger's text only as text, on every page and in every language", async () => {
    const id = (await list('Docker'))[0]?.id;
    for (const path of ['/', '/services/dnsservice', '/services/Docker', `/services/Docker/providers/${id}`]) {
      for (const language of LANGUAGES) {
        const { body, statusCode } = await app.inject({ url: path, headers: { 'accept-language': language } });
        expect(statusCode).toBe(200);
        expect(body).not.toMatch(/<script>alert|<img src=x/);
      }
    }
  });

  it('keeps no number of a failed provider in its database', () => {
    const database = new Database(join(folder, 'cloudy-services.sqlite'), { readonly: true });
    const count = (where: string) => database.prepare(`SELECT count(*) FROM attempts WHERE ${where}`).pluck().get();
    expect(count('reason IS NOT NULL')).toBeGreaterThanOrEqual(5);
    expect(count('reason IS NOT NULL AND (samples IS NOT NULL OR facts IS NOT NULL)')).toBe(0);
    database.close();
  });

  it('stays listed, stale and with what to do, while the agent is away, and recovers within 2 s of its return', async () => {
    const own = agents[0] as Agent;
    const before = (await list('serf')).length;
    await own.kill();
    await until('the agent is missed', async () => (await serf()).state === 'away');
    expect((await serf()).error?.hint).toContain('serf');
    const rows = await list('serf');
    expect(rows).toHaveLength(before);
    expect(rows.every(({ stale }) => stale)).toBe(true);
    expect((await app.inject('/healthz')).statusCode).toBe(503);
    await own.start();
    const returned = performance.now();
    await until('the panel is connected again', async () => (await serf()).state === 'up', 2_000);
    expect(performance.now() - returned).toBeLessThan(2_000);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
    // Through all: on a busy machine one agent may take others for failed, and would not tell of them.
    await own.cli('join', ...agents.slice(1).map(({ address, gossipPort }) => `${address}:${gossipPort}`));
    await until(
      'the neighbours are back',
      async () => {
        const rows = await list('serf');
        return rows.length === before && rows.every(({ stale }) => !stale);
      },
      45_000,
    );
  }, 90_000);
});
