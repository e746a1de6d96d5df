/** A real Serf agent that stops, or comes back as another, while the panel follows it: the list stays, and recovers. */
import { afterAll, expect, it, onTestFinished, vi } from 'vitest';
import { entry, follow, rows, serf } from '../discovery/followed.js';
import { killAgents, startAgent, until, writeTag } from './agents.js';

afterAll(killAgents);

const TAGS = { services: writeTag([entry('10.0.0.7')]) };

it('an agent that stops in its tracks is noticed, the list kept, and followed again after its restart', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const agent = await startAgent({ name: 'frozen', tags: TAGS });
  const discovery = follow(agent.rpc);
  await until('it is up', () => serf(discovery)?.state === 'up');
  await agent.freeze();
  await vi.advanceTimersByTimeAsync(20_000);
  await until('it is missed', () => serf(discovery)?.state === 'away');
  expect(rows(discovery)).toEqual(['frozen 10.0.0.7 stale']);
  await agent.kill();
  await agent.start();
  await until('it is up again', () => serf(discovery)?.state === 'up');
  expect(rows(discovery)).toEqual(['frozen 10.0.0.7']);
});

it('an agent with another key than before says what to do, and is followed again once the keys fit', async () => {
  const before = await startAgent({ name: 'locked', auth: 'old', tags: TAGS });
  const discovery = follow(before.rpc, 'old');
  await until('it is up', () => serf(discovery)?.state === 'up');
  await before.kill();
  const after = await startAgent({ name: 'locked', address: before.address, auth: 'new', tags: TAGS });
  await until('it is refused', () => serf(discovery)?.error?.code === 'serf-refused');
  expect(serf(discovery)?.error?.hint).toContain('SERF_AUTH_KEY');
  expect(rows(discovery)).toEqual(['locked 10.0.0.7 stale']);
  const corrected = follow(before.rpc, 'new');
  await until('the corrected configuration is up', () => serf(corrected)?.state === 'up');
  expect(rows(corrected)).toEqual(['locked 10.0.0.7']);
  await after.kill();
  await before.start();
  await until('it is up again', () => serf(discovery)?.state === 'up');
  expect(rows(discovery)).toEqual(['locked 10.0.0.7']);
});

it('an agent that comes back under another name is this node under that name, and the old one is gone', async () => {
  const before = await startAgent({ name: 'before', tags: TAGS });
  const discovery = follow(before.rpc);
  await until('it is up', () => serf(discovery)?.state === 'up');
  await before.kill();
  await startAgent({ name: 'after', address: before.address, tags: TAGS });
  await until('it is renamed', () => rows(discovery).join() === 'after 10.0.0.7');
  expect(discovery.providers()).toMatchObject([{ node: 'after', self: true }]);
});
