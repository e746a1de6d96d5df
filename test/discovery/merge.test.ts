/** Merging: each provider once, the texts of whom one may believe, and what may be probed. */
import { describe, expect, it } from 'vitest';
import { createAddressCheck } from '../../plugin/discovery/allowed.js';
import { type MergeOptions, merge, type SourceReport } from '../../plugin/discovery/merge.js';
import type { Sighting } from '../../plugin/discovery/source.js';
import { type Announcement, providerId } from '../../plugin/model/provider.js';

const NOW = 1_000_000;

const sighting = (change: Partial<Announcement> = {}, more: Partial<Sighting> = {}): Sighting => ({
  announcement: {
    ...{ type: 'syncthing', node: 'honest', host: '', address: '10.0.0.1', port: 22_000, description: '' },
    ...{ community: '', txt: new Map(), gossip: null, ...change },
  },
  self: false,
  heardAt: null,
  ...more,
});
const heard = (id: string, ...sightings: Sighting[]): SourceReport => ({
  source: { id, trust: id === 'list' ? 'owner' : 'anyone' },
  status: { state: 'up', lastUp: NOW },
  sightings,
});
const away = (id: string, ...sightings: Sighting[]): SourceReport => ({
  ...heard(id, ...sightings),
  status: { state: 'away', lastUp: 500 },
});
const merging = (all: readonly SourceReport[], options: Partial<MergeOptions> = {}) =>
  merge(all, { allowed: createAddressCheck(null, false), now: NOW, ...options });
const merged = (...all: SourceReport[]) => merging(all).providers;

describe('merge', () => {
  it('lists a provider once, with its sources in their own order, whichever is believed', () => {
    const rows = merged(heard('serf', sighting()), heard('list', sighting()), heard('avahi', sighting({ port: 1 })));
    expect(rows.map(({ port, sources }) => ({ port, sources }))).toEqual(
      expect.arrayContaining([
        { port: 22_000, sources: ['serf', 'list'] },
        { port: 1, sources: ['avahi'] },
      ]),
    );
  });

  it('lists the texts of a node, which have no port, each by what it says, whatever source it came by', () => {
    const text = (description: string) => sighting({ port: null, description });
    const rows = merged(heard('serf', text('Ask Anna'), text('Meeting on Monday')), heard('avahi', text('Ask Anna')));
    expect(rows.map(({ description, sources }) => [description, sources.join()]).sort()).toEqual([
      ['Ask Anna', 'serf,avahi'],
      ['Meeting on Monday', 'serf'],
    ]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2);
  });

  it('keeps in mind that our agent gossips there with a key, whoever is believed', () => {
    const gossip = { address: '10.0.0.1', port: 5000, encrypted: true as const };
    const member = (address: string) => heard('serf', sighting({ gossip: { ...gossip, address } }, { since: 9 }));
    const first = (id: string) => heard(id, sighting({ node: 'first' }, { since: 1 }));
    for (const id of ['list', 'avahi']) {
      expect(merged(member('10.0.0.1'), first(id))).toMatchObject([{ node: 'first', gossip }]);
      expect(merged(member('10.0.0.2'), first(id))).toMatchObject([{ node: 'first', gossip: null }]);
    }
  });

  it('prefers the announcer that gossips from the announced address where nobody was first', () => {
    const own = sighting({
      node: 'zz-honest',
      txt: new Map([['node_id', 'GOOD']]),
      gossip: { address: '10.0.0.1', port: 5000 },
    });
    const forged = sighting({
      node: 'aa-stranger',
      txt: new Map([['node_id', 'EVIL']]),
      gossip: { address: '10.6.6.6', port: 5000 },
    });
    for (const order of [
      [own, forged],
      [forged, own],
    ]) {
      expect(merged(heard('serf', ...order))).toMatchObject([
        { node: 'zz-honest', txt: new Map([['node_id', 'GOOD']]) },
      ]);
    }
  });

  it('believes the owner’s list, then this node, then present announcers, then the earliest', () => {
    const since = (node: string, at: number, more: Partial<Sighting> = {}) =>
      sighting({ node }, { since: at, announcer: node, ...more });
    const listed = heard('list', sighting({ node: 'listed' }));
    const self = since('self', 900, { self: true, certain: true });
    const [first, second] = [since('zz-first', 100), since('aa-second', 200)];
    const failed = since('failed', 50, { heardAt: NOW - 120_000, isLost: true });
    const flapping = since('flapping', 50, { heardAt: NOW - 30_000, isLost: true });
    const believed = (...all: SourceReport[]) => merged(...all)[0]?.node;
    expect(believed(heard('serf', second, self), listed)).toBe('listed');
    expect(believed(heard('serf', second, first, self))).toBe('self');
    expect(believed(heard('serf', second, failed, first))).toBe('zz-first');
    expect(believed(heard('serf', second, first, flapping))).toBe('flapping');
    expect(believed(heard('serf', second), heard('avahi', first))).toBe('zz-first');
    // Anybody on the link can claim this node's address there.
    expect(believed(heard('serf', first), heard('avahi', since('aa', 200, { self: true })))).toBe('zz-first');
  });

  it('is stale only while no source confirms it, and knows when it was last heard', () => {
    expect(merged(away('serf', sighting()))).toMatchObject([{ stale: true, heardAt: 500 }]);
    expect(merged(away('serf', sighting()), heard('list', sighting()))).toMatchObject([{ stale: false, heardAt: NOW }]);
    const lost = heard('serf', sighting({}, { heardAt: 300, isLost: true }));
    expect(merged(lost)).toMatchObject([{ stale: true, heardAt: 300 }]);
    expect(merged(lost, heard('list', sighting()))).toMatchObject([{ stale: false, heardAt: NOW }]);
  });

  it('becomes stale two minutes after its source lost it; what is not lost never does', () => {
    const staleAfter = (ms: number, isLost = true) =>
      merged(heard('serf', sighting({}, { heardAt: NOW - ms, isLost })))[0]?.stale;
    expect([0, 119_999, 120_000].map((ms) => staleAfter(ms))).toEqual([false, false, true]);
    expect(staleAfter(3_600_000, false)).toBe(false);
  });

  it('sorts by type, node and id, whatever the order of arrival', () => {
    const all = ['b', 'a'].flatMap((type) =>
      ['y', 'x'].flatMap((node) =>
        [1, 2].map((port) => sighting({ type, node, port, address: node === 'x' ? '10.0.0.1' : '10.0.0.2' })),
      ),
    );
    const rows = merged(heard('serf', ...all));
    expect(rows.map(({ type, node }) => type + node)).toEqual(['ax', 'ax', 'ay', 'ay', 'bx', 'bx', 'by', 'by']);
    for (const at of [0, 2, 4, 6]) expect((rows[at]?.id ?? '') < (rows[at + 1]?.id ?? '')).toBe(true);
    expect(merged(heard('serf', ...all.toReversed()))).toEqual(rows);
  });

  it('lists a provider with an address of each family once, whichever it announces first', () => {
    const gossip = { address: '10.0.0.1', port: 5000 };
    const [four, six] = [sighting({ gossip }), sighting({ gossip, address: 'fd00::1' })];
    for (const order of [
      [four, six],
      [six, four],
    ]) {
      expect(merged(heard('serf', ...order)).map(({ address }) => address)).toEqual(['10.0.0.1']);
    }
    const outside = sighting({ gossip, address: '8.8.8.8' });
    expect(merged(heard('serf', outside, six)).map(({ address }) => address)).toEqual(['fd00::1']);
    const another = sighting({ gossip, address: '2001:db8::1' });
    expect(merged(heard('serf', another, outside)).map(({ address }) => address)).toEqual(['8.8.8.8']);
  });

  it('keeps rows apart that differ in more than the family: node, port, attributes or announcer', () => {
    const gossip = { address: '10.0.0.1', port: 5000 };
    const six: Partial<Announcement> = { gossip, address: 'fd00::1' };
    for (const other of [
      sighting({ ...six, port: 1 }),
      sighting({ ...six, node: 'other' }),
      sighting({ ...six, txt: new Map([['node_id', 'B']]) }),
      sighting({ ...six, gossip: { address: '10.6.6.6', port: 5000 } }),
      sighting({ ...six, gossip: null }),
      sighting({ gossip, address: '10.0.0.2' }),
    ]) {
      expect(merged(heard('serf', sighting({ gossip }), other))).toHaveLength(2);
    }
    expect(merged(heard('serf', sighting()), heard('avahi', sighting({ address: 'fd00::1' })))).toHaveLength(2);
  });

  it('lists each folder announced at one address and port, however its path ends, and no path that is none', () => {
    const at = (path?: string) =>
      sighting({ type: 'webdav', txt: new Map(path === undefined ? [] : [['path', path]]) });
    const paths = (...all: Sighting[]) => merged(heard('serf', ...all)).map(({ txt }) => txt.get('path'));
    expect(new Set(paths(at('/photos'), at('/music'), at('/')))).toEqual(new Set(['/photos', '/music', '/']));
    expect(paths(at('/photos'), at('/photos/'))).toHaveLength(1);
    expect(paths(at(), at('/'), at('http://10.0.0.2/'), at('/a b'), at(`/${'a'.repeat(200)}`))).toHaveLength(1);
    const [photos, root] = [at('/photos'), at()].map((one) => providerId(one.announcement));
    expect(photos).not.toBe(root);
    // As before there were folders: what is stored stays theirs.
    expect(root).toBe(providerId({ type: 'webdav', address: '10.0.0.1', port: 22_000 }));
  });

  it('bars providers without a port or outside the community’s ranges', () => {
    const barred = (change: Partial<Announcement>) => merged(heard('serf', sighting(change)))[0]?.barred;
    expect(barred({})).toBeNull();
    expect(barred({ port: null })).toBe('no-port');
    expect(barred({ address: '8.8.8.8' })).toBe('not-allowed');
    expect(barred({ address: '8.8.8.8', port: null })).toBe('not-allowed');
  });

  it('bars providers that decline probes, but not those that ask for light probes or something unknown', () => {
    const barred = (probe: string, more: Partial<Announcement> = {}) =>
      merged(heard('serf', sighting({ txt: new Map([['probe', probe]]), ...more })))[0]?.barred;
    expect(['none', 'None', 'light', 'full', 'nonesuch', ''].map((probe) => barred(probe))).toEqual([
      ...['declined', 'declined'],
      ...[null, null, null, null],
    ]);
    expect(barred('none', { address: '8.8.8.8' })).toBe('not-allowed');
    expect(barred('none', { port: null })).toBe('declined');
  });

  const gossip = { address: '10.0.0.1', port: 5000 };
  const none = new Map([['probe', 'none']]);
  const honest = (more: Partial<Sighting> = {}) => sighting({ node: 'honest', gossip }, { since: 100, ...more });
  const stranger = (change: Partial<Announcement> = {}, more: Partial<Sighting> = {}) =>
    sighting({ node: 'aa', txt: none, ...change }, { since: 200, announcer: 'aa', ...more });

  it('lets a stranger silence or rename a provider in 0 of 6 ways', () => {
    const ways: Readonly<Record<string, readonly SourceReport[]>> = {
      'by its name in the alphabet': [heard('serf', stranger(), honest())],
      'by claiming its place of gossip': [heard('serf', stranger({ gossip }), honest())],
      'while Serf calls the stranger failed': [
        heard('serf', stranger({ gossip }, { heardAt: 1, isLost: true, since: 1 }), honest()),
      ],
      'over the list of the owner': [heard('serf', stranger({ gossip })), heard('list', sighting({ node: 'honest' }))],
      'over a neighbour of the local network': [
        heard('serf', stranger({ gossip })),
        heard('avahi', sighting({ node: 'honest' }, { heardAt: NOW, since: 100 })),
      ],
      'over this node itself': [
        heard('serf', stranger({ gossip }, { since: 1 }), honest({ self: true, certain: true, since: 900 })),
      ],
    };
    const silenced = Object.entries(ways).filter(([, all]) => {
      const [row] = merged(...all);
      return row?.barred !== null || row.node !== 'honest';
    });
    expect(silenced.map(([way]) => way)).toEqual([]);
  });

  it('lists contradicting versions, each once and at most four', () => {
    const others = Array.from({ length: 9 }, (_, nth) =>
      stranger({ node: `aa${nth}`, txt: new Map([['node_id', `EVIL${nth >> 1}`]]) }, { announcer: `aa${nth}` }),
    );
    const [row] = merged(heard('serf', honest(), ...others));
    expect(row?.contradictions?.map(({ node, txt }) => `${node} ${txt.get('node_id')}`)).toEqual([
      ...['aa0 EVIL0', 'aa2 EVIL1', 'aa4 EVIL2', 'aa6 EVIL3'],
    ]);
    expect(merged(heard('serf', honest()), heard('avahi', sighting()))[0]).not.toHaveProperty('contradictions');
  });

  it('believes the announcer proven to be there where announcers disagree, and lets only that one decline', () => {
    const isProven = ({ node }: Announcement) => node === 'honest';
    const declining = sighting({ node: 'honest', gossip, txt: none }, { since: 300 });
    const other = stranger({ gossip, txt: new Map([['node_id', 'EVIL']]) });
    expect(merging([heard('serf', other, declining)], { isProven }).providers).toMatchObject([
      { node: 'honest', barred: 'declined' },
    ]);
    expect(merging([heard('serf', other, declining)]).providers).toMatchObject([{ node: 'aa', barred: null }]);
  });

  it('never hides a row behind another announcer’s row of the other family', () => {
    const six = sighting({ gossip, address: 'fd00::1' }, { announcer: 'serf:honest' });
    const four = sighting({ gossip, address: '10.6.6.6' }, { announcer: 'serf:honest\u200b' });
    expect(merged(heard('serf', six, four))).toHaveLength(2);
  });

  it('lists one provider once for 160,000 announcers, without spreading them into a call', () => {
    const one = sighting();
    const crowd = Array.from({ length: 160_000 }, (_, nth) => ({ ...one, announcer: `serf:${nth}`, since: nth }));
    expect(merged({ ...heard('serf'), sightings: crowd })).toHaveLength(1);
  });
});

describe('createAddressCheck', () => {
  it('allows private ranges by default, and loopback only where the community is on this machine', () => {
    const allowed = createAddressCheck(null, false);
    for (const address of [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '100.64.0.1',
      '100.127.255.255',
      'fd00::1',
    ])
      expect(allowed(address), address).toBe(true);
    for (const address of ['127.0.0.1', '8.8.8.8', '172.15.255.255', '172.32.0.0', '100.128.0.0', '2001:db8::1', '::1'])
      expect(allowed(address), address).toBe(false);
    expect(createAddressCheck(null, true)('127.40.0.1')).toBe(true);
    expect(createAddressCheck(null, true)('::1')).toBe(false);
  });

  it('takes configured ranges whatever address of the range they name', () => {
    const allowed = createAddressCheck(['10.139.40.7/16', '2001:db8::/32', '127.0.0.0/8'], false);
    for (const address of ['10.139.0.0', '10.139.255.255', '2001:db8::7', '127.0.0.1'])
      expect(allowed(address), address).toBe(true);
    for (const address of ['10.138.255.255', '10.140.0.0', '192.168.1.1'])
      expect(allowed(address), address).toBe(false);
  });

  it('never allows multicast, broadcast, link-local or unspecified addresses, even when everything is configured', () => {
    const allowed = createAddressCheck(['0.0.0.0/0', '::/0'], true);
    expect(allowed('8.8.8.8')).toBe(true);
    expect(allowed('2001:db8::1')).toBe(true);
    for (const address of [
      '0.0.0.0',
      '0.1.2.3',
      '224.0.0.251',
      '239.1.1.1',
      '255.255.255.255',
      '169.254.1.1',
      '240.0.0.1',
    ])
      expect(allowed(address), address).toBe(false);
    for (const address of ['::', 'fe80::1', 'febf::1', 'ff02::fb']) expect(allowed(address), address).toBe(false);
  });
});
