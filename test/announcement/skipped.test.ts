/** What sources leave out: as many rows as they count, for each reason, and never more than are kept. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { capRows, SKIP_REASONS, SKIPPED_ROWS_CAP, type SkippedRow } from '../../plugin/announcement/skipped.js';
import { MdnsCache } from '../../plugin/discovery/sources/avahi/cache.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { agentOf, fakeAgent, member } from '../serf/fake-agent.js';
import { writeTag } from './packed.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const NOT_TRIED = {
  serfRpc: { host: '127.0.0.1', port: 1 },
  serfAuthKey: null,
  providersFile: null,
  communityRanges: null,
};

/** How many rows there are of each reason. */
function counted(rows: readonly SkippedRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of rows) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

async function opened(discovery: Discovery): Promise<Discovery> {
  closing.push(() => discovery.close());
  await discovery.ready();
  return discovery;
}

const entry = (more: object = {}) => ({
  s: 'dnsservice',
  d: '',
  m: 'host',
  i: '10.0.0.1',
  p: '53',
  e: '',
  t: '',
  ...more,
});
const many = (count: number) => Array.from({ length: count }, (_, at) => entry({ i: `10.1.0.${at}` }));

/** By reason, the tag of a node that gives it. */
const TAGS = {
  'bad-base64': '!!!',
  'bad-bzip2': Buffer.from('no bzip2 at all').toString('base64'),
  'bad-entry': writeTag([7, entry()]),
  'bad-type': writeTag([entry({ s: 'no type' })]),
  'bad-address': writeTag([entry({ i: 'a.name' })]),
  'bad-port': writeTag([entry({ p: '99999' }), entry({ s: 'proxy3', p: '-1' })]),
  'too-large': 'A'.repeat(20_000),
  'too-many': writeTag(many(70)),
} as const;

describe('skipped entries of Serf', () => {
  it('have as many rows as the count says, with the node and as much of the type as is readable', async () => {
    const members = Object.entries(TAGS).map(([reason, tag]) => member(`node of ${reason}`, tag));
    const agent = await fakeAgent(agentOf(members));
    closing.push(() => agent.close());
    const discovery = await opened(createDiscovery({ config: { ...NOT_TRIED, serfRpc: agent.address } }));
    const { skipped, read } = discovery.sources()[0] as { skipped: Record<string, number>; read: number };
    const rows = discovery.skipped('serf');
    expect(Object.keys(skipped).sort()).toEqual(Object.keys(TAGS).sort());
    expect(counted(rows)).toEqual(skipped);
    expect(skipped).toMatchObject({ 'bad-port': 2, 'too-many': 6, 'bad-entry': 1 });
    for (const row of rows) expect(row.node).toBe(`node of ${row.reason}`);
    const types = (reason: string) => rows.filter((row) => row.reason === reason).map(({ type }) => type);
    expect([types('bad-port'), types('bad-type'), types('bad-entry')]).toEqual([
      ['dnsservice', 'proxy3'],
      ['no type'],
      [null],
    ]);
    expect(discovery.announcements('serf')).toHaveLength(read);
    expect([discovery.skipped('avahi'), discovery.announcements('list')]).toEqual([[], []]);
  });

  it('are stored in part where a stranger floods one reason, which hides no other', async () => {
    const flood = Array.from({ length: 40 }, (_, at) => member(`flood${at}`, writeTag(Array(100).fill(at))));
    const agent = await fakeAgent(agentOf([...flood, member('quiet', TAGS['bad-base64'])]));
    closing.push(() => agent.close());
    const discovery = await opened(createDiscovery({ config: { ...NOT_TRIED, serfRpc: agent.address } }));
    expect(discovery.sources()[0]?.skipped).toEqual({ 'bad-entry': 4_000, 'bad-base64': 1 });
    expect(counted(discovery.skipped('serf'))).toEqual({ 'bad-entry': SKIPPED_ROWS_CAP - 1, 'bad-base64': 1 });
  });
});

describe('skipped lines of the hand-kept list', () => {
  it('have as many rows as the count says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skipped-'));
    closing.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'providers');
    const lines = [
      '{oops',
      '7',
      entry({ s: '' }),
      entry({ i: 'a.name' }),
      entry({ p: 0 }),
      entry({ p: 0, m: '' }),
      entry(),
    ];
    writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
    const discovery = await opened(createDiscovery({ config: { ...NOT_TRIED, providersFile: file }, serf: false }));
    const rows = discovery.skipped('list');
    expect(discovery.sources()[0]).toMatchObject({ read: 1, skipped: counted(rows) });
    expect(rows.map(({ node, type, reason }) => [reason, node, type])).toEqual([
      ['bad-json', null, null],
      ['bad-entry', null, null],
      ['bad-type', 'host', null],
      ['bad-address', 'host', 'dnsservice'],
      ['bad-port', 'host', 'dnsservice'],
      ['bad-port', '10.0.0.1', 'dnsservice'],
    ]);
    expect(discovery.announcements('list')).toHaveLength(1);
  });
});

describe('skipped records of the local network', () => {
  const type = '_syncthing._tcp.local';
  const heard = (cache: MdnsCache, label: string, address: string, port = 22_000) => {
    const instance = `${label}.${type}`;
    const answers = [
      { type: 'PTR' as const, name: type, ttl: 120, data: instance },
      { type: 'SRV' as const, name: instance, ttl: 120, data: { target: `${label}-host.local`, port } },
      { type: 'TXT' as const, name: instance, ttl: 120, data: [] },
      { type: 'A' as const, name: `${label}-host.local`, ttl: 120, data: address },
    ];
    cache.take(encode({ type: 'response', answers }), '10.0.0.7', 0);
  };

  it('have as many rows as the count says: unusable ones, and those beyond the caps', () => {
    const cache = new MdnsCache(['syncthing'], () => 5);
    heard(cache, 'loop', '127.0.0.1');
    heard(cache, 'zero', '10.0.0.8', 0);
    for (let at = 0; at < 70; at++) heard(cache, `one${at}`, '10.0.0.9');
    expect(cache.skipped()).toEqual({ 'bad-address': 1, 'bad-port': 1, 'too-many': 8 });
    const rows = cache.skippedRows();
    expect(counted(rows)).toEqual(cache.skipped());
    expect(rows).toContainEqual({ node: 'loop-host', type: 'syncthing', reason: 'bad-address', heardAt: 5 });
    expect(rows).toContainEqual({ node: '10.0.0.7', type: 'syncthing', reason: 'too-many', heardAt: 5 });
  });

  it('keep the newest of an endless stream', () => {
    const cache = new MdnsCache(['syncthing'], () => 5);
    for (let at = 0; at < 64 + 3 * SKIPPED_ROWS_CAP; at++) heard(cache, `one${at}`, '10.0.0.9');
    expect(cache.skipped()).toEqual({ 'too-many': 3 * SKIPPED_ROWS_CAP });
    expect(cache.skippedRows()).toHaveLength(SKIPPED_ROWS_CAP);
  });
});

it('stores at most 200 rows, and the rarest reasons first, whatever comes', () => {
  const rows = SKIP_REASONS.flatMap((reason, at) =>
    Array.from({ length: at * 100 }, () => ({ node: null, type: null, reason, heardAt: 0 })),
  );
  const kept = capRows(rows);
  expect(kept).toHaveLength(SKIPPED_ROWS_CAP);
  expect(counted(kept)).toEqual({ [SKIP_REASONS[1] as string]: 100, [SKIP_REASONS[2] as string]: 100 });
});
