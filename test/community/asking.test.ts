/** Asking neighbours: few, seldom, within the budget, and only what comes from whom it was asked is taken. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { publicKey } from '../../plugin/community/document.js';
import { judge } from '../../plugin/community/judge.js';
import { type Candidate, choosePeers } from '../../plugin/community/peers.js';
import { seeded } from '../discovery/seeded.js';
import { HOUR, idOf, NOW, newKey, row, sent } from './made.js';
import { neighbour } from './neighbour.js';
import { world } from './world.js';

const candidate = (address: string, node: string | null = `n${address}`): Candidate => ({
  ...{ peer: `serf ${node}`, node, host: address, port: 7002 },
});

describe('whom it asks', () => {
  const random = () => {
    const next = seeded(3);
    return () => next(1_000) / 1_000;
  };

  it('are the three nearest and two others', () => {
    const all = Array.from({ length: 40 }, (_, index) => candidate(`10.0.${index}.1`));
    const distances = new Map(all.map(({ node }, index) => [String(node), 1 + ((index * 7) % 40)]));
    const nearest = all.toSorted((a, b) => Number(distances.get(`${a.node}`)) - Number(distances.get(`${b.node}`)));
    const chosen = choosePeers(all, distances, random());
    expect(chosen).toHaveLength(5);
    expect(chosen.slice(0, 3)).toEqual(nearest.slice(0, 3));
    const others = new Set(
      Array.from({ length: 30 }, (_, index) => {
        const next = seeded(index);
        return choosePeers(all, distances, () => next(1_000) / 1_000)[4]?.node;
      }),
    );
    expect(others.size).toBeGreaterThan(10);
  });

  it('are never two of one network, however near they claim to be', () => {
    const crowd = Array.from({ length: 200 }, (_, index) => candidate(`10.9.9.${index}`));
    const all = [...crowd, candidate('10.0.1.1'), candidate('10.0.2.1'), candidate('10.0.3.1')];
    const distances = new Map(crowd.map(({ node }) => [String(node), 0.1]));
    const chosen = choosePeers(all, distances, random());
    expect(chosen.filter(({ host }) => host.startsWith('10.9.9.'))).toHaveLength(1);
    expect(chosen).toHaveLength(4);
    const six = ['fd00::1', 'fd00::2', 'fd00:0:0:1::1'].map((address) => candidate(address));
    expect(choosePeers(six, new Map(), random())).toHaveLength(2);
  });
});

describe('what a panel sends', () => {
  const key = newKey();
  const at = NOW / 1_000;
  const first = sent({ at }, key);
  const said = { key: publicKey(key), at, document: first.toString() };
  const terms = { said, node: 'la-torre', ownKey: publicKey(newKey()), now: NOW };

  it('is taken from the one that it was first seen as, each time later', () => {
    expect(judge(first, { ...terms, said: null })).toMatchObject({ node: 'la-torre' });
    expect(judge(first, terms)).toMatchObject({ at });
    expect(judge(sent({ at: at + 1 }, key), terms)).toMatchObject({ at: at + 1 });
    expect(judge(first, { ...terms, node: null })).toMatchObject({ at });
  });

  it.each([
    ['another key', sent({ at: at + 9 }), 'other-key'],
    ['an older document', sent({ at: at - 1 }, key), 'replayed'],
    ['another document of the same moment', sent({ at, rows: [row()] }, key), 'replayed'],
    ['another name', sent({ at: at + 9, node: 'can-mas' }, key), 'other-name'],
    ['no document', Buffer.from('{}'), 'unreadable'],
    ['one of next week', sent({ at: at + 604_800 }, key), 'untimely'],
  ])('is not taken with %s', (_, bytes, problem) => {
    expect(judge(bytes, terms)).toBe(problem);
  });

  it('is not taken from this very node', () => {
    expect(judge(first, { ...terms, said: null, ownKey: publicKey(key) })).toBe('self');
  });
});

/** Resolves once all have been asked, and what they said is stored. */
async function asked({ community }: Awaited<ReturnType<typeof world>>, count: number): Promise<void> {
  await expect.poll(() => community.status().peers.length, { timeout: 30_000 }).toBe(count);
}

const ROUND = 12 * HOUR;

describe('a round', () => {
  it('asks as soon as it is turned on, stores what is sound, and says what is not', async () => {
    const good = await neighbour('127.61.1.1', (_, response) => response.end(sent({ node: 'la-torre' })));
    const bad = await neighbour('127.61.2.1', (_, response) => response.end('x'.repeat(5_000_000)));
    const closed = { host: '127.61.3.1', port: 9 };
    const moved = await neighbour('127.61.4.1', (_, response) =>
      response.writeHead(302, { Location: `http://127.61.1.1:${good.peer.port}/api/v1/opinions` }).end(),
    );
    const here = await world([], { peers: [good.peer, bad.peer, closed, moved.peer] });
    expect(here.community.status().peers).toEqual([]);
    await here.community.on();
    await asked(here, 4);
    const { peers } = here.community.status();
    const problems = new Map(peers.map(({ name, problem }) => [name, problem]));
    expect(Object.fromEntries(problems)).toEqual({
      ...{ 'la-torre': null, '127.61.2.1': 'too-large', '127.61.3.1': 'no-answer', '127.61.4.1': 'no-answer' },
    });
    expect(peers.find(({ name }) => name === 'la-torre')).toMatchObject({ rows: 2, askedAt: NOW });
    expect([good.asked.count, bad.asked.count, moved.asked.count]).toEqual([1, 1, 1]);
  });

  it('unpacks what is packed, but no more of it than a document may have', async () => {
    const bomb = gzipSync(Buffer.alloc(2_000_000));
    expect(bomb.length).toBeLessThan(4_096);
    const answers = [gzipSync(sent({ node: 'la-torre' })), bomb, Buffer.from('no gzip')];
    const peers = await Promise.all(
      answers.map((bytes, nth) =>
        neighbour(`127.66.${nth}.1`, (_, response) => response.setHeader('Content-Encoding', 'gzip').end(bytes)),
      ),
    );
    const here = await world([], { peers: peers.map(({ peer }) => peer) });
    await here.community.on();
    await asked(here, 3);
    const problems = new Map(here.community.status().peers.map(({ name, problem }) => [name, problem]));
    expect(Object.fromEntries(problems)).toEqual({
      ...{ 'la-torre': null, '127.66.1.1': 'too-large', '127.66.2.1': 'no-answer' },
    });
  });

  it('does not come again within twelve hours, whoever turns it on and off', async () => {
    const one = await neighbour('127.62.1.1', (_, response) => response.end(sent()));
    const two = await neighbour('127.62.2.1', (_, response) => response.end(sent({ node: 'can-mas' })));
    const here = await world([], { peers: [one.peer] });
    await here.community.on();
    await asked(here, 1);
    const again = await world([], { peers: [one.peer, two.peer] });
    again.panel.store.settings.set('peers-asked', String(NOW - ROUND + 1));
    await again.community.on();
    await again.community.off();
    expect([again.community.status().peers, two.asked.count]).toEqual([[], 0]);
    again.panel.store.settings.set('peers-asked', String(NOW - ROUND));
    await again.community.on();
    await asked(again, 2);
    expect(two.asked.count).toBe(1);
  });

  it('asks nobody without bytes, and at most as many as there are bytes for', async () => {
    const peers = await Promise.all(
      ['127.63.1.1', '127.63.2.1', '127.63.3.1'].map((address) =>
        neighbour(address, (_, response) => response.end(sent({ node: address }))),
      ),
    );
    let left = 20_000;
    const spend = (bytes: number) => {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    };
    const here = await world([], { peers: peers.map(({ peer }) => peer) }, { spend });
    await here.community.on();
    await asked(here, 2);
    await here.community.off();
    expect(peers.reduce((sum, { asked }) => sum + asked.count, 0)).toBe(2);
    expect(left).toBeGreaterThanOrEqual(0);
  });

  it('keeps what was said before where another key answers, until its owner forgets the old one', async () => {
    const key = newKey();
    let answer = sent({}, key);
    const { peer } = await neighbour('127.64.1.1', (_, response) => response.end(answer));
    const here = await world([], { peers: [peer] });
    await here.community.on();
    await asked(here, 1);
    const [first] = here.panel.store.peers.all();
    const next = async () => {
      await here.community.off();
      here.clock.now += ROUND;
      await here.community.on();
      await expect.poll(() => here.panel.store.peers.all()[0]?.askedAt, { timeout: 30_000 }).toBe(here.clock.now);
      return here.panel.store.peers.all()[0];
    };
    answer = sent({ at: NOW / 1_000 + 60, rows: [row({ provider: idOf(7) })] });
    expect(await next()).toMatchObject({ problem: 'other-key', said: first?.said });
    here.community.forget(first?.peer ?? '');
    answer = sent({ at: NOW / 1_000 + 61 });
    const taken = await next();
    expect(taken).toMatchObject({ problem: null });
    expect(taken?.said?.key).not.toBe(publicKey(key));
  });

  it('ends at once when it is turned off, with a neighbour that never answers', async () => {
    let arrived = () => {};
    const called = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { peer } = await neighbour('127.65.1.1', () => arrived());
    const here = await world([], { peers: [peer] });
    await here.community.on();
    await called;
    await here.community.off();
    expect(here.community.status().peers).toEqual([]);
  });
});
