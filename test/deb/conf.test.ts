/** The configuration file and the unit that the package installs. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config.js';

const CONF = join(import.meta.dirname, '..', '..', 'debian', 'cloudy-services.conf');
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

it('lets the panel have no more memory than a small board can spare', () => {
  const unit = readFileSync(join(import.meta.dirname, '..', '..', 'debian', 'cloudy-services.service'), 'utf8');
  expect(Number(/^MemoryMax=(\d+)M$/m.exec(unit)?.[1])).toBeLessThanOrEqual(256);
});
