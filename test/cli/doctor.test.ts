/** `doctor`: each check, its hint, and the exit code. */
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctor } from '../../plugin/cli/doctor/index.js';
import type { Config } from '../../plugin/config/index.js';
import { PanelError } from '../../plugin/model/errors.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import type { RoutingStatus } from '../../plugin/routing/index.js';
import { loadServices } from '../../plugin/services/index.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { quietPort } from '../ports.js';
import { type Fake, fakeIo, fakePanel, row } from './fake-panel.js';

const EN = loadLocales()('en');
const path = process.env.PATH ?? '';
let folder: string;
/** The panel that runs beside the command. */
let running: Server;
let answer = '';
/** Where it listens: on its socket only. */
const place = () => ({ listen: null, socket: join(folder, 'panel.sock') });
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  answer = '{"ok": false, "sources": []}';
  running = createServer((_, reply) => reply.writeHead(503).end(answer)).listen(place().socket);
  await once(running, 'listening');
  program('ping', 'echo "24 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.04 ms"');
  program('journalctl', 'echo "2026-11-23T05:00:00+0000 node7 named[7]: running"');
  program('busctl', 'echo "b true"');
  program('avahi-publish-service', 'exit 0');
});
afterEach(() => {
  process.env.PATH = path;
  running.close();
  rmSync(folder, { recursive: true });
});

/** A stand-in before the real program. */
function program(name: string, script: string) {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  process.env.PATH = `${folder}${delimiter}${path}`;
}

async function examine(fake: Fake = {}, dataDir = folder, spoil = (_: Panel) => {}) {
  const panel = fakePanel({ ...fake, config: { dataDir, ...place(), ...fake.config } });
  spoil(panel);
  await setOwnerPassword(panel.store.settings, 'correct horse');
  const io = fakeIo();
  const code = await doctor({ config: panel.config, panel }, io, { json: false, words: EN });
  return { code, out: io.written.out };
}

it('tells of a clock that is not set, and of a disk that takes no writes', async () => {
  const { code, out } = await examine({}, folder, ({ time, store }) => {
    Object.assign(time, { doubted: 0 });
    Object.defineProperty(store, 'unkept', { value: new PanelError('disk-full', 'The disk is full.', 'Make room.') });
  });
  expect(code).toBe(1);
  expect(out).toMatch(/fails +clock +it says (Jan 1, 1970|Dec 31, 1969), \d\d:\d\d/);
  expect(out).toMatch(/fails +database +The disk is full\.\n.*Make room/);
});

it('prints one line per check where all is well', async () => {
  const { code, out } = await examine({
    rows: [row({ self: true })],
    local: { unit: 'named.service', state: 'running' },
  });
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines.every((line) => line.startsWith('✓ works'))).toBe(true);
  const names = lines.map((line) => line.slice(10, 25).trim());
  expect(names).toEqual([
    ...['configuration', 'database', 'owner', 'serf', 'serf entries', 'own services', 'systemd', 'own ports'],
    ...['background', 'panel', 'data folder', 'ping', 'journal', 'avahi-daemon'],
  ]);
  expect(out).toContain('on; 1.2 kB of 5.4 MB used in 24 hours');
  expect(out).toContain('named.service running');
  expect(out).toMatch(/data folder +\S+, \d+ MB free/);
});

describe('a part that does not work', () => {
  it('is named for a Serf agent that is away, with what to do', async () => {
    const error = { code: 'serf-away', message: 'Nothing listens there.', hint: 'systemctl start serf' };
    const { code, out } = await examine({
      config: { demo: 'off' },
      sources: [{ name: 'serf', state: 'away', error, lastUp: null, read: 0, skipped: {} }],
    });
    expect(code).toBe(1);
    expect(out).toMatch(/^✗ fails +serf +Nothing listens there\.\n +→ systemctl start serf$/m);
  });

  it('is no Serf agent where the demo is shown for want of one', async () => {
    const error = { code: 'serf-away', message: 'Nothing listens there.', hint: 'systemctl start serf' };
    const { code, out } = await examine({
      config: { demo: 'auto' },
      sources: [{ name: 'serf', state: 'away', error, lastUp: null, read: 0, skipped: {} }],
    });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^– absent +serf +Nothing listens there\.\n +→ The demo is shown instead\. systemctl start serf$/m,
    );
  });

  it('is a Serf agent that knows no other node', async () => {
    const { code, out } = await examine({ members: 1 });
    expect(code).toBe(0);
    expect(out).toMatch(/^– absent +serf +alone: it knows no other node\n +→ serf join <address>$/m);
    const config = { serfJoin: '10.1.2.3:5000', serfRpc: { host: '127.0.0.1', port: 7374 } };
    expect((await examine({ members: 1, config })).out).toContain(
      '→ serf join -rpc-addr=127.0.0.1:7374 10.1.2.3:5000\n',
    );
  });

  it('is counted by reason for unreadable entries', async () => {
    const skipped = { 'bad-json': 2, 'bad-port': 1 };
    const { code, out } = await examine({ sources: [{ name: 'serf', state: 'up', lastUp: 0, read: 7, skipped }] });
    expect(code).toBe(0);
    expect(out).toMatch(/^– absent +serf entries +7 announcements read; skipped: 2 invalid JSON, 1 invalid port$/m);
  });

  it('is a database that was damaged', async () => {
    const { code, out } = await examine({ movedAside: '/x/panel.bad' });
    expect(code).toBe(1);
    expect(out).toContain('/x/panel.bad');
  });

  it('is a data folder that cannot be written', async () => {
    const { code, out } = await examine({}, join(folder, 'missing'));
    expect(code).toBe(1);
    expect(out).toMatch(/^✗ fails +data folder .*missing/m);
  });

  it('is a panel that cannot be opened; the machine is checked all the same', async () => {
    const io = fakeIo();
    const wrong = new PanelError('bad-service-type', 'x.ts: no id.', 'Correct it.');
    const { config } = fakePanel({ config: { dataDir: folder } });
    expect(await doctor({ config, panel: wrong }, io, { json: false, words: EN })).toBe(1);
    expect(io.written.out).toMatch(/✗ fails +opening +x\.ts: no id\.\n +→ Correct it\.\n/);
    expect(io.written.out).toContain('data folder');
  });

  it('is an unreadable configuration, which stops the checks', async () => {
    const io = fakeIo();
    const wrong = new PanelError('bad-config', 'LISTN is not an option.', 'Did you mean LISTEN?');
    expect(await doctor({ config: wrong, panel: null }, io, { json: true, words: EN })).toBe(1);
    expect(JSON.parse(io.written.out)).toEqual({
      fine: false,
      checks: [{ name: 'configuration', state: 'fails', text: wrong.message, hint: wrong.hint }],
    });
  });
});

describe('the panel that should be running', () => {
  it('is visited at every address', async () => {
    running.close();
    running = createServer((_, reply) => reply.end(answer)).listen(0, '127.0.9.3');
    await once(running, 'listening');
    const { port } = running.address() as AddressInfo;
    const { code, out } = await examine({ config: { listen: { host: '127.0.9.3', port }, socket: null } });
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^✓ works +panel +http://127\\.0\\.9\\.3:${port}/ answers$`, 'm'));
  });

  it('is reported where nothing answers, with what to do', async () => {
    const { code, out } = await examine({ config: { listen: { host: '127.0.9.3', port: quietPort() } } });
    expect(code).toBe(1);
    expect(out).toMatch(/^✗ fails +panel +http:.* does not answer; .*panel\.sock answers\n +→ Start it: npm start$/m);
  });

  it('is told apart from another program', async () => {
    answer = '{"name": "somebody else"}';
    expect((await examine()).out).toMatch(/^✗ fails +panel +\S+panel\.sock another program answers\n +→ .*LISTEN/m);
  });

  it('is not expected where it listens nowhere', async () => {
    expect((await examine({ config: { socket: null } })).out).toMatch(/^– absent +panel +listens nowhere\n/m);
  });
});

describe('an absent part', () => {
  it('is not a failure', async () => {
    const problem = new PanelError('no-systemd', 'No systemd here.', 'Nothing to do.');
    const { code, out } = await examine({ problem });
    expect(code).toBe(0);
    expect(out).toMatch(/^– absent +systemd +No systemd here\.$/m);
    expect(out).toMatch(/^– absent +own services/m);
  });

  it('may be the owner’s password or a program', async () => {
    process.env.PATH = '/nonexistent';
    const panel = fakePanel({ config: { dataDir: folder } });
    const io = fakeIo();
    await doctor({ config: panel.config, panel }, io, { json: false, words: EN });
    expect(io.written.out).toMatch(/^– absent +owner .*\n +→ Run: cloudy-services passwd$/m);
    expect(io.written.out).toMatch(/^– absent +ping +not installed\n +→ .*apt install iputils-ping$/m);
    expect(io.written.out).toMatch(/^– absent +journal +The log of \S+ cannot be read\.$/m);
    expect(io.written.out).toMatch(/^– absent +avahi-daemon +not running.*\n +→ .*apt install avahi-daemon/m);
  });
});

const PORT = { port: 53, transports: [{ transport: 'udp', listening: 'loopback' }] } as const;
const PUBLICATION = {
  entry: { s: 'dnsservice', d: '', m: '', i: '10.1.2.3', p: '53', e: '', t: '' },
  ...{ unit: null, untold: false, at: 0, withdrawn: null },
};

describe('the permissions of this user', () => {
  it('include ping, or name the setting that allows it', async () => {
    program('ping', 'case $1 in -V) exit 0;; *) echo "ping: socket: Operation not permitted" >&2; exit 2;; esac');
    const { code, out } = await examine();
    expect(code).toBe(0);
    expect(out).toMatch(/^– absent +ping +not allowed to this user\n +→ .*ping_group_range/m);
  });

  it('include the log, or name who may read it', async () => {
    program('journalctl', 'echo "No journal files were opened due to insufficient permissions." >&2; exit 1');
    const { out } = await examine({ local: { unit: 'named.service', state: 'running' } });
    expect(out).toMatch(/^– absent +journal +.*named\.service\.\n +→ .*systemd-journal/m);
  });
});

describe('a port that neighbours cannot reach', () => {
  it('is a failure where it is announced', async () => {
    const { code, out } = await examine({ own: { dnsservice: { port: PORT, publication: PUBLICATION } } });
    expect(code).toBe(1);
    expect(out).toMatch(
      /^✗ fails +own ports +dnsservice: port 53, UDP only on 127\.0\.0\.1\n +→ Configure the service to listen/m,
    );
  });

  it('comes with how to open it, on one line, where the running unit’s type knows', async () => {
    const units = [{ unit: 'unbound.service', state: 'running', enabled: true }] as const;
    const services = await loadServices();
    const { out } = await examine({ services, own: { dnsservice: { port: PORT, publication: null, units } } });
    expect(out).toMatch(
      /→ .*community\.conf.* server: interface-automatic: yes access-control: 10\.0\.0\.0\/8 allow .*$/m,
    );
  });

  it('is not a failure where it is unannounced or withdrawn', async () => {
    const withdrawn = { ...PUBLICATION, withdrawn: { at: 0, why: 'removed' } } as const;
    for (const publication of [null, withdrawn]) {
      const { code, out } = await examine({ own: { dnsservice: { port: PORT, publication } } });
      expect(code).toBe(0);
      expect(out).toMatch(/^– absent +own ports +dnsservice: port 53/m);
    }
  });
});

describe('measuring in the background', () => {
  it.each([
    [{ on: false }, 'off; 1\\.2 kB of 5\\.4 MB', 'BACKGROUND_SCAN=on'],
    [{ spentToday: 5_400_000 }, 'on; 5\\.4 MB of 5\\.4 MB', 'SCAN_BYTES_PER_DAY'],
  ])('reports %j, with what to do', async (background, text, hint) => {
    const { code, out } = await examine({ background });
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^– absent +background +${text}.*\\n +→ .*${hint}`, 'm'));
  });
});

describe('announcing on the local network', () => {
  it('needs avahi-daemon and its program, and may be switched off', async () => {
    program('avahi-publish-service', 'exit 1');
    expect((await examine()).out).toMatch(/^– absent +avahi-daemon +running, but.*\n +→ apt install avahi-utils$/m);
    program('busctl', 'echo "b false"');
    expect((await examine()).out).toMatch(/^– absent +avahi-daemon +not running/m);
    expect((await examine({ config: { avahi: 'off' } })).out).toMatch(/^– absent +avahi-daemon +not used: AVAHI=off$/m);
  });
});

it('tells whether the routing daemon can be read: a failure only where the owner named it', async () => {
  const error = { code: 'routing-away', message: 'It cannot be read: EACCES.', hint: 'Join its group.' } as const;
  const up = { state: 'up', daemon: 'babeld', place: 'babeld://[::1]:33123', routes: 12, lastUp: 0 } as const;
  const away = { ...up, state: 'away', error } as const;
  const look = (status: RoutingStatus, routing: Config['routing'] = 'auto') =>
    examine({ config: { demo: 'off', routing } }, folder, ({ routing }) => {
      routing.once = async () => status;
    });
  expect((await look(up)).out).toMatch(/✓ works +routing +babeld:\/\/\[::1\]:33123 answers: 12 routes/);
  expect((await look(away)).out).toMatch(/– absent +routing +It cannot be read: EACCES\.\n.*Join its group/);
  expect((await look(away, { daemon: 'babeld', place: null })).out).toMatch(/✗ fails +routing +It cannot be read/);
  expect((await look({ ...up, state: 'off', place: null })).out).not.toContain('routing');
});
