/** One click on a chosen provider, done to the real programs of this node: the Serf agent joins, Syncthing knows the device. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import type { Job } from '../../plugin/model/job.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { createPanel } from '../../plugin/panel/open.js';
import { killAgents, startAgent, until, writeTag } from './agents.js';
import { freePort } from './programs.js';

afterEach(async () => {
  vi.unstubAllEnvs();
  await killAgents();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'connect-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function panelOf(of: {
  serfRpc?: { host: string; port: number };
  providers?: readonly object[];
  demo?: boolean;
}): Promise<Panel> {
  const dataDir = folder();
  const providersFile = of.providers ? join(dataDir, 'providers.json') : null;
  if (providersFile) writeFileSync(providersFile, of.providers?.map((one) => JSON.stringify(one)).join('\n') ?? '');
  const config = loadConfig({ env: {}, file: '' });
  const panel = await createPanel(
    {
      ...{ ...config, dataDir, providersFile, communityRanges: ['127.0.0.0/8'], avahi: 'off' },
      serfRpc: of.serfRpc ?? { host: '127.0.0.1', port: 1 },
    },
    { demo: of.demo ?? false },
  );
  onTestFinished(() => panel.close());
  await panel.discovery.ready();
  return panel;
}

/** The one neighbour that offers the type. */
async function neighbour(panel: Panel, type: string): Promise<string> {
  await until(`a neighbour's ${type} is listed`, () => panel.discovery.providers(type).some(({ self }) => !self));
  return panel.discovery.providers(type).find(({ self }) => !self)?.id ?? '';
}

const ended = (panel: Panel, { id }: Job) => panel.jobs.ended(id);

describe('a Serf agent of this node', () => {
  it('joins a community that it did not know, and joining again changes nothing', async () => {
    const [own, other] = await Promise.all([startAgent({ name: 'own' }), startAgent({ name: 'other' })]);
    const announced = { s: 'serf', m: 'other.guifi.local', i: other.address, p: String(other.gossipPort) };
    const panel = await panelOf({ serfRpc: own.rpc, providers: [{ ...announced, d: 'other' }] });
    await until('the agent is connected', () => panel.discovery.sources().some(({ state }) => state === 'up'));
    const id = await neighbour(panel, 'serf');
    const members = async () => (await panel.discovery.serfClient().members()).map(({ name }) => name).sort();
    expect(await members()).toEqual(['own']);
    expect(await ended(panel, panel.connect('serf', id))).toMatchObject({
      kind: 'connect',
      state: 'done',
      provider: id,
    });
    await until('both know each other', async () => (await members()).length === 2);
    expect(await ended(panel, panel.connect('serf', id))).toMatchObject({ state: 'done' });
    expect(await members()).toEqual(['other', 'own']);
  });

  it('says that nobody answers there', async () => {
    const own = await startAgent({ name: 'own' });
    const nobody = { s: 'serf', m: 'nobody.guifi.local', i: '127.9.9.9', p: '9', d: 'nobody' };
    const panel = await panelOf({ serfRpc: own.rpc, providers: [nobody] });
    await until('the agent is connected', () => panel.discovery.sources().some(({ state }) => state === 'up'));
    const job = panel.connect('serf', await neighbour(panel, 'serf'));
    expect(await ended(panel, job)).toMatchObject({
      state: 'failed',
      error: { code: 'connect-failed', message: 'Nobody answers at 127.9.9.9:9.' },
    });
  });

  it('that is away is told', async () => {
    const panel = await panelOf({ providers: [{ s: 'serf', m: 'n.guifi.local', i: '127.9.9.9', p: '9', d: 'n' }] });
    const job = panel.connect('serf', await neighbour(panel, 'serf'));
    expect(await ended(panel, job)).toMatchObject({ state: 'failed', error: { code: 'serf-away' } });
  });
});

describe('one’s own announcement', () => {
  it('is marked, measured, but never the best nor to be connected to', async () => {
    const entry = (address: string) => [{ s: 'serf', m: 'x.guifi.local', i: address, p: '17946', d: 'door', t: '' }];
    const own = await startAgent({ name: 'own' });
    await own.cli('tags', '-set', `services=${writeTag(entry(own.address))}`);
    const panel = await panelOf({ serfRpc: own.rpc });
    await until('its own announcement is there', () => panel.discovery.providers('serf').length === 1);
    await ended(panel, panel.scan('serf'));
    const alone = await panel.type('serf');
    expect(alone.ranked).toMatchObject([{ provider: { self: true }, level: 4, recommended: false }]);
    expect(alone.best).toBeNull();
    const mine = alone.ranked[0]?.provider.id ?? '';
    expect((await panel.provider('serf', mine)).connect).toBeNull();
    expect(() => panel.connect('serf', mine)).toThrow(expect.objectContaining({ code: 'bad-request' }));

    const other = await startAgent({ name: 'other', join: own });
    await other.cli('tags', '-set', `services=${writeTag(entry(other.address))}`);
    await neighbour(panel, 'serf');
    await ended(panel, panel.scan('serf'));
    expect((await panel.type('serf')).best?.provider).toMatchObject({ node: 'other', self: false });
  });
});

interface OwnSyncthing {
  readonly url: string;
  readonly key: string;
  readonly id: string;
}

/** Syncthing as a person has it on this node: its configuration in the home folder, its REST interface on loopback. */
async function ownSyncthing(home: string): Promise<OwnSyncthing> {
  const config = join(home, '.config', 'syncthing');
  mkdirSync(config, { recursive: true });
  const env = { ...process.env, HOME: home, STNOUPGRADE: '1', STNODEFAULTFOLDER: '1', STMONITORED: 'yes' };
  execFileSync('syncthing', ['generate', `--home=${config}`], { env, stdio: 'pipe' });
  const [file, gui] = [join(config, 'config.xml'), await freePort('127.0.0.1')];
  const settings: Record<string, string> = {
    ...{ listenAddress: `tcp://127.0.0.1:${await freePort('127.0.0.1')}`, globalAnnounceEnabled: 'false' },
    ...{ localAnnounceEnabled: 'false', relaysEnabled: 'false', natEnabled: 'false', urAccepted: '-1' },
    ...{ crashReportingEnabled: 'false', autoUpgradeIntervalH: '0', stunKeepaliveStartS: '0' },
  };
  const text = Object.entries(settings).reduce(
    (text, [name, value]) => text.replace(new RegExp(`<${name}>[^<]*</${name}>`), `<${name}>${value}</${name}>`),
    readFileSync(file, 'utf8')
      .replace(/<folder id=.*?<\/folder>/gs, '')
      .replace(/<address>127\.0\.0\.1:\d+<\/address>/, `<address>127.0.0.1:${gui}</address>`),
  );
  writeFileSync(file, text);
  const child = spawn('syncthing', ['serve', `--home=${config}`, '--no-browser'], { env, stdio: 'ignore' });
  onTestFinished(async () => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  });
  const key = /<apikey>([^<]+)</.exec(text)?.[1] ?? '';
  const own = { url: `http://127.0.0.1:${gui}`, key, id: /<device id="([A-Z2-7-]{63})"/.exec(text)?.[1] ?? '' };
  await until('Syncthing answers', async () => (await devicesOf(own).catch(() => [])).length > 0, 30_000);
  return own;
}

interface Device {
  readonly deviceID: string;
  readonly name: string;
  readonly addresses: readonly string[];
}

async function devicesOf({ url, key }: OwnSyncthing): Promise<Device[]> {
  const answer = await fetch(`${url}/rest/config/devices`, { headers: { 'x-api-key': key } });
  return (await answer.json()) as Device[];
}

/** The ID of a device that does not run. */
function someId(): string {
  const home = folder();
  execFileSync('syncthing', ['generate', `--home=${home}`], { env: { ...process.env, HOME: home }, stdio: 'pipe' });
  return /<device id="([A-Z2-7-]{63})"/.exec(readFileSync(join(home, 'config.xml'), 'utf8'))?.[1] ?? '';
}

const announcing = (id: string, port: number) => ({
  ...{ s: 'syncthing', m: 'node7.guifi.local', i: '127.9.9.7', p: String(port), d: 'peer', t: `node_id=${id}` },
});

describe('the Syncthing of this node', { timeout: 60_000 }, () => {
  it('knows the device after one click; a second click changes nothing, a new address is added', async () => {
    const home = folder();
    vi.stubEnv('HOME', home);
    const [own, id] = [await ownSyncthing(home), someId()];
    const panel = await panelOf({ providers: [announcing(id, 22_000), announcing(id, 22_001)] });
    await neighbour(panel, 'syncthing');
    const at = (port: number) => panel.discovery.providers('syncthing').find((one) => one.port === port)?.id ?? '';
    const click = async (port: number) => ended(panel, panel.connect('syncthing', at(port)));
    const added = async () => (await devicesOf(own)).find(({ deviceID }) => deviceID === id);

    expect(await click(22_000)).toMatchObject({ state: 'done' });
    const first = await added();
    expect(first).toMatchObject({ addresses: ['tcp://127.9.9.7:22000'] });
    expect(await click(22_000)).toMatchObject({ state: 'done' });
    expect(await added()).toEqual(first);
    expect(await click(22_001)).toMatchObject({ state: 'done' });
    expect(await added()).toEqual({ ...first, addresses: ['tcp://127.9.9.7:22000', 'tcp://127.9.9.7:22001'] });
    expect(await devicesOf(own)).toHaveLength(2);
  });

  it('is not told to use itself', async () => {
    const home = folder();
    vi.stubEnv('HOME', home);
    const own = await ownSyncthing(home);
    const panel = await panelOf({ providers: [announcing(own.id, 22_000)] });
    const job = panel.connect('syncthing', await neighbour(panel, 'syncthing'));
    expect(await ended(panel, job)).toMatchObject({ state: 'failed', error: { code: 'connect-failed' } });
    expect((await devicesOf(own)).map(({ addresses }) => addresses)).toEqual([['dynamic']]);
  });

  it('that does not run, and one that is not there, are said', async () => {
    const home = folder();
    vi.stubEnv('HOME', home);
    const panel = await panelOf({ providers: [announcing(someId(), 22_000)] });
    const id = await neighbour(panel, 'syncthing');
    const failure = async () => (await ended(panel, panel.connect('syncthing', id))).error;
    expect(await failure()).toMatchObject({ code: 'connect-failed', message: expect.stringContaining('No Syncthing') });
    mkdirSync(join(home, '.config', 'syncthing'), { recursive: true });
    const gui = `<gui enabled="true" tls="false"><address>127.0.0.1:${await freePort('127.0.0.1')}</address><apikey>k</apikey></gui>`;
    writeFileSync(join(home, '.config', 'syncthing', 'config.xml'), gui);
    expect(await failure()).toMatchObject({ code: 'connect-failed', message: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('the demo community', () => {
  it('is never made known to the programs of this node', async () => {
    const panel = await panelOf({ demo: true });
    for (const { id, type } of panel.discovery.providers()) {
      expect((await panel.provider(type, id)).connect).toBeNull();
      expect(() => panel.connect(type, id)).toThrow(expect.objectContaining({ code: 'bad-request' }));
    }
    expect(panel.discovery.providers('syncthing').length).toBeGreaterThan(0);
  });
});
