/** What the package installs beside the program: its configuration file, unit, user, and what it says. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { loadServices } from '../../plugin/services/index.js';

const DEBIAN = join(import.meta.dirname, '..', '..', 'debian');
const CONF = join(DEBIAN, 'cloudy-services.conf');
const DATA_DIR = '/var/lib/cloudy-services';
const standard = { ...loadConfig({ env: {}, file: '' }), dataDir: DATA_DIR };

it('differs from the defaults in socket and demo only', () => {
  const installed = { ...loadConfig({ env: {}, file: CONF }), dataDir: DATA_DIR };
  expect(installed).toEqual({ ...standard, socket: '/run/cloudy-services/panel.sock', demo: 'off' });
});

it('shows every option, each commented one with its default', () => {
  const all = join(tmpdir(), `conf-${process.pid}`);
  try {
    writeFileSync(all, readFileSync(CONF, 'utf8').replaceAll(/^#(?=[A-Z_]+=)/gm, ''));
    expect(loadConfig({ env: {}, file: all })).toEqual({
      ...standard,
      socket: '/run/cloudy-services/panel.sock',
      demo: 'off',
    });
    const shown = readFileSync(all, 'utf8').match(/^[A-Z_]+=/gm);
    expect(shown).toHaveLength(Object.keys(standard).length);
  } finally {
    rmSync(all);
  }
});

it.each([
  ['#LISTEN=127.0.0.1:7001', 'ssh -L 7001:127.0.0.1:7001 NODE, then http://127.0.0.1:7001/', 'LISTEN=0.0.0.0:7001'],
  ['LISTEN=[::1]:8080', 'ssh -L 8080:[::1]:8080 NODE, then http://127.0.0.1:8080/', 'LISTEN=0.0.0.0:8080'],
])('tells who installs it with %s how to open the panel from elsewhere', (line, tunnel, everybody) => {
  const said = installed(line);
  expect(said).toContain(tunnel);
  expect(said).toContain(everybody);
});

it('tells of no tunnel where the panel is open to the network', () => {
  const said = installed('LISTEN=10.1.2.3:7001');
  expect(said).toContain('the panel is at http://10.1.2.3:7001/');
  expect(said).not.toContain('ssh');
});

it('completes the types that the panel knows, and not what stands for all others', async () => {
  const completion = readFileSync(join(DEBIAN, 'cloudy-services.completion'), 'utf8').replace(
    '/usr/lib/cloudy-services',
    join(DEBIAN, '..'),
  );
  const pressed = `COMP_WORDS=(cloudy-services list '') COMP_CWORD=2; _cloudy_services; printf '%s\n' "\${COMPREPLY[@]}"`;
  const offered = execFileSync('bash', ['-ec', `${completion}\n${pressed}`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const { types } = await loadServices();
  expect(offered).toEqual(expect.arrayContaining(types.map(({ id }) => id)));
  expect(offered).not.toContain('other');
});

/** What the first installation says, with that line in the configuration. */
function installed(line: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'postinst-'));
  try {
    const conf = join(folder, 'conf');
    writeFileSync(conf, `${line}\n`);
    // Its group exists only where the package is installed.
    writeFileSync(join(folder, 'chgrp'), '#!/bin/sh\n', { mode: 0o755 });
    const script = readFileSync(join(DEBIAN, 'cloudy-services.postinst'), 'utf8')
      .replace('conf=/etc/cloudy-services.conf', `conf=${conf}`)
      .replace('[ -e /etc/cloudy/cloudy.conf ]', 'false');
    const env = { PATH: `${folder}:${process.env.PATH}` };
    return execFileSync('sh', ['-ec', script, 'postinst', 'configure'], { env, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('gives the panel’s user the right to read the journal, in the daemon as in a command', () => {
  const users = readFileSync(join(DEBIAN, 'cloudy-services.sysusers'), 'utf8');
  expect(users).toMatch(/^m cloudy-services systemd-journal$/m);
});

it('lets the panel have no more memory than a small board can spare', () => {
  const unit = readFileSync(join(DEBIAN, 'cloudy-services.service'), 'utf8');
  expect(Number(/^MemoryMax=(\d+)M$/m.exec(unit)?.[1])).toBeLessThanOrEqual(256);
});
