/** Units as systemctl shows them, and actions on them, through a stand-in for systemctl. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PanelError } from '../../plugin/model/errors.js';
import type { OwnUnit } from '../../plugin/model/unit.js';
import { ABSENT, createLocalServices, type LocalOptions } from '../../plugin/node/systemd/index.js';
import { stopwatch } from '../stopwatch.js';
import { registryOf, StandIn } from './stand-in.js';

const UNITS = {
  dnsservice: ['named.service', 'unbound.service'],
  syncthing: ['syncthing@.service'],
  proxy3: ['squid.service'],
  owp: [],
};
const never = new AbortController().signal;
const QUICK = { pause: 5 };

let systemctl: StandIn;
beforeEach(() => {
  systemctl = new StandIn();
});
afterEach(() => systemctl.remove());

const services = (options: LocalOptions = {}) =>
  createLocalServices(registryOf(UNITS), { ...options, limits: { ...QUICK, ...options.limits } });
/** What a type has here when this unit is all there is. */
const single = (unit: OwnUnit) => ({ ...unit, units: [unit] });
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it was expected to fail');
    },
    (error: PanelError) => error,
  );

describe('states', () => {
  it('reads all candidates and all instances of templates with one call', async () => {
    systemctl.unit('named.service', 'active', { UnitFileState: 'enabled' });
    systemctl.unit('syncthing@anna.service', 'inactive');
    const states = await services().states();
    expect(Object.fromEntries(states)).toEqual({
      dnsservice: single({ unit: 'named.service', state: 'running', enabled: true }),
      syncthing: single({ unit: 'syncthing@anna.service', state: 'stopped', enabled: false }),
      proxy3: ABSENT,
      owp: ABSENT,
    });
    const properties = '--property=Id,Names,LoadState,ActiveState,SubState,UnitFileState,Job';
    const names = ['named.service', 'unbound.service', 'syncthing@*.service', 'squid.service'];
    expect(systemctl.calls()).toEqual([
      ['--no-ask-password', '--no-pager', 'show', '--all', properties, '--', ...names],
    ]);
  });

  it.each([
    ['active', {}, 'running'],
    ['reloading', {}, 'running'],
    ['inactive', {}, 'stopped'],
    ['inactive', { Job: '1234' }, 'starting'],
    ['activating', { SubState: 'start-pre' }, 'starting'],
    ['activating', { SubState: 'auto-restart' }, 'failed'],
    ['deactivating', {}, 'stopping'],
    ['failed', {}, 'failed'],
    ['inactive', { LoadState: 'not-found' }, 'absent'],
    ['inactive', { LoadState: 'masked' }, 'absent'],
    ['no-such-word', {}, 'absent'],
  ])('calls a unit that is %s with %o "%s"', async (active, more, state) => {
    systemctl.unit('squid.service', active, more);
    expect((await services().states()).get('proxy3')?.state).toBe(state);
  });

  it('chooses the running candidate for the type, else the first that exists', async () => {
    let clock = 0;
    const local = services({ now: () => clock });
    systemctl.unit('named.service', 'inactive');
    systemctl.unit('unbound.service', 'active');
    expect((await local.states()).get('dnsservice')?.unit).toBe('unbound.service');
    systemctl.unit('unbound.service', 'failed');
    clock += 3000;
    expect((await local.states()).get('dnsservice')?.unit).toBe('named.service');
  });

  it('finds a candidate by its alias', async () => {
    systemctl.unit('named.service', 'active', { Id: 'bind9.service', Names: 'bind9.service named.service' });
    expect((await services().states()).get('dnsservice')).toMatchObject({ unit: 'named.service', state: 'running' });
  });

  it('serves concurrent callers, and those within two seconds, with one systemctl', async () => {
    let clock = 0;
    const local = services({ now: () => clock });
    await Promise.all([local.states(), local.states(), local.problem()]);
    clock += 1999;
    await local.states();
    expect(systemctl.calls()).toHaveLength(1);
    clock += 1;
    await local.states();
    expect(systemctl.calls()).toHaveLength(2);
  });

  it('treats garbage as a machine without the units', async () => {
    systemctl.reads("printf 'hello\\n\\n=x\\nId=\\nActiveState=active\\n\\n\\0\\377Id'; exit 0");
    const local = services();
    expect([...(await local.states()).values()].map(({ state }) => state)).toEqual(Array(4).fill('absent'));
    expect(await local.problem()).toBeNull();
  });

  it('answers with the previous reading while systemctl hangs, then reports it', async () => {
    let clock = 0;
    const local = services({ now: () => clock, limits: { read: 800, page: 100 } });
    systemctl.unit('squid.service', 'active');
    await local.states();
    clock += 3000;
    systemctl.reads('exec sleep 30');
    const elapsed = stopwatch();
    expect((await local.states()).get('proxy3')?.state).toBe('running');
    expect(elapsed()).toBeLessThan(700);
    await expect
      .poll(() => local.problem())
      .toMatchObject({ code: 'systemd-silent', message: expect.stringContaining('within 0.8 s') });
    expect((await local.states()).get('proxy3')?.state).toBe('unknown');
  });
});

describe('a machine without systemd', () => {
  it.each([
    [
      'is not booted with it',
      'echo "System has not been booted with systemd as init system (PID 1). Can\'t operate." >&2',
    ],
    ['has no bus', "echo 'Failed to connect to bus: No such file or directory' >&2"],
  ])('is reported when systemctl %s', async (_, script) => {
    systemctl.reads(`${script}; exit 1`);
    const local = services();
    expect(await local.problem()).toMatchObject({ code: 'no-systemd', hint: expect.stringContaining('systemd') });
    expect([...(await local.states()).values()].map(({ state }) => state)).toEqual(Array(4).fill('absent'));
    expect(await failure(local.act('proxy3', 'start', never))).toMatchObject({ code: 'no-systemd' });
  });

  it('is reported where there is no systemctl', async () => {
    process.env.PATH = '/nonexistent';
    expect(await services().problem()).toMatchObject({
      code: 'no-systemd',
      message: expect.stringContaining('no systemctl'),
    });
  });
});

describe('start and stop', () => {
  it('waits for the job, reads back and keeps the new state', async () => {
    systemctl.unit('squid.service', 'inactive', { UnitFileState: 'enabled' });
    systemctl.turns('start', 'squid.service', 'running');
    const local = services();
    expect(await local.act('proxy3', 'start', never)).toEqual(
      single({ unit: 'squid.service', state: 'running', enabled: true }),
    );
    const calls = systemctl.calls().length;
    expect((await local.states()).get('proxy3')?.state).toBe('running');
    expect(systemctl.calls()).toHaveLength(calls);
    expect(systemctl.calls()[1]).toEqual(['--no-ask-password', '--no-pager', 'start', '--', 'squid.service']);
  });

  it('shows a unit as stopping or starting during the action, whatever was read before', async () => {
    systemctl.unit('unbound.service', 'active');
    const local = services({ now: () => 0 });
    const state = async () => (await local.states()).get('dnsservice')?.units;
    const unit = { unit: 'unbound.service', enabled: false };
    for (const [verb, turning, ends, ended] of [
      ['stop', 'stopping', 'stopped', 'stopped'],
      ['start', 'starting', 'running', 'running'],
    ] as const) {
      systemctl.turns(verb, 'unbound.service', ends);
      await local.states();
      const acting = local.act('dnsservice', verb, never);
      await Promise.resolve();
      await Promise.resolve();
      expect(await state()).toEqual([{ ...unit, state: turning }]);
      await acting;
      expect(await state()).toEqual([{ ...unit, state: ended }]);
    }
  });

  it('show in a reading that began before their end and finished after it', async () => {
    let clock = 0;
    const local = services({ now: () => clock, limits: { page: 30_000 } });
    systemctl.unit('squid.service', 'active');
    await local.states();
    // One reading sees the unit as it was, and answers later; the action waits for that reading to begin.
    systemctl.reads(
      `if mkdir "$here/held"; then cp "$here/units/squid.service" "$here/old"; touch "$here/seen"
       until [ -f "$here/go" ]; do sleep 0.02; done; cat "$here/old"; exit; fi 2>/dev/null`,
    );
    const turn = `sed -i 's/^ActiveState=.*/ActiveState=inactive/' "$here/units/squid.service"`;
    systemctl.on('stop', 'squid.service', `until [ -f "$here/seen" ]; do sleep 0.02; done; ${turn}`);
    const acting = local.act('proxy3', 'stop', never);
    await expect.poll(() => systemctl.calls().some((words) => words.includes('stop'))).toBe(true);
    clock = 3000;
    const reading = local.states();
    await acting;
    systemctl.release('go');
    expect((await reading).get('proxy3')?.state).toBe('stopped');
  });

  it('reads on until a slow unit has settled', async () => {
    systemctl.unit('squid.service', 'active');
    systemctl.on('stop', 'squid.service', '');
    for (let i = 0; i < 4; i += 1) systemctl.later('squid.service', 'deactivating');
    systemctl.later('squid.service', 'inactive');
    expect((await services().act('proxy3', 'stop', never)).state).toBe('stopped');
  });

  it('reports the state as it is where the unit never settles', async () => {
    systemctl.unit('squid.service', 'active');
    systemctl.turns('stop', 'squid.service', 'stopping');
    expect((await services({ limits: { settle: 100 } }).act('proxy3', 'stop', never)).state).toBe('stopping');
  });

  it('can start an instance again that systemd forgot when it was stopped', async () => {
    systemctl.unit('syncthing@anna.service', 'active');
    systemctl.turns('stop', 'syncthing@anna.service', 'stopped');
    systemctl.turns('start', 'syncthing@anna.service', 'running');
    const local = services();
    expect((await local.act('syncthing', 'stop', never)).state).toBe('stopped');
    expect(systemctl.calls().at(-1)?.at(-1)).toBe('syncthing@anna.service');
    expect((await local.act('syncthing', 'start', never)).state).toBe('running');
  });

  it('reports a failed job with the commands that show why', async () => {
    systemctl.unit('squid.service', 'inactive');
    const stderr = 'Job for squid.service failed because the control process exited with error code.';
    systemctl.on('start', 'squid.service', `echo '${stderr}' >&2; exit 1`);
    const error = await failure(services().act('proxy3', 'start', never));
    expect(error).toMatchObject({ code: 'unit-failed', message: expect.stringContaining('control process') });
    expect(error.hint).toContain('systemctl status squid.service');
    expect(error.hint).toContain('journalctl -u squid.service');
  });

  it('counts a start as failed where the program dies a moment after its job', async () => {
    systemctl.unit('squid.service', 'inactive');
    systemctl.turns('start', 'squid.service', 'running');
    systemctl.later('squid.service', 'inactive');
    systemctl.later('squid.service', 'failed');
    const local = services();
    expect(await failure(local.act('proxy3', 'start', never))).toMatchObject({ code: 'unit-failed' });
    expect((await local.states()).get('proxy3')?.state).toBe('failed');
  });

  it.each(['Interactive authentication required.', 'Access denied'])(
    'reports a missing permission: %s',
    async (stderr) => {
      systemctl.unit('squid.service', 'active');
      systemctl.on('stop', 'squid.service', `echo 'Failed to stop squid.service: ${stderr}' >&2; exit 4`);
      const error = await failure(services().act('proxy3', 'stop', never));
      expect(error).toMatchObject({ code: 'unit-not-permitted', hint: expect.stringContaining('polkit') });
    },
  );

  it('reports a unit that disappeared meanwhile', async () => {
    systemctl.unit('squid.service', 'active');
    systemctl.on(
      'stop',
      'squid.service',
      "echo 'Failed to stop squid.service: Unit squid.service not loaded.' >&2; exit 5",
    );
    expect(await failure(services().act('proxy3', 'stop', never))).toMatchObject({ code: 'unit-absent' });
  });

  it('gives up on an action that never ends', async () => {
    systemctl.unit('squid.service', 'inactive');
    systemctl.on('start', 'squid.service', 'exec sleep 30');
    const error = await failure(services({ limits: { act: 150 } }).act('proxy3', 'start', never));
    expect(error).toMatchObject({ code: 'unit-failed', message: expect.stringContaining('within 0.15 s') });
  });

  it('stops waiting when it is cancelled', async () => {
    systemctl.unit('squid.service', 'inactive');
    systemctl.on('start', 'squid.service', 'exec sleep 30');
    const abort = new AbortController();
    const acting = failure(services().act('proxy3', 'start', abort.signal));
    await expect.poll(() => systemctl.calls().length).toBe(2);
    abort.abort();
    expect((await acting).name).toBe('AbortError');
  });

  it.each(['proxy3', 'no-such-type', '--root=/', 'squid.service', 'a;b', '../x'])(
    'acts on nothing when the type %s has no unit here',
    async (type) => {
      expect(await failure(services().act(type, 'start', never))).toMatchObject({ code: 'unit-absent' });
      expect(systemctl.calls().filter((call) => call[2] !== 'show')).toEqual([]);
    },
  );

  it('names the package that would bring the unit', async () => {
    expect((await failure(services().act('proxy3', 'start', never))).hint).toContain('proxy3-package');
  });
});

describe('starting at boot', () => {
  const HELPER = 'cloudy-services-enable@squid.service.service';

  it.each([
    ['squid.service', 'proxy3', 'cloudy-services-%@squid.service.service'],
    ['syncthing@anna.service', 'syncthing', 'cloudy-services-%@syncthing\\x40anna.service.service'],
  ])('is switched for %s by the helper unit, which starts and stops nothing', async (unit, type, helper) => {
    systemctl.unit(unit, 'inactive');
    systemctl.helps('enable', unit, helper.replace('%', 'enable'));
    systemctl.helps('disable', unit, helper.replace('%', 'disable'));
    const local = services();
    expect(await local.act(type, 'enable', never)).toMatchObject({ unit, state: 'stopped', enabled: true });
    expect(await local.act(type, 'disable', never)).toMatchObject({ unit, state: 'stopped', enabled: false });
    const acts = systemctl.calls().filter((call) => call[2] !== 'show');
    expect(acts.map((call) => call.slice(2))).toEqual([
      ['start', '--', helper.replace('%', 'enable')],
      ['start', '--', helper.replace('%', 'disable')],
    ]);
  });

  it.each([
    `Failed to start ${HELPER}: Unit ${HELPER} not found.`,
    `Failed to start ${HELPER}: Interactive authentication required.`,
  ])('comes with a command to run by hand where the helper is missing or not allowed: %s', async (stderr) => {
    systemctl.unit('squid.service', 'inactive');
    systemctl.on('start', HELPER, `echo '${stderr}' >&2; exit 5`);
    const error = await failure(services().act('proxy3', 'enable', never));
    expect(error).toMatchObject({ code: 'unit-not-permitted', hint: 'Run: sudo systemctl enable squid.service' });
  });

  it('is a failure where systemd does not accept it', async () => {
    systemctl.unit('squid.service', 'inactive');
    systemctl.on('start', HELPER, '');
    expect(await failure(services().act('proxy3', 'enable', never))).toMatchObject({ code: 'unit-failed' });
  });
});

describe('several units of one type', () => {
  it('are listed each with its own state, an alias once', async () => {
    systemctl.unit('syncthing@anna.service', 'active', { UnitFileState: 'enabled' });
    systemctl.unit('syncthing@biel.service', 'failed');
    systemctl.unit('named.service', 'inactive', { Id: 'named.service', Names: 'named.service unbound.service' });
    const states = await services().states();
    expect(states.get('syncthing')?.units).toEqual([
      { unit: 'syncthing@anna.service', state: 'running', enabled: true },
      { unit: 'syncthing@biel.service', state: 'failed', enabled: false },
    ]);
    expect(states.get('dnsservice')?.units).toEqual([{ unit: 'named.service', state: 'stopped', enabled: false }]);
  });

  it('are acted on one by one', async () => {
    systemctl.unit('syncthing@anna.service', 'active');
    systemctl.unit('syncthing@biel.service', 'inactive');
    systemctl.turns('start', 'syncthing@biel.service', 'running');
    const local = await services().act('syncthing', 'start', never, 'syncthing@biel.service');
    expect(local.units.map(({ state }) => state)).toEqual(['running', 'running']);
  });

  it.each(['ssh.service', 'squid.service', 'syncthing@clara.service', '--root=/'])(
    'are the only ones that are acted on: not %s',
    async (unit) => {
      systemctl.unit('syncthing@anna.service', 'active');
      systemctl.unit('squid.service', 'active');
      const error = await failure(services().act('syncthing', 'stop', never, unit));
      expect(error).toMatchObject({ code: 'unit-refused' });
      expect(systemctl.calls().filter((call) => call[2] !== 'show')).toEqual([]);
    },
  );
});
