/** The room on a panel without network: whom it lists is given, what it sends and asks goes over real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Community, type CommunityDeps } from '../../plugin/community/index.js';
import { PATH } from '../../plugin/community/listener.js';
import { fixedTime } from '../../plugin/lib/clock/index.js';
import type { Attempt } from '../../plugin/model/attempt.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import { type FakePanel, fakePanel, NOW } from '../web/fake-panel.js';
import { HOUR, taken } from './made.js';

export const TYPE = 'dnsservice';

type Config = CommunityDeps['config'];
export type More = Partial<Omit<CommunityDeps, 'config'>>;

/** Its clock stands still unless another one is given. */
export function communityOn(panel: FakePanel, config: Partial<Config>, more: More = {}): Community {
  const { services, store } = panel;
  const discovery = { ...panel.discovery, estimates: async () => new Map(), close: async () => {} };
  const standard = { share: false, shareListen: { host: '127.0.0.1', port: 0 }, peers: [], communityRanges: null };
  const ranking = (typeId: string) => panel.lists.get(typeId) ?? [];
  const deps = { services, store, discovery, ranking, time: fixedTime(() => NOW), spend: () => true, report: () => {} };
  return new Community({ ...deps, ...more, config: { ...standard, dataDir: '', ...config } });
}

/** Started, and gone with the test. */
export async function world(rows: readonly Ranked[] = [], config: Partial<Config> = {}, more: More = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'community-'));
  const panel = await fakePanel();
  panel.lists.set(TYPE, rows);
  const clock = { now: NOW };
  const community = communityOn(panel, { dataDir, ...config }, { time: fixedTime(() => clock.now), ...more });
  onTestFinished(async () => {
    await community.close();
    await panel.close();
    rmSync(dataDir, { recursive: true });
  });
  await community.start();
  const read = async () => {
    const answer = await fetch(`http://${community.status().address}${PATH}`);
    return taken(new Uint8Array(await answer.arrayBuffer()), clock.now);
  };
  return { panel, community, clock, dataDir, read };
}

/** Hours ago, and whether it answered. */
export const attempt = ({ provider }: Ranked, hours: number, isAnswered = true): Attempt => {
  const base = { provider: provider.id, type: TYPE, at: NOW - hours * HOUR, bytes: 100 };
  return isAnswered
    ? { ...base, level: 3, reason: null, samples: [{ metric: 'answer', value: 9, method: 'udp' }], facts: {} }
    : { ...base, level: 0, reason: 'timeout', detail: null };
};
