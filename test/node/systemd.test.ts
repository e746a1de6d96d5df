/** Which units may be acted on, and the helper units. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS, Systemd } from '../../plugin/node/systemd/control.js';
import { helperUnit } from '../../plugin/node/systemd/helpers.js';
import { isLinked } from '../../plugin/node/systemd/units.js';
import { StandIn } from './stand-in.js';

const never = new AbortController().signal;
let systemctl: StandIn;
beforeEach(() => {
  systemctl = new StandIn();
});
afterEach(() => systemctl.remove());

const systemd = () => new Systemd(['named.service', 'syncthing@.service'], { ...LIMITS, pause: 5 });

describe('which units may be acted on', () => {
  it.each([
    '--root=/',
    'a;b',
    '../x',
    'ssh.service',
    'named',
    'named.service ',
    'named.service\nssh.service',
    'syncthing@.service',
    'syncthing@../x.service',
    'syncthing@a b.service',
    'syncthing@*.service',
    'syncthing@$(id).service',
    'syncthing@a.timer',
    'syncthing@root.service',
    'syncthing@0.service',
    'syncthing@a@b.service',
    'syncthing@anna\\x2db.service',
    `syncthing@${'a'.repeat(250)}.service`,
    'xsyncthing@a.service',
    '',
  ])('excludes %j, without calling systemctl', async (unit) => {
    await expect(systemd().act(unit, 'start', never)).rejects.toMatchObject({ code: 'unit-refused' });
    expect(systemctl.calls()).toEqual([]);
  });

  it.each(['named.service', 'syncthing@anna.service', 'syncthing@anna-b.service'])('includes %s', async (unit) => {
    systemctl.unit(unit, 'inactive');
    systemctl.turns('stop', unit, 'stopped');
    await systemd().act(unit, 'stop', never);
    expect(systemctl.calls()[0]).toEqual(['--no-ask-password', '--no-pager', 'stop', '--', unit]);
  });

  it('excludes instance names that systemctl should not have printed', async () => {
    systemctl.reads(
      "printf 'Id=syncthing@$(id).service\\nActiveState=active\\n\\nId=--root=/\\nActiveState=active\\n'; exit 0",
    );
    const control = systemd();
    const units = await control.read();
    expect(control.matching(units, 'syncthing@.service')).toEqual([]);
    await control.read();
    expect(systemctl.calls()[1]).toEqual(systemctl.calls()[0]);
  });
});

describe('the helper unit', () => {
  it.each([
    ['tahoe-lafs.service', 'cloudy-services-enable@tahoe\\x2dlafs.service.service'],
    ['tinc@my-net.service', 'cloudy-services-enable@tinc\\x40my\\x2dnet.service.service'],
    ['syncthing@a\\x2db.service', 'cloudy-services-enable@syncthing\\x40a\\x5cx2db.service.service'],
    ['.x.service', 'cloudy-services-enable@\\x2ex.service.service'],
  ])('of %s is named as systemd-escape does: %s', (unit, helper) => {
    expect(helperUnit('enable', unit)).toBe(helper);
  });
});

describe('an init script', () => {
  it('starts at boot where its run level links to it', () => {
    const links = ['README', 'S01bind9', 'K01squid3', 'S02tahoe-lafs'];
    const units = ['bind9.service', 'squid3.service', 'tahoe-lafs.service', 'bind.service'];
    expect(units.map((unit) => isLinked(unit, links))).toEqual([true, false, true, false]);
  });
});
