/** What bmx7's plugin json writes, a file a node. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import bmx7 from '../../../plugin/routing/daemons/bmx7.js';

const node = (primaryIp: string, more: object = {}) => ({
  ...{ globalId: 'mlc103.173A43BE22C3F14D077C', blocked: 0, primaryIp, routes: 2 },
  ...{ viaIp: 'fe80::a2cd:efff:fe00:7201', viaDev: 'eth1.12', metric: '576M', lastDesc: 108, lastRef: 3, ...more },
});
const way = {
  ...{ prefix: 'fd02::a0cd:ef00:6701:0:1/128', metric: 576e6, scale: 'rate', hops: null },
  ...{ gateway: 'fe80::a2cd:efff:fe00:7201', device: 'eth1.12' },
};
const ADDRESS = 'fd02::a0cd:ef00:6701:0:1';

it('reads the rate of each way, and none to itself', () => {
  const itself = node('fd02::1', { viaIp: '::', viaDev: '', metric: '128G' });
  const files = [node(ADDRESS), itself, node('fd02::2', { metric: '0' }), { originators: [node('fd02::3')] }, 7];
  expect([...bmx7.routes(JSON.stringify(files))]).toEqual([way, { ...way, prefix: 'fd02::3/128' }]);
  expect(() => [...bmx7.routes('{}')]).toThrow('not a list');
});

it('asks by reading the folder, without a file that is half written or is none', async () => {
  const path = mkdtempSync(join(tmpdir(), 'bmx7-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  writeFileSync(join(path, 'a'), JSON.stringify(node(ADDRESS)));
  writeFileSync(join(path, 'b'), JSON.stringify(node('fd02::2')).slice(0, 40));
  mkdirSync(join(path, 'c'));
  const answer = await bmx7.ask({ path }, AbortSignal.timeout(10_000));
  expect([...bmx7.routes(answer)]).toEqual([way]);
  await expect(bmx7.ask({ path: join(path, 'none') }, AbortSignal.timeout(10_000))).rejects.toThrow('ENOENT');
  await expect(bmx7.ask({ host: '10.0.0.1', port: 1 }, AbortSignal.timeout(10_000))).rejects.toThrow('a path');
});
