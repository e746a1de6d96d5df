/** The demo's made-up past: the same every time, whole, quick to take in, and never over what was measured. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { GUIFI, MEMBERS } from '../../plugin/demo/members.js';
import { demoPast } from '../../plugin/demo/past.js';
import { DAY_MS } from '../../plugin/lib/time.js';
import { createPanel } from '../../plugin/panel/open.js';
import { loadServices } from '../../plugin/services/index.js';
import { memoryStore, NOW } from '../web/fake-panel.js';

const services = await loadServices();
const announcements = MEMBERS.map(({ node, type, description }, at) => ({
  ...{ type, node, host: node, address: `127.77.0.${at}`, port: 20_000, description, community: 'demo' },
  ...{ txt: new Map<string, string>(), gossip: null },
}));

it('is the same for the same moment, and spans sixty days', () => {
  const past = demoPast(GUIFI, announcements, services, NOW);
  expect(demoPast(GUIFI, announcements, services, NOW)).toEqual(past);
  expect(new Set(past.days.map(({ day }) => day)).size).toBeGreaterThanOrEqual(60);
  expect(past.attempts.every(({ at }) => at <= NOW && at >= NOW - 8 * DAY_MS)).toBe(true);
  expect(past.recommended.size).toBe(new Set(MEMBERS.map(({ type }) => type)).size);
});

it('is taken in quickly', () => {
  const store = memoryStore();
  const started = process.cpuUsage();
  store.fill(demoPast(GUIFI, announcements, services, NOW));
  const { user, system } = process.cpuUsage(started);
  // Of the processor alone, µs: the machine of the tests may be busy.
  expect(user + system).toBeLessThan(800_000);
  const [{ provider, type } = { provider: '', type: '' }] = demoPast(GUIFI, announcements, services, NOW).days;
  expect(store.history.days(type, provider, NOW - 70 * DAY_MS).length).toBeGreaterThan(55);
  store.close();
});

it('is there from the first page on, unless the demo is to start as new, and only once', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'past-'));
  const config = { ...loadConfig({ env: {}, file: '' }), dataDir };
  const measured = async (past: boolean) => {
    const panel = await createPanel(config, { demo: true, past, serving: true });
    const { services: all } = await panel.overview();
    const counts = all.map(({ measured, best }) => [measured, best === null] as const);
    const bytes = panel.store.attempts.bytesBetween(0, Date.now());
    await panel.close();
    return {
      tried: counts.reduce((sum, [count]) => sum + count, 0),
      without: counts.filter(([, none]) => none),
      bytes,
    };
  };
  expect((await measured(false)).tried).toBe(0);
  const first = await measured(true);
  expect(first.tried).toBe(MEMBERS.length);
  expect(first.without).toEqual([]);
  expect((await measured(true)).bytes).toBe(first.bytes);
});
