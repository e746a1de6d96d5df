/** The polkit rule that the package is built with, run as polkitd runs it. */
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import { helperUnit } from '../../plugin/node/helpers.js';
import { polkitRule } from '../../plugin/node/polkit.js';
import { isOf } from '../../plugin/node/units.js';
import { loadServices } from '../../plugin/services/index.js';

interface Request {
  readonly unit: string;
  readonly verb: string;
  readonly user?: string;
  readonly id?: string;
}

const MANAGE = 'org.freedesktop.systemd1.manage-units';

/** What polkitd offers a rule: https://polkit.pages.freedesktop.org/polkit/polkit.8.html */
function judge(rule: string): (request: Request) => string {
  let found: ((action: object, subject: object) => string | undefined) | undefined;
  runInNewContext(rule, { polkit: { Result: { YES: 'yes' }, addRule: (one: typeof found) => (found = one) } });
  return ({ unit, verb, user = 'cloudy-services', id = MANAGE }) => {
    const details: Record<string, string> = { unit, verb };
    return found?.({ id, lookup: (name: string) => details[name] }, { user }) ?? 'not ours';
  };
}

let units: readonly string[];
let allowed: (request: Request) => string;

beforeAll(async () => {
  units = (await loadServices()).types.flatMap((type) => type.units.map(({ unit }) => unit));
  allowed = judge(polkitRule(units));
});

describe('the polkit rule', () => {
  it('allows to start and stop every unit that a service type names, and to enable and disable it by the helpers', () => {
    for (const unit of units.map((one) => one.replace('@.', '@my-net.'))) {
      expect([unit, allowed({ unit, verb: 'start' })]).toEqual([unit, 'yes']);
      expect([unit, allowed({ unit, verb: 'stop' })]).toEqual([unit, 'yes']);
      expect([unit, allowed({ unit: helperUnit('enable', unit), verb: 'start' })]).toEqual([unit, 'yes']);
      expect([unit, allowed({ unit: helperUnit('disable', unit), verb: 'start' })]).toEqual([unit, 'yes']);
    }
  });

  it.each([
    ['another unit', { unit: 'dbus.service', verb: 'stop' }],
    ['another verb', { unit: 'unbound.service', verb: 'restart' }],
    ['another user', { unit: 'unbound.service', verb: 'start', user: 'www-data' }],
    ['another action', { unit: 'unbound.service', verb: 'start', id: 'org.freedesktop.systemd1.manage-unit-files' }],
    ['a name that only begins like one of ours', { unit: 'unbound.service.d.service', verb: 'start' }],
    ['a name with another character for the dot', { unit: 'unboundxservice', verb: 'start' }],
    ['the template itself', { unit: 'syncthing@.service', verb: 'start' }],
    ['an instance that would run as root', { unit: 'syncthing@root.service', verb: 'start' }],
    ['root by number', { unit: 'syncthing@0.service', verb: 'start' }],
    ['an instance that climbs', { unit: 'syncthing@../x.service', verb: 'start' }],
    ['a helper being stopped', { unit: 'cloudy-services-enable@unbound.service.service', verb: 'stop' }],
    ['a helper for another unit', { unit: 'cloudy-services-enable@dbus.service.service', verb: 'start' }],
    [
      'a helper for root’s instance',
      { unit: 'cloudy-services-enable@syncthing\\x40root.service.service', verb: 'start' },
    ],
    [
      'a helper whose dash would become a slash',
      { unit: 'cloudy-services-enable@tahoe-lafs.service.service', verb: 'start' },
    ],
    ['a helper with a variable', { unit: 'cloudy-services-enable@\\x24HOME.service.service', verb: 'start' }],
    ['nothing', { unit: '', verb: 'start' }],
  ])('allows no %s', (_, request) => {
    expect(allowed(request)).toBe('not ours');
  });

  it.each([
    'syncthing@alice.service',
    'syncthing@alice.b-c_d.service',
    'syncthing@root.service',
    'syncthing@00.service',
    'syncthing@-a.service',
    'syncthing@a\\x2db.service',
    'syncthing@a@b.service',
    'syncthing@.service',
    'unboundxservice',
  ])('allows %s where the panel offers it, and only there', (unit) => {
    const isOffered = units.some((candidate) => isOf(unit, candidate));
    expect(allowed({ unit, verb: 'start' })).toBe(isOffered ? 'yes' : 'not ours');
    expect(isOffered).toBe(/@alice/.test(unit));
  });

  it('is not made from anything but names of service units', () => {
    expect(() => polkitRule(['unbound.service', '.*'])).toThrow(/\.\* is not the name of a service unit/);
  });
});
