/** The table of one answer: which way an address takes, who is first on it, and how much work that is. */
import { expect, it, vi } from 'vitest';
import type { Route } from '../../plugin/routing/contract.js';
import { Table } from '../../plugin/routing/table.js';
import { routeTo } from './made.js';

it('leads an address by the smallest range, and of several ways by the shortest', async () => {
  const table = await Table.read([
    routeTo('10.1.0.0/16', { metric: 100 }),
    routeTo('10.1.2.0/24', { metric: 900 }),
    routeTo('10.1.2.0/24', { metric: 300 }),
    routeTo('10.1.2.0/24', { metric: 500 }),
  ]);
  expect(table.size).toBe(2);
  const metrics = ['10.1.2.3', '10.1.9.9', '10.9.9.9'].map((address) => table.find(address)?.metric);
  expect(metrics).toEqual([300, 100, undefined]);
});

it('knows the first node by an address of its own where it answers under a link-local one', async () => {
  const [e0, e1] = ['e0', 'e1'].map((device) => ({ gateway: 'fe80::1', device }));
  const table = await Table.read([
    routeTo('10.0.5.0/24', { ...e0, isNext: true }),
    routeTo('10.0.0.5/32', { ...e0, isNext: true }),
    routeTo('10.0.0.9/32', e0),
    routeTo('10.0.0.8/32', e1),
    routeTo('10.0.0.7/32', { gateway: '10.0.0.1' }),
  ]);
  const first = (address: string) => table.firstNode(table.find(address) as Route);
  const nodes = ['10.0.0.5', '10.0.0.9', '10.0.0.8', '10.0.0.7'].map(first);
  expect(nodes).toEqual(['10.0.0.5', '10.0.0.5', null, '10.0.0.1']);
});

it('is bounded, whatever a daemon says', async () => {
  function* endless() {
    for (let n = 0; ; n++) yield routeTo(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`);
  }
  expect((await Table.read(endless())).size).toBe(50_000);
});

it('finds 4,000 providers in 10,000 ways by one look a bit of the address, and each only once', async () => {
  const routes = Array.from({ length: 10_000 }, (_, n) => routeTo(`10.${n >> 8}.${n & 255}.0/${24 + (n % 9)}`));
  const table = await Table.read(routes);
  const addresses = Array.from({ length: 4_000 }, (_, n) => `10.${n >> 7}.${(2 * n) & 255}.0`);
  const looks = vi.spyOn(Map.prototype, 'get');
  for (const address of addresses) table.find(address);
  const first = looks.mock.calls.length;
  for (const address of addresses) table.find(address);
  const all = looks.mock.calls.length;
  looks.mockRestore();
  expect(first).toBeLessThanOrEqual(4_000 * (1 + 2 * 32));
  expect(all - first).toBe(4_000);
  expect(addresses.every((address) => table.find(address) !== null)).toBe(true);
});
