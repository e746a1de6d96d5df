/** Which daemon is asked, and where: by the option, and by what is there. */
import { describe, expect, it } from 'vitest';
import { candidates, isListening, type Local, placeText, routerOf } from '../../plugin/routing/find.js';
import { loadDaemons } from '../../plugin/routing/index.js';

const daemons = await loadDaemons();

/** A machine with these files and these ports. */
const machine = (...there: readonly (string | number)[]): Local => ({
  exists: (path) => there.includes(path),
  listens: (port) => there.includes(port),
});
const found = (setting: Parameters<typeof candidates>[0], ...there: readonly (string | number)[]) =>
  candidates(setting, daemons, machine(...there)).map(placeText);

describe('where nothing is set', () => {
  it('nobody is asked on a machine without a daemon', () => {
    expect(found('auto')).toEqual([]);
    expect(found('off', 33_123, '/run/bird/bird.ctl')).toEqual([]);
  });

  it('a daemon is asked whose socket or file is there', () => {
    expect(found('auto', 33_123)).toEqual(['babeld://[::1]:33123']);
    expect(found('auto', '/run/bird/bird.ctl', '/run/frr/zebra.vty')).toEqual([
      'bird:/run/bird/bird.ctl',
      'frr:/run/frr/zebra.vty',
    ]);
  });

  it('a port that other programs use, too, is not enough', () => {
    expect(found('auto', 9090, 2006, 2009)).toEqual([]);
    expect(found('auto', 9090, '/etc/olsrd/olsrd.conf')).toEqual(['olsrd://127.0.0.1:9090']);
  });
});

describe('where the owner names one', () => {
  it('it is asked where it is, or at its first usual place', () => {
    expect(found({ daemon: 'babeld', place: null }, 30_003)).toEqual(['babeld://[::1]:30003']);
    expect(found({ daemon: 'babeld', place: null })).toEqual(['babeld://[::1]:33123']);
    const router = { daemon: 'olsrd', place: { host: '10.31.1.1', port: 9090 } };
    expect(found(router, 33_123)).toEqual(['olsrd://10.31.1.1:9090']);
  });

  it('it must be one that is known', () => {
    expect(() => found({ daemon: 'ospfd', place: null })).toThrow('ospfd');
  });
});

it('tells a router from this machine', () => {
  const router = (host: string) => routerOf({ daemon: daemons[0] as never, place: { host, port: 1 } });
  expect(['127.0.0.1', '::1', 'localhost', '10.31.1.1', 'fd00::1'].map(router)).toEqual([
    ...[null, null, null],
    ...['10.31.1.1', 'fd00::1'],
  ]);
});

it('reads from the kernel who listens', () => {
  const table = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:8163 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 0100007F:2382 0100007F:8163 01 00000000:00000000
`;
  expect([33_123, 9090, 0x8163, 80].map((port) => isListening(table, port))).toEqual([true, false, true, false]);
});
