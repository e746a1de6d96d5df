import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctor } from '../../plugin/cli/doctor.js';
import { PanelError } from '../../plugin/errors.js';
import { setOwnerPassword } from '../../plugin/web/password.js';
import { type Fake, fakeIo, fakePanel, row } from './fake-panel.js';

const path = process.env.PATH ?? '';
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  fping('exit 0');
});
afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

/** A stand-in `fping` before the real one. */
function fping(script: string) {
  writeFileSync(join(folder, 'fping'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'fping'), 0o755);
  process.env.PATH = `${folder}${delimiter}${path}`;
}

async function examine(fake: Fake = {}, dataDir = folder) {
  const panel = fakePanel({ ...fake, config: { dataDir } });
  await setOwnerPassword(panel.store.settings, 'correct horse');
  const io = fakeIo();
  const code = await doctor({ config: panel.config, panel }, io, { json: false });
  return { code, out: io.written.out };
}

it('says that all is well, one line each', async () => {
  const { code, out } = await examine({
    rows: [row({ self: true })],
    local: { unit: 'named.service', state: 'running' },
  });
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines.every((line) => line.startsWith('✓ works'))).toBe(true);
  for (const name of ['configuration', 'database', 'owner', 'serf', 'own services', 'systemd', 'data folder', 'fping'])
    expect(lines.filter((line) => line.slice(10).startsWith(name)).length).toBeGreaterThan(0);
  expect(out).toContain('named.service running');
  expect(out).toMatch(/data folder +\S+, \d+ MB free/);
});

describe('what does not work', () => {
  it('names a Serf agent that is away, and what to do', async () => {
    const error = { code: 'serf-away', message: 'Nothing listens there.', hint: 'systemctl start serf' };
    const { code, out } = await examine({
      sources: [{ name: 'serf', state: 'away', error, lastUp: null, read: 0, skipped: {} }],
    });
    expect(code).toBe(1);
    expect(out).toMatch(/^✗ fails +serf +Nothing listens there\.\n +→ systemctl start serf$/m);
  });

  it('counts what could not be read, by reason', async () => {
    const skipped = { 'bad-json': 2, 'bad-port': 1 };
    const { code, out } = await examine({ sources: [{ name: 'serf', state: 'up', lastUp: 0, read: 7, skipped }] });
    expect(code).toBe(0);
    expect(out).toMatch(/^– absent +serf entries +7 announcements read; skipped: 2 bad-json, 1 bad-port$/m);
  });

  it('says when the database was damaged', async () => {
    const { code, out } = await examine({ movedAside: '/x/panel.bad' });
    expect(code).toBe(1);
    expect(out).toContain('/x/panel.bad');
  });

  it('says when the data folder cannot be written', async () => {
    const { code, out } = await examine({}, join(folder, 'missing'));
    expect(code).toBe(1);
    expect(out).toMatch(/^✗ fails +data folder .*missing/m);
  });

  it('says when nothing could be opened, and still looks at the machine', async () => {
    const io = fakeIo();
    const wrong = new PanelError('bad-service-type', 'x.ts: no id.', 'Correct it.');
    const { config } = fakePanel({ config: { dataDir: folder } });
    expect(await doctor({ config, panel: wrong }, io, { json: false })).toBe(1);
    expect(io.written.out).toMatch(/✗ fails +panel +x\.ts: no id\.\n +→ Correct it\.\n/);
    expect(io.written.out).toContain('data folder');
  });

  it('stops at a configuration that cannot be read', async () => {
    const io = fakeIo();
    const wrong = new PanelError('bad-config', 'LISTN is not an option.', 'Did you mean LISTEN?');
    expect(await doctor({ config: wrong, panel: null }, io, { json: true })).toBe(1);
    expect(JSON.parse(io.written.out)).toEqual({
      fine: false,
      checks: [{ name: 'configuration', state: 'fails', text: wrong.message, hint: wrong.hint }],
    });
  });
});

describe('what is merely absent', () => {
  it('is no failure', async () => {
    fping('exit 4');
    const problem = new PanelError('no-systemd', 'No systemd here.', 'Nothing to do.');
    const { code, out } = await examine({ problem });
    expect(code).toBe(0);
    expect(out).toMatch(/^– absent +systemd +No systemd here\.$/m);
    expect(out).toMatch(/^– absent +fping +not allowed$/m);
    expect(out).toMatch(/^– absent +own services/m);
  });

  it('includes the owner’s password and fping', async () => {
    process.env.PATH = '/nonexistent';
    const panel = fakePanel({ config: { dataDir: folder } });
    const io = fakeIo();
    await doctor({ config: panel.config, panel }, io, { json: false });
    expect(io.written.out).toMatch(/^– absent +owner .*\n +→ Run: cloudy-services passwd$/m);
    expect(io.written.out).toMatch(/^– absent +fping +not installed$/m);
  });
});
