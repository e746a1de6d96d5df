/** The polkit rule that the package is built with, run as polkitd runs it. */
import { execFileSync } from 'node:child_process';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import { helperUnit } from '../../plugin/node/systemd/helpers.js';
import { polkitRule } from '../../plugin/node/systemd/polkit.js';
import { matchesUnit } from '../../plugin/node/systemd/units.js';
import type { UnitCandidate } from '../../plugin/services/contract.js';
import { loadServices } from '../../plugin/services/index.js';

interface Request {
  readonly unit: string;
  readonly verb: string;
  readonly user?: string;
  readonly id?: string;
}

const USERS = [
  'root:x:0:0:root:/root:/bin/bash',
  'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
  'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
  'toor:x:0:0::/root:/bin/sh',
  'cloudy-services:x:998:998::/nonexistent:/usr/sbin/nologin',
  'last-system:x:999:999::/:/usr/sbin/nologin',
  'alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash',
  'alice.b-c_d:x:1001:1001::/home/alice2:/bin/bash',
  'my-net:x:60000:60000::/home/net:/bin/bash',
  'dynamic:x:61184:61184::/:/usr/sbin/nologin',
  'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  'broken',
];
const MANAGE = 'org.freedesktop.systemd1.manage-units';

/** As `getent passwd` answers, which runs nothing here but itself. */
function spawn(words: readonly string[]): string {
  expect(words.slice(0, -1)).toEqual(['/usr/bin/getent', 'passwd']);
  const user = words.at(-1) ?? '';
  const found = USERS.find((line) => [line.split(':')[0], line.split(':')[2]].includes(user));
  // Where there is no such user the program ends with 2, which polkitd makes an exception of.
  if (found === undefined) throw new Error(`Error: Command exited with status 2`);
  return `${found}\n`;
}

/** What polkitd offers a rule: https://polkit.pages.freedesktop.org/polkit/polkit.8.html */
function judge(rule: string): (request: Request) => string {
  let found: ((action: object, subject: object) => string | undefined) | undefined;
  runInNewContext(rule, { polkit: { spawn, Result: { YES: 'yes' }, addRule: (one: typeof found) => (found = one) } });
  return ({ unit, verb, user = 'cloudy-services', id = MANAGE }) => {
    const details: Record<string, string> = { unit, verb };
    return found?.({ id, lookup: (name: string) => details[name] }, { user }) ?? 'not ours';
  };
}

let candidates: readonly UnitCandidate[];
let units: readonly string[];
let allowed: (request: Request) => string;

beforeAll(async () => {
  candidates = (await loadServices()).types.flatMap((type) => type.local?.units ?? []);
  units = candidates.map(({ unit }) => unit);
  allowed = judge(polkitRule(candidates));
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
    const isOffered = units.some((candidate) => matchesUnit(unit, candidate));
    expect(allowed({ unit, verb: 'start' })).toBe(isOffered ? 'yes' : 'not ours');
    expect(isOffered).toBe(/@alice/.test(unit));
  });

  it.each([
    'www-data',
    'daemon',
    'toor',
    'cloudy-services',
    'last-system',
    'dynamic',
    'nobody',
    'ghost',
    'broken',
    '33',
    '1',
  ])('lets no service run as %s, who is no person', (user) => {
    const unit = `syncthing@${user}.service`;
    for (const verb of ['start', 'stop']) expect(allowed({ unit, verb })).toBe('not ours');
    for (const verb of ['enable', 'disable'] as const)
      expect(allowed({ unit: helperUnit(verb, unit), verb: 'start' })).toBe('not ours');
    expect(judge(polkitRule(units))({ unit, verb: 'start' })).toBe('not ours');
  });

  it('lets a person be named by number too', () => {
    expect(allowed({ unit: 'syncthing@1000.service', verb: 'start' })).toBe('yes');
  });

  it('asks of no user where an instance is a mere name', () => {
    for (const net of ['guifi', 'mail', 'www-data']) {
      const unit = `tinc@${net}.service`;
      expect(allowed({ unit, verb: 'start' })).toBe('yes');
      expect(allowed({ unit: helperUnit('enable', unit), verb: 'start' })).toBe('yes');
    }
  });

  it('says of every template what its instance is', () => {
    const silent = candidates.filter(({ unit, instance }) => unit.includes('@.') !== (instance !== undefined));
    expect(silent).toEqual([]);
  });

  it('finds people and system users in the list of this very machine', () => {
    const uidOf = (user: string) =>
      Number(execFileSync('/usr/bin/getent', ['passwd', user], { encoding: 'utf8' }).split(':')[2]);
    expect(uidOf('www-data')).toBeLessThan(1000);
    expect(uidOf('nobody')).toBeGreaterThan(60_000);
    expect(() => uidOf('nobody-has-this-name')).toThrow();
  });

  it('is not made from anything but names of service units', () => {
    expect(() => polkitRule(['unbound.service', '.*'])).toThrow(/\.\* is not the name of a service unit/);
  });
});
