/** The demo as a community of another network: read by that network's own source, answered by its members, with a past. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_NAMES, type DemoName, loadConfig } from '../../plugin/config/index.js';
import { type DemoCommunity, startDemo } from '../../plugin/demo/index.js';
import { demoPast } from '../../plugin/demo/past.js';
import type { Attempt } from '../../plugin/model/attempt.js';
import { type Announcement, providerId } from '../../plugin/model/provider.js';
import { createPanel } from '../../plugin/panel/open.js';
import { isFailed, type ProbeResult } from '../../plugin/probe/index.js';
import { loadServices } from '../../plugin/services/index.js';

const SOURCES: Readonly<Record<DemoName, string>> = { aredn: 'aredn', freifunk: 'olsr' };
const services = await loadServices();

function probe({ announcements }: DemoCommunity, index: number) {
  const found = announcements[index];
  if (!found?.port) throw new Error(`there is no announcement ${index}`);
  const context = { signal: AbortSignal.timeout(15_000), traffic: { sent: 0, received: 0 } };
  return services.of(found.type).probe({ ...found, port: found.port }, context);
}

describe.each(DEMO_NAMES)('the demo as %s', (as) => {
  let demo: DemoCommunity;
  beforeAll(async () => {
    demo = await startDemo({ network: `127.78.${11 + DEMO_NAMES.indexOf(as)}`, as, recognise: services.recognise });
  });
  afterAll(() => demo.close());

  it('is read by the network’s source as it is meant, and what cannot be used is skipped', () => {
    const { members } = demo.community;
    const read = demo.announcements.slice(0, members.length).map(({ type, node, description, port }) => {
      return { type, node, description, port };
    });
    expect(read).toEqual(members.map(({ type, node, description, port }) => ({ type, node, description, port })));
    expect(demo.announcements.slice(members.length).every(({ port }) => port === null)).toBe(true);
    expect(demo.announcements.every(({ address }) => address.startsWith(`${demo.network}.`))).toBe(true);
    expect(demo.skipped.map(({ reason }) => reason)).toEqual(['unknown-name']);
  });

  it('mostly works: one is broken, one is silent, one is gone, as its past says', async () => {
    const { community, announcements } = demo;
    const found = await Promise.all(community.members.map((_, index) => probe(demo, index)));
    const reasons = found.flatMap((result) => (isFailed(result) ? result.reason : []));
    expect(reasons.sort()).toEqual(['broken', 'refused', 'timeout']);
    const past = demoPast(community, announcements, services, Date.now()).attempts;
    for (const [index, result] of found.entries()) {
      const announcement = announcements[index] as Announcement;
      const tries = past.filter(({ provider }) => provider === providerId(announcement));
      expect(tries.map(outcome), announcement.description).toContainEqual(outcome(result));
    }
  });

  it('is shown with its source, its past and a recommendation', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'networks-'));
    const config = { ...loadConfig({ env: { CLOUDY_SERVICES_DEMO: as }, file: '' }), dataDir };
    const panel = await createPanel(config, { demo: true, past: true, serving: true });
    const { services: all } = await panel.overview();
    const sources = panel.discovery.sources();
    const rows = panel.discovery.providers();
    await panel.close();
    expect(sources).toMatchObject([{ name: SOURCES[as], state: 'up', skipped: { 'unknown-name': 1 } }]);
    expect(rows.length).toBe(demo.announcements.length);
    const ranked = all.filter(({ best }) => best !== null).map(({ type }) => type.id);
    expect(ranked).toEqual(expect.arrayContaining(['ntp', 'voip', 'web']));
  });
});

/** All but the times, and how a call would sound by them. */
function outcome(result: ProbeResult | Attempt) {
  const { level } = result;
  if ('facts' in result) return { level, facts: { ...result.facts, call: undefined } };
  return { level, reason: result.reason, detail: result.detail ?? null };
}
