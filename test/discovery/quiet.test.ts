/** A Serf agent that nobody has named is not missed where the node hears its neighbours by another way. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Config } from '../../plugin/config/index.js';
import type { SourceState, SourceType } from '../../plugin/discovery/source.js';
import { wantsDemo } from '../../plugin/panel/open.js';
import { createDiscovery } from './create.js';

/** Port 1 of this machine: nothing listens there. */
const NOBODY = { host: '127.0.0.1', port: 1 };
const ASSUMED = { ...NOBODY, isAssumed: true } as const;

async function states(config: Partial<Config>) {
  const discovery = createDiscovery({ config: { avahi: 'off', ...config } });
  onTestFinished(() => discovery.close());
  await discovery.ready();
  return discovery.sources().map(({ name, state, error, isSet = false }) => [name, state, error?.code, isSet]);
}

function ownList(): string {
  const folder = mkdtempSync(join(tmpdir(), 'quiet-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'providers'), '');
  return join(folder, 'providers');
}

it('is off beside another source, without an error', async () => {
  expect(await states({ serfRpc: ASSUMED, providersFile: ownList() })).toEqual([
    ['serf', 'off', undefined, false],
    ['list', 'up', undefined, true],
  ]);
});

it('is off also while the other source is away: that one is the trouble', async () => {
  expect(await states({ serfRpc: ASSUMED, arednNode: '127.0.0.1:1' })).toEqual([
    ['serf', 'off', undefined, false],
    ['aredn', 'away', 'aredn-away', true],
  ]);
});

it('is missed where it is named, and where nothing else is set', async () => {
  expect(await states({ serfRpc: NOBODY, providersFile: ownList() })).toMatchObject([
    ['serf', 'away', 'serf-away', true],
    ['list', 'up', undefined, true],
  ]);
  expect(await states({ serfRpc: ASSUMED })).toEqual([['serf', 'away', 'serf-away', false]]);
});

/** A source of which nothing but its state is of interest. */
const source = (id: string, isSet: boolean, state: () => SourceState, lastUp: number | null = null): SourceType => ({
  ...{ id, title: { ca: id, es: id, en: id, de: id }, order: 1, trust: 'anyone', isSet: () => isSet },
  open: () => ({
    status: () => ({ state: state(), lastUp, read: 0, skipped: {} }),
    sightings: () => [],
    onChange: () => () => {},
    ready: async () => {},
    close: async () => {},
  }),
});

it('is missed once it has answered, and where the other source finds nothing to read', () => {
  const of = (...sources: SourceType[]) =>
    createDiscovery({ config: {}, sources })
      .sources()
      .map(({ state }) => state);
  const tried = source('tried', false, () => 'away');
  const answered = source('tried', false, () => 'away', 1);
  const set = (state: SourceState) => source('set', true, () => state);
  expect(of(tried, set('up'))).toEqual(['off', 'up']);
  expect(of(answered, set('up'))).toEqual(['away', 'up']);
  expect(of(tried, set('off'))).toEqual(['away', 'off']);
  expect(
    of(
      tried,
      source('other', false, () => 'up'),
    ),
  ).toEqual(['away', 'up']);
});

it('is no reason for the demo beside another source', async () => {
  const { config } = { config: { serfRpc: ASSUMED, demo: 'auto', avahi: 'auto', providersFile: null } as const };
  const base = { arednNode: null, olsrServicesFile: 'off', olsrHostsFile: 'off', olsrUrl: null, ...config };
  const wants = (more: Partial<Config>) => wantsDemo({ ...base, ...more } as Config);
  expect(await wants({})).toBe(true);
  const set: Partial<Config>[] = [
    { arednNode: 'auto' },
    { olsrUrl: 'http://10.1.2.3/services' },
    { olsrServicesFile: ownList() },
    { providersFile: ownList() },
    { avahi: 'on' },
  ];
  for (const more of set) expect([more, await wants(more)]).toEqual([more, false]);
});
