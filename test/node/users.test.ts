/** Units that run as a user of the system are shown and left alone, as the polkit rule leaves them alone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLocalServices } from '../../plugin/node/systemd/index.js';
import { systemUsers } from '../../plugin/node/systemd/users.js';
import { registryOf, StandIn } from './stand-in.js';

const never = new AbortController().signal;
let systemctl: StandIn;
beforeEach(() => {
  systemctl = new StandIn();
});
afterEach(() => systemctl.remove());

it('the users of the system are those outside of the range of people', () => {
  const passwd =
    'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:\nanna:x:1000:1000::/home/anna:/bin/sh\nnobody:x:65534:1::/:\n\nbad';
  expect([...systemUsers(passwd)]).toEqual(['root', '0', 'www-data', '33', 'nobody', '65534']);
});

describe('a unit of a user of the system', () => {
  const services = () => createLocalServices(registryOf({ sync: ['syncthing@.service'] }), { limits: { pause: 5 } });

  it.each(['www-data', '33', 'nobody'])('%s is shown, and not acted on', async (user) => {
    const unit = `syncthing@${user}.service`;
    systemctl.unit(unit, 'inactive');
    const local = services();
    const own = { unit, state: 'stopped', enabled: false, foreign: true };
    expect((await local.states()).get('sync')).toEqual({ ...own, units: [own] });
    for (const wanted of [unit, undefined])
      await expect(local.act('sync', 'start', never, wanted)).rejects.toMatchObject({ code: 'unit-refused' });
    expect(systemctl.calls().every((call) => call[2] === 'show')).toBe(true);
  });

  it('does not stand in the way of a person’s', async () => {
    systemctl.unit('syncthing@anna.service', 'inactive');
    systemctl.turns('start', 'syncthing@anna.service', 'running');
    systemctl.unit('syncthing@_apt.service', 'inactive', { UnitFileState: 'enabled' });
    const local = services();
    expect((await local.act('sync', 'start', never)).unit).toBe('syncthing@anna.service');
  });

  it('is none where the instance is no user', async () => {
    const registry = registryOf({ tinc: ['tinc@.service'] });
    const types = registry.types.map((type) => ({
      ...type,
      local: { units: [{ unit: 'tinc@.service', instance: 'name' as const, package: null }] },
    }));
    systemctl.unit('tinc@nobody.service', 'inactive');
    const states = await createLocalServices({ ...registry, types }).states();
    expect(states.get('tinc')?.units).toEqual([{ unit: 'tinc@nobody.service', state: 'stopped', enabled: false }]);
  });
});
