/** What comes of a way that has become another one: what is aged, what is looked at, and how much at most. */
import { expect, it } from 'vitest';
import type { Ranked } from '../../plugin/model/ranked.js';
import { Rerouted } from '../../plugin/panel/rerouted.js';
import { ranked } from '../web/fake-panel.js';

const HOUR = 3_600_000;

function follower(rows: readonly Ranked[], isTaken: (id: string) => boolean = () => true) {
  const [aged, looks]: [string[], string[]] = [[], []];
  let now = 0;
  const name = (id: string) => rows.find(({ provider }) => provider.id === id)?.provider.node ?? '';
  const rerouted = new Rerouted({
    discovery: { providers: () => rows.map(({ provider }) => provider) },
    ranking: (typeId) => rows.filter(({ provider }) => provider.type === typeId),
    age: (_, id) => aged.push(name(id)),
    look: (_, id, more) => {
      if (isTaken(id)) looks.push(`${name(id)} ${more}`);
      return isTaken(id);
    },
    steady: () => now,
  });
  return {
    changed: (moved: readonly string[], lost: readonly string[] = []) => {
      rerouted.changed({ moved, lost });
      return { aged: aged.splice(0), looks: looks.splice(0) };
    },
    wait: (ms: number) => {
      now += ms;
    },
  };
}

const row = (type: string, index: number, more: Parameters<typeof ranked>[2] = {}) =>
  ranked(type, index, { score: 90 - index, ...more });
const address = (index: number) => `10.139.40.${index}`;

it('ages all that was measured at that address, and looks at the recommended one twice', () => {
  const { changed } = follower([
    row('dnsservice', 1),
    row('proxy3', 1, { recommended: true }),
    row('dnsservice', 2),
    row('serf', 1, { samples: 0 }),
    row('owp', 1, { provider: { self: true } }),
  ]);
  expect(changed([address(1)])).toEqual({ aged: ['node1', 'node1'], looks: ['node1 1', 'node1 0'] });
  expect(changed([])).toEqual({ aged: [], looks: [] });
});

it('looks where the way is gone, and ages nothing', () => {
  const { changed } = follower([row('dnsservice', 1), row('dnsservice', 2)]);
  expect(changed([], [address(2)])).toEqual({ aged: [], looks: ['node2 0'] });
});

it('looks six times an hour, at those that are used first, however much changes', () => {
  const rows = Array.from({ length: 30 }, (_, index) => row('dnsservice', index + 1, { recommended: index === 20 }));
  const { changed, wait } = follower(rows);
  const all = rows.map(({ provider }) => provider.address);
  const first = changed(all);
  expect(first.aged).toHaveLength(30);
  expect(first.looks).toEqual(['node21 1', 'node1 0', 'node2 0', 'node3 0', 'node4 0']);
  expect(changed(all).looks).toEqual([]);
  wait(HOUR);
  expect(changed([address(9)]).looks).toEqual(['node9 0']);
});

it('counts only the looks that are taken on', () => {
  const rows = Array.from({ length: 9 }, (_, index) => row('dnsservice', index + 1));
  const busy = follower(rows, () => false);
  expect(busy.changed(rows.map(({ provider }) => provider.address)).looks).toEqual([]);
  const [kept] = rows;
  const { changed } = follower(rows, (id) => id !== kept?.provider.id);
  expect(changed(rows.map(({ provider }) => provider.address)).looks).toHaveLength(6);
});

it('ages no more at once than is quickly done', () => {
  const rows = Array.from({ length: 600 }, (_, index) =>
    row('dnsservice', index, { provider: { address: '10.0.0.1' } }),
  );
  expect(follower(rows).changed(['10.0.0.1']).aged).toHaveLength(256);
});
