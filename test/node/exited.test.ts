/** Units whose word alone does not tell what serves: umbrellas, scripts whose program died, units that are gone. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { LocalService, LocalState } from '../../plugin/model/unit.js';
import { AnnouncementMonitor, type MonitorDeps } from '../../plugin/node/announce/monitor.js';
import type { Publication } from '../../plugin/node/announce/publications.js';
import type { Publisher } from '../../plugin/node/announce/publisher.js';
import type { Listening } from '../../plugin/node/ports.js';
import { ABSENT, createLocalServices, type LocalServices } from '../../plugin/node/systemd/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { registryOf, StandIn } from './stand-in.js';

const never = new AbortController().signal;
const EXITED = { SubState: 'exited', UnitFileState: 'enabled' };

let systemctl: StandIn;
beforeEach(() => {
  systemctl = new StandIn();
});
afterEach(() => systemctl.remove());

const local = (registry = registryOf(UNITS)) => createLocalServices(registry, { limits: { pause: 5, settle: 200 } });
const UNITS = {
  // Debian's umbrellas, each with its template, in either order; an init script; a plain unit.
  tinc: ['tinc@.service', 'tinc.service'],
  openvpn: ['openvpn.service', 'openvpn@.service'],
  postgresql: ['postgresql.service', 'postgresql@.service'],
  bind: ['bind9.service'],
  squid: ['squid.service'],
};
const stateOf = async (type: string) => (await local().states()).get(type);

describe.each([
  ['tinc', 'tinc.service', 'tinc@vpn.service', 'tinc@two.service'],
  ['openvpn', 'openvpn.service', 'openvpn@vpn.service', 'openvpn@two.service'],
  ['postgresql', 'postgresql.service', 'postgresql@15-main.service', 'postgresql@16-main.service'],
])('the umbrella of %s', (type, umbrella, first, second) => {
  it('is stopped where it covers nothing', async () => {
    systemctl.unit(umbrella, 'active', EXITED);
    expect(await stateOf(type)).toMatchObject({ unit: umbrella, state: 'stopped', enabled: true });
  });

  it.each<[LocalState, string, string]>([
    ['failed', 'failed', 'failed'],
    ['failed', 'activating', 'auto-restart'],
    ['stopped', 'inactive', 'dead'],
    ['starting', 'activating', 'start'],
    ['running', 'active', 'running'],
  ])('does not hide that its only instance is %s', async (state, active, sub) => {
    systemctl.unit(umbrella, 'active', EXITED);
    systemctl.unit(first, active, { SubState: sub, UnitFileState: 'enabled' });
    const found = await stateOf(type);
    expect(found).toMatchObject({ unit: first, state });
    expect(found?.units.find(({ unit }) => unit === umbrella)).toMatchObject({ state });
  });

  it('runs as long as one instance does', async () => {
    systemctl.unit(umbrella, 'active', EXITED);
    systemctl.unit(first, 'failed');
    systemctl.unit(second, 'active', { SubState: 'running' });
    const found = await stateOf(type);
    expect(found).toMatchObject({ unit: second, state: 'running' });
    expect(found?.units.find(({ unit }) => unit === umbrella)).toMatchObject({ state: 'running' });
  });

  it('is not taken for the service itself where it is down', async () => {
    systemctl.unit(umbrella, 'inactive', { UnitFileState: 'enabled' });
    systemctl.unit(first, 'active', { SubState: 'running' });
    expect(await stateOf(type)).toMatchObject({ unit: first, state: 'running' });
  });
});

describe('an init script', () => {
  it('whose program has died is stopped, and started by way of a stop', async () => {
    systemctl.unit('bind9.service', 'active', { ...EXITED, UnitFileState: 'generated' });
    const services = local();
    expect((await services.states()).get('bind')?.state).toBe('stopped');
    const edit = (sub: string) => `sed -i 's/^SubState=.*/SubState=${sub}/' "$here/units/bind9.service"`;
    systemctl.on('stop', 'bind9.service', edit('dead'));
    systemctl.on('start', 'bind9.service', edit('running'));
    expect((await services.act('bind', 'start', never)).state).toBe('running');
    const acts = systemctl.calls().filter((call) => call[2] !== 'show');
    expect(acts.map((call) => call[2])).toEqual(['stop', 'start']);
  });

  it('that leaves no program running has not been started', async () => {
    systemctl.unit('bind9.service', 'active', EXITED);
    for (const verb of ['stop', 'start'] as const) systemctl.on(verb, 'bind9.service', '');
    const failing = local().act('bind', 'start', never);
    await expect(failing).rejects.toMatchObject({
      code: 'unit-failed',
      message: expect.stringContaining('no program'),
    });
  });

  it('runs where its program has left the unit and listens all the same', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    systemctl.unit('bind9.service', 'active', EXITED);
    const registry = registryOf(UNITS);
    const { port } = server.address() as AddressInfo;
    const types = registry.types.map((type) => ({ ...type, defaultPort: type.id === 'bind' ? port : 9 }));
    const services = local({ ...registry, types });
    expect((await services.states()).get('bind')?.state).toBe('running');
    systemctl.unit('squid.service', 'active', EXITED);
    expect((await local({ ...registry, types }).states()).get('squid')?.state).toBe('stopped');
  });
});

describe('a unit that is gone', () => {
  it.each<[string, string, string, LocalState]>([
    ['not-found', 'inactive', 'dead', 'absent'],
    ['not-found', 'failed', 'failed', 'absent'],
    ['not-found', 'active', 'exited', 'absent'],
    ['not-found', 'activating', 'auto-restart', 'absent'],
    ['not-found', 'active', 'running', 'running'],
    ['not-found', 'deactivating', 'stop-sigterm', 'stopping'],
    ['masked', 'inactive', 'dead', 'absent'],
    ['masked', 'failed', 'failed', 'absent'],
    ['masked', 'active', 'running', 'running'],
    ['loaded', 'failed', 'failed', 'failed'],
  ])('%s, %s (%s) is %s', async (load, active, sub, state) => {
    systemctl.unit('squid.service', active, { LoadState: load, SubState: sub });
    expect((await stateOf('squid'))?.state).toBe(state);
  });

  it('leaves the place to the next candidate, also an instance', async () => {
    systemctl.unit('tinc@old.service', 'failed', { LoadState: 'not-found', SubState: 'failed' });
    systemctl.unit('tinc@new.service', 'inactive', { SubState: 'dead' });
    expect(await stateOf('tinc')).toMatchObject({ unit: 'tinc@new.service', units: [{ unit: 'tinc@new.service' }] });
  });
});

it('of several that are down, the one that starts at boot stands for the type', async () => {
  const registry = registryOf({ dns: ['named.service', 'unbound.service'] });
  systemctl.unit('named.service', 'inactive');
  systemctl.unit('unbound.service', 'failed', { UnitFileState: 'enabled' });
  expect((await local(registry).states()).get('dns')).toMatchObject({ unit: 'unbound.service', state: 'failed' });
});

describe('the announcement of a dead network', () => {
  const entry = { s: 'tincvpn', d: '', m: 'm', i: '10.1.2.3', p: '655', e: '', t: '' };
  const publication: Publication = { entry, unit: 'tinc@vpn.service', untold: true, at: 0, withdrawn: null };

  /** Why it was withdrawn after three checks in half an hour. */
  async function judged(service: LocalService, port: Listening | null): Promise<string | null> {
    let [clock, why]: [number, string | null] = [0, null];
    const publisher = {
      all: () => new Map([['tincvpn', publication]]),
      reconcile: async () => ({ lost: [], raced: [], removed: [] }),
      withdraw: async (_: string, reason: string) => {
        why = reason;
        return true;
      },
    } as unknown as Publisher;
    const states = new Map([['tincvpn', service]]);
    const services = { states: async () => states, problem: async () => null } as unknown as LocalServices;
    const deps: MonitorDeps = {
      ...{ publisher, local: services, services: await loadServices(), listening: async () => port },
      discovery: { onChange: () => () => {}, agent: () => undefined, ownTag: () => null } as never,
      events: { add: () => 1 } as never,
      now: () => clock,
    };
    const monitor = new AnnouncementMonitor(deps);
    for (const minutes of [0, 15, 30]) {
      clock = minutes * 60_000;
      await monitor.check();
    }
    await monitor.close();
    return why;
  }
  const umbrella = (state: LocalState): LocalService => ({ ...ABSENT, unit: 'tinc.service', state, exited: true });

  it.each([
    ['failed under its umbrella', umbrella('failed'), 'closed', 'not-running'],
    ['stopped under its umbrella', umbrella('stopped'), 'closed', 'not-running'],
    ['gone with its package', ABSENT, 'closed', 'not-running'],
    ['run by a program of its own behind the unit', umbrella('stopped'), 'open', null],
    ['failed itself', { ...ABSENT, unit: 'tinc@vpn.service', state: 'failed' as const }, 'open', 'not-running'],
  ] as const)('that is %s', async (_, service, port, why) => {
    expect(await judged(service, port)).toBe(why);
  });
});
