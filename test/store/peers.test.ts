/** Neighbours' panels: what each said last outlives the panel, moves with the clock, and stays bounded. */
import { describe, expect, it } from 'vitest';
import type { Peer } from '../../plugin/store/index.js';
import { openStore } from '../../plugin/store/index.js';
import { freshPath, NOW, opened } from './made.js';

const said = { key: 'k', since: NOW - 9, at: 1_700_000_000, receivedAt: NOW - 5, rtt: 3.5, document: '{"é":1}' };
const peer = (name: string, more: Partial<Peer> = {}): Peer => ({
  ...{ peer: `serf ${name}`, node: name, address: '10.0.0.1', askedAt: NOW, problem: null, said },
  ...more,
});

describe('neighbours’ panels', () => {
  it('are there after a restart, until they are forgotten', () => {
    const path = freshPath();
    opened(path).peers.put(peer('b', { said: null, problem: 'no-answer' }));
    opened(path).peers.put(peer('a'));
    const { peers } = opened(path);
    expect(peers.all()).toEqual([peer('a'), peer('b', { said: null, problem: 'no-answer' })]);
    peers.put(peer('a', { problem: 'other-key', askedAt: NOW + 1 }));
    expect(peers.get('serf a')).toEqual(peer('a', { problem: 'other-key', askedAt: NOW + 1 }));
    peers.forget('serf a');
    expect(opened(path).peers.get('serf a')).toBeNull();
  });

  it('are at most 200: those asked last', () => {
    const { peers } = opened(freshPath());
    for (let nth = 0; nth < 250; nth += 1) peers.put(peer(`${nth}`, { askedAt: NOW + nth }));
    expect(peers.all()).toHaveLength(200);
    expect([peers.get('serf 49'), peers.get('serf 50')?.node]).toEqual([null, '50']);
  });

  it('say no more than fits', () => {
    const { peers } = openStore(':memory:', () => NOW);
    expect(() => peers.put(peer('a', { said: { ...said, document: 'x'.repeat(4_097) } }))).toThrow();
    expect(peers.all()).toEqual([]);
  });
});
