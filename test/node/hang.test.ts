/** Programs that hang, flood, print nonsense or die: pages answer, jobs end, and no program is left behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { Lan } from '../../plugin/node/announce/lan.js';
import { createLocalServices, type OwnedLocalServices } from '../../plugin/node/systemd/index.js';
import { unitLog } from '../../plugin/node/systemd/journal.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { Pinger } from '../../plugin/probe/ping.js';
import { registerWeb } from '../../plugin/web/index.js';
import { until } from '../real/agents.js';
import { registryOf, StandIn } from './stand-in.js';

const UNITS = { proxy3: ['squid.service'], owp: [] };
const QUICK = { read: 300, act: 400, page: 50, pause: 5, settle: 200 };

/** What a program may do instead of its work, as lines of sh. */
const FAULTS = [
  ['hangs', 'exec sleep 600'],
  ['ignores SIGTERM', 'trap "" TERM; while :; do sleep 0.05; done'],
  ['floods', 'exec yes "Id=squid.service ActiveState=active"'],
  ['floods its complaints', 'exec yes nonsense >&2'],
  ['dies', 'kill -SEGV $$'],
  ['refuses without a word', 'exit 7'],
] as const;

let programs: StandIn;
beforeEach(() => {
  programs = new StandIn();
});
afterEach(() => programs.remove());

/** Programs that this process has started and that still run, with their own. */
function children(of = process.pid): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const [name, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(/ \(.*\) /);
      const [state, parent] = fields.split(' ');
      return Number(parent) === of && state !== 'Z' ? [readFileSync(`/proc/${name}/cmdline`, 'latin1')] : [];
    } catch {
      return [];
    }
  });
}

const ours = () => children().filter((line) => /systemctl|journalctl|avahi|ping|sleep|yes|setpriv/.test(line));
const nothingLeft = () => until('no program is left', () => ours().length === 0);

describe('a broken systemctl', () => {
  const open = (): OwnedLocalServices => createLocalServices(registryOf(UNITS), { limits: QUICK });

  it.each(FAULTS)('and %s leaves the state not known, and an act ends with a reason', async (_, script) => {
    const local = open();
    await until('systemd is read', async () => (await local.states()).get('proxy3')?.state === 'absent');
    local.close();
    programs.reads(script);
    const blind = open();
    await until(
      'it is reported',
      async () => (await blind.problem()) !== null && !(await blind.problem())?.message.includes('yet'),
    );
    expect(await blind.problem()).toMatchObject({ code: 'systemd-silent' });
    expect((await blind.states()).get('proxy3')).toEqual({ unit: null, state: 'unknown', enabled: false, units: [] });
    await expect(blind.act('proxy3', 'start', new AbortController().signal)).rejects.toMatchObject({
      code: 'systemd-silent',
    });
    blind.close();
    await nothingLeft();
  });

  it.each(FAULTS)('that %s when it acts ends the action at its limit', async (_, script) => {
    programs.unit('squid.service', 'inactive');
    programs.on('start', 'squid.service', script);
    const local = open();
    await expect(local.act('proxy3', 'start', new AbortController().signal)).rejects.toMatchObject({
      code: 'unit-failed',
    });
    local.close();
    await nothingLeft();
  });

  it('that hangs is started once for all callers, and ends with the panel', async () => {
    programs.reads('exec sleep 600');
    const local = createLocalServices(registryOf(UNITS), { limits: { ...QUICK, read: 60_000 } });
    const readings = Array.from({ length: 50 }, () => local.states());
    await until('it hangs', () => ours().length > 0);
    for (const states of await Promise.all(readings)) expect(states.get('proxy3')?.state).toBe('unknown');
    for (let nth = 0; nth < 10; nth++) await local.states();
    expect(ours()).toHaveLength(1);
    expect(programs.calls()).toHaveLength(1);
    local.close();
    await nothingLeft();
  });
});

describe('a broken journalctl', () => {
  it.each(FAULTS)('that %s ends with a reason or with its output', async (_, script) => {
    programs.program('journalctl', script);
    const log = await unitLog('squid.service').catch((error) => error);
    if ('lines' in log) expect(log.lines.length).toBeLessThanOrEqual(200);
    else expect(log).toMatchObject({ code: 'log-unreadable' });
    await nothingLeft();
  });

  it('runs once for concurrent callers', async () => {
    programs.program('journalctl', 'exec sleep 600');
    const readings = Array.from({ length: 20 }, () => unitLog('squid.service').catch(({ code }) => code));
    await until('it hangs', () => ours().length > 0);
    expect(ours()).toHaveLength(1);
    expect(new Set(await Promise.all(readings))).toEqual(new Set(['log-unreadable']));
    await nothingLeft();
  });
});

describe('a broken avahi-publish-service', () => {
  const service = { name: 'one', type: '_thing._tcp', port: 1, txt: [] };

  it.each(FAULTS)(
    'and %s is not taken for an announcement, and is gone within a second of the end',
    async (_, script) => {
      programs.program('avahi-publish-service', script);
      const lan = new Lan();
      lan.set(new Map([['thing', service]]));
      expect(['beginning', 'failed']).toContain(await lan.settled('thing', 300));
      const ended = lan.close();
      await until('all has ended', () => ended.then(() => true), 2_000);
      await nothingLeft();
    },
  );
});

describe('a broken ping', () => {
  it.each(FAULTS)('and %s measures nothing, within its limit', async (_, script) => {
    programs.program('ping', script);
    const pinger = new Pinger();
    const within = { signal: new AbortController().signal, limitMs: 200 };
    expect(await pinger.path('127.0.0.1', within)).toEqual([]);
    expect(await pinger.width('127.0.0.1', within)).toEqual([]);
    await nothingLeft();
  });
});

describe('the panel while systemctl hangs', () => {
  let folder: string;
  let panel: Panel;
  let app: FastifyInstance;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hang-'));
    programs.reads('exec sleep 600');
    const config = { ...loadConfig({ env: {}, file: '' }), dataDir: folder, language: 'en' as const };
    panel = await createPanel(config, { demo: true });
    app = Fastify();
    await app.register((scope) => registerWeb(scope, panel, { authenticate: async () => 'owner' }));
  });
  afterEach(async () => {
    await app.close();
    rmSync(folder, { recursive: true });
  });

  it('answers every page with the state unknown, and leaves no process when it closes', async () => {
    const pages = ['/', '/services/proxy3', '/services/dnsservice', '/api/v1/services', '/api/v1/services/proxy3'];
    const answers = await Promise.all([...pages, ...pages].map((url) => app.inject(url)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(answers.map(() => 200));
    expect(answers[1]?.body).toContain('systemd does not answer');
    expect(answers[4]?.json().local.state).toBe('unknown');
    expect(ours()).toHaveLength(1);
    await panel.close();
    await nothingLeft();
  });
});
