/** The children that announce on the local network: one per service, restarted with growing pauses, always ended. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Lan, type LanService, toLanService } from '../../plugin/node/announce/lan.js';
import { until } from '../real/agents.js';

const path = process.env.PATH ?? '';
let folder: string;
let lan: Lan;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lan-'));
  lan = new Lan();
});
afterEach(async () => {
  await lan.close();
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

/** A stand-in `avahi-publish-service`: notes its arguments and its end, and does that in between. */
function publisher(script: string): void {
  const program = join(folder, 'avahi-publish-service');
  const lines = ['#!/bin/sh', `log=${folder}/log`, 'echo "begins $*" >> "$log"', script];
  writeFileSync(program, `${lines.join('\n')}\n`);
  chmodSync(program, 0o755);
  process.env.PATH = `${folder}${delimiter}${path}`;
}
const STAYS = `
  trap 'echo ends >> "$log"; exit 0' TERM
  echo $$ > "${'$'}(dirname "$log")/pid"
  echo "Established under name 'x'" >&2
  while :; do sleep 0.05; done`;
const log = () => (existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : []);
const pid = () => Number(readFileSync(join(folder, 'pid'), 'utf8'));

const service = (name: string, more: Partial<LanService> = {}): LanService => ({
  ...{ name, type: '_thing._tcp', port: 80, txt: [] },
  ...more,
});
const only = (service: LanService) => new Map([['thing', service]]);
const settled = () => lan.settled('thing', 5_000);

describe('a service on the local network', () => {
  it('is announced with arguments that no shell reads and that cannot be options', async () => {
    publisher(STAYS);
    lan.set(only(service('-h $(reboot) "é"', { txt: ['a=1 2', 'b'] })));
    expect(lan.state('thing')).toBe('beginning');
    expect(await settled()).toBe('announced');
    expect(log()).toEqual(['begins --domain=local -- -h $(reboot) "é" _thing._tcp 80 a=1 2 b']);
  });

  it('is left alone while unchanged, and changed without two at once', async () => {
    publisher(STAYS);
    lan.set(only(service('one')));
    await settled();
    lan.set(only(service('one')));
    lan.set(only(service('two')));
    lan.set(only(service('three')));
    expect(await settled()).toBe('announced');
    expect(log()).toEqual([expect.stringContaining(' one '), 'ends', expect.stringContaining(' three ')]);
  });

  it('ends when it is no longer wanted, and on close', async () => {
    publisher(STAYS);
    lan.set(only(service('one')));
    await settled();
    lan.set(new Map());
    expect(lan.state('thing')).toBeNull();
    await until('it has ended', () => log().includes('ends'));
    lan.set(only(service('one')));
    await settled();
    await lan.close();
    expect(log().filter((line) => line === 'ends')).toHaveLength(2);
  });

  it('waits for its own end where it is wanted again at once', async () => {
    publisher(STAYS);
    for (const services of [only(service('one')), new Map(), only(service('one'))]) {
      lan.set(services);
      await settled();
    }
    expect(lan.state('thing')).toBe('announced');
    expect(log().map((line) => line.split(' ')[0])).toEqual(['begins', 'ends', 'begins']);
  });

  it('does not start after close', async () => {
    publisher(STAYS);
    await lan.close();
    lan.set(only(service('one')));
    expect(lan.state('thing')).toBeNull();
  });

  it('restarts when its program is killed', async () => {
    publisher(STAYS);
    lan.set(only(service('one')));
    await settled();
    process.kill(pid(), 'SIGKILL');
    await until('the end is noticed', () => lan.state('thing') === 'failed');
    await until('it is announced again', () => lan.state('thing') === 'announced');
    expect(log()).toHaveLength(2);
  });

  it('is not announced while the bus is away, until the program reports it again', async () => {
    publisher(
      `${STAYS.replace('while', 'echo \'Disconnected, reconnecting ...\' >&2\n while [ ! -e "$log.go" ]; do sleep 0.05; done\n echo "Established under name \'x\'" >&2\n while')}`,
    );
    lan.set(only(service('one')));
    await until('it is disconnected', () => log().length === 1 && lan.state('thing') === 'beginning');
    writeFileSync(join(folder, 'log.go'), '');
    await until('it is back', () => lan.state('thing') === 'announced');
    expect(log()).toHaveLength(1);
  });

  it.each([
    ['no-daemon', "echo 'Failed to create client object: Daemon not running' >&2; exit 1"],
    ['no-daemon', "echo 'Client failure, exiting: Daemon connection failed' >&2; exit 0"],
    ['failed', "echo 'Failed to add service: Invalid record' >&2; exit 0"],
    ['failed', 'exit 3'],
  ])('is %s for: %s', async (state, script) => {
    publisher(script);
    lan.set(only(service('one')));
    expect(await settled()).toBe(state);
  });

  it('reports the missing program, and uses it once it is installed', async () => {
    process.env.PATH = folder;
    for (const [name, where] of [
      ['setpriv', '/usr/bin/setpriv'],
      ['sleep', '/bin/sleep'],
      ['dirname', '/usr/bin/dirname'],
    ] as const)
      symlinkSync(where, join(folder, name));
    lan.set(only(service('one')));
    expect(await settled()).toBe('no-program');
    publisher(STAYS);
    await until('it is announced', () => lan.state('thing') === 'announced');
  });

  it('reports a missing setpriv too', async () => {
    process.env.PATH = folder;
    lan.set(only(service('one')));
    expect(await settled()).toBe('no-program');
  });

  it('is killed where it ignores SIGTERM', async () => {
    publisher(STAYS.replace(/trap .*/, "trap '' TERM"));
    lan.set(only(service('one')));
    await settled();
    const number = pid();
    await lan.close();
    expect(() => process.kill(number, 0)).toThrow('ESRCH');
  });
});

describe('an entry on the local network', () => {
  const ENTRY = { s: 'thing', d: 'El_meu', m: 'node7', i: '10.0.0.1', p: '80', e: 'demo', t: 'a=1 b=2 c' };

  it('has the description as its name, and one TXT string per attribute', () => {
    expect(toLanService(ENTRY)).toEqual({ name: 'El meu', type: '_thing._tcp', port: 80, txt: ['a=1', 'b=2', 'c'] });
  });

  it('has the host’s name and address where a Cloudy announces it and neighbours reach the address', () => {
    const at = (m: string, i: string) => toLanService({ ...ENTRY, m, i }).host;
    expect(at('vm.guifi.local', '10.0.0.1')).toEqual({ name: 'vm.guifi.local', address: '10.0.0.1' });
    const others = [at('vm', '10.0.0.1'), at('vm.local', '10.0.0.1'), at('vm.guifi.net', '10.0.0.1')];
    const unreached = ['127.0.0.1', '0.0.0.0', '169.254.1.1', 'fe80::1', '::1', '::'].map((i) =>
      at('vm.guifi.local', i),
    );
    expect([...others, ...unreached].filter(Boolean)).toEqual([]);
  });

  it('is named after the host without a description, cut between characters at 63 bytes', () => {
    expect(toLanService({ ...ENTRY, d: '', t: '' })).toMatchObject({ name: 'node7', txt: [] });
    const { name } = toLanService({ ...ENTRY, d: 'é'.repeat(40) });
    expect(name).toBe('é'.repeat(31));
  });
});
