import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITS, Systemd } from '../../plugin/node/systemd.js';
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
    `syncthing@${'a'.repeat(250)}.service`,
    'xsyncthing@a.service',
    '',
  ])('refuses %j without calling systemctl', async (unit) => {
    await expect(systemd().act(unit, 'start', never)).rejects.toMatchObject({ code: 'unit-refused' });
    expect(systemctl.calls()).toEqual([]);
  });

  it.each(['named.service', 'syncthing@anna.service', 'syncthing@anna\\x2db.service'])('passes %s on', async (unit) => {
    systemctl.unit(unit, 'inactive');
    systemctl.turns('stop', unit, 'stopped');
    await systemd().act(unit, 'stop', never);
    expect(systemctl.calls()[0]).toEqual(['--no-ask-password', '--no-pager', 'stop', '--', unit]);
  });

  it('forgets names of instances that systemctl should not have printed', async () => {
    systemctl.reads(
      "printf 'Id=syncthing@$(id).service\\nActiveState=active\\n\\nId=--root=/\\nActiveState=active\\n'; exit 0",
    );
    const one = systemd();
    const units = await one.read();
    expect(one.named(units, 'syncthing@.service')).toEqual([]);
    await one.read();
    expect(systemctl.calls()[1]).toEqual(systemctl.calls()[0]);
  });
});
