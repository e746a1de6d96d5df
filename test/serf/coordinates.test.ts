/** Round-trip times guessed from coordinates, against agents that say what no sound agent does. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SerfSource } from '../../plugin/discovery/sources/serf/index.js';
import type { Coordinate } from '../../plugin/serf/client.js';
import { Coordinates, estimateRtt } from '../../plugin/serf/coordinates.js';
import { writeTag } from '../announcement/packed.js';
import { createDiscovery, type Discovery } from '../discovery/create.js';
import { agentOf, fakeAgent, member, reply, type Script } from './fake-agent.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of opened.splice(0)) await one.close();
});

const at = (change: Partial<Coordinate> = {}): Coordinate => ({
  ...{ vec: [0, 0], height: 0, adjustment: 0, error: 0.2 },
  ...change,
});

describe('an estimate', () => {
  it('is the distance of the vectors with both heights and adjustments, in ms', () => {
    const near = at({ vec: [0.003, 0], height: 0.001, adjustment: 0.0005 });
    const far = at({ vec: [0, 0.004], height: 0.002, adjustment: -0.001 });
    expect(estimateRtt(near, far)).toBeCloseTo(7.5, 9);
    expect(estimateRtt(far, near)).toBeCloseTo(7.5, 9);
  });

  it('ignores adjustments that would make it 0 or less', () => {
    expect(estimateRtt(at({ height: 0.001 }), at({ height: 0.001, adjustment: -1 }))).toBeCloseTo(2, 9);
  });

  it('is null where either was never measured, or is not a coordinate', () => {
    const unusable: Partial<Coordinate>[] = [
      { error: 1.5 },
      { error: Number.NaN },
      { error: -1 },
      { vec: [] },
      { vec: [0, 0, 0] },
      { vec: [Number.POSITIVE_INFINITY, 0] },
      { vec: [Number.NaN, 0] },
      { height: Number.NEGATIVE_INFINITY },
      { adjustment: Number.NaN },
    ];
    for (const change of unusable) {
      expect(estimateRtt(at(), at(change))).toBeNull();
      expect(estimateRtt(at(change), at())).toBeNull();
    }
    const huge = at({ vec: Array(100).fill(0) });
    expect(estimateRtt(huge, huge)).toBeNull();
  });

  it('stays between 0 and 10 s whatever a stranger claims', () => {
    expect(estimateRtt(at(), at({ vec: [1e300, 1e300] }))).toBe(10_000);
    expect(estimateRtt(at({ height: 1e308 }), at({ height: 1e308 }))).toBe(10_000);
    expect(estimateRtt(at(), at({ height: -5 }))).toBe(0);
  });
});

describe('the coordinates of a community', () => {
  const agentClient = (coordinates: Record<string, Coordinate>) => {
    const asked: string[] = [];
    let [open, most] = [0, 0];
    const coordinate = async (name: string) => {
      asked.push(name);
      most = Math.max(most, ++open);
      await new Promise((resolve) => setImmediate(resolve));
      open--;
      return coordinates[name] ?? null;
    };
    return { client: { coordinate }, asked, most: () => most };
  };
  const names = Array.from({ length: 50 }, (_, index) => `n${index}`);

  it('are asked for in small batches, and once in ten minutes however often they are read', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { client, asked, most } = agentClient({
      me: at(),
      ...Object.fromEntries(names.map((name) => [name, at({ height: 0.01 })])),
    });
    const coordinates = new Coordinates();
    const look = () => coordinates.estimates({ client, self: 'me', others: names });
    const both = await Promise.all([look(), look()]);
    expect(both.map((map) => [map.size, map.get('n7')])).toEqual(Array(2).fill([names.length, 10]));
    expect(asked).toEqual(['me', ...names]);
    expect(most()).toBe(16);
    vi.advanceTimersByTime(599_000);
    await look();
    expect(asked).toHaveLength(51);
    vi.advanceTimersByTime(2_000);
    await look();
    expect(asked).toHaveLength(102);
  });

  it('are asked for again soon while the agent gets to know more nodes, and less and less once it does not', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const known: Record<string, Coordinate> = { me: at(), n7: at(), n8: at({ error: 2 }) };
    const { client, asked } = agentClient(known);
    const coordinates = new Coordinates();
    const look = async (after: number) => {
      vi.advanceTimersByTime(after);
      return (await coordinates.estimates({ client, self: 'me', others: names })).size;
    };
    expect(await look(0)).toBe(1);
    Object.assign(known, { n8: at(), n9: at() });
    expect([await look(29_000), await look(2_000)]).toEqual([1, 3]);
    Object.assign(known, { n10: at() });
    expect(await look(31_000)).toBe(4);
    // Nothing new: after 30 s, 1 min, 2 min …, at most 10 min.
    const rounds = () => asked.filter((name) => name === 'me').length;
    const before = rounds();
    for (let minute = 0; minute < 60; minute += 1) await look(60_000);
    expect(rounds() - before).toBeLessThanOrEqual(10);
    expect(rounds() - before).toBeGreaterThanOrEqual(7);
    Object.assign(known, { n11: at() });
    expect(await look(600_000)).toBe(5);
  });

  it('are not asked for while this node has none itself, and are tried again soon', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const known: Record<string, Coordinate> = {};
    const { client, asked } = agentClient(known);
    const coordinates = new Coordinates();
    const look = () => coordinates.estimates({ client, self: 'me', others: ['n1'] });
    expect((await look()).size).toBe(0);
    expect(asked).toEqual(['me']);
    Object.assign(known, { me: at(), n1: at() });
    vi.advanceTimersByTime(31_000);
    expect([...(await look())]).toEqual([['n1', 0]]);
  });

  it('end after five seconds with the answers so far', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const slow = {
      async coordinate() {
        vi.advanceTimersByTime(200);
        return at();
      },
    };
    const found = await new Coordinates().estimates({ client: slow, self: 'me', others: names });
    expect(found.size).toBe(32);
  });
});

describe('the estimates of discovery', () => {
  const entry = { s: 'thing', d: '', m: 'host', i: '10.0.0.1', p: '1', e: '', t: '' };
  const announcing = (name: string) => member(name, writeTag([{ ...entry, m: name }]));

  async function discoveryOf(members: readonly object[], coordinate: Script): Promise<Discovery> {
    const agent = await fakeAgent(agentOf(members, { 'get-coordinate': coordinate }));
    const config = { serfRpc: agent.address, serfAuthKey: null, providersFile: null, communityRanges: null };
    const discovery = createDiscovery({ config });
    opened.push(discovery, agent);
    await discovery.ready();
    return discovery;
  }

  it('are keyed by node name, only for other nodes that announce something', async () => {
    const asked: string[] = [];
    const coordinate: Script = ({ seq, body }, socket) => {
      const { Node } = body as { Node: string };
      asked.push(Node);
      const Coord = { Vec: [0, Node === 'far' ? 0.05 : 0.001], Height: 0, Adjustment: 0, Error: 0.1 };
      socket.write(reply(seq, { Coord, Ok: true }));
    };
    const members = [announcing('node0'), announcing('far'), announcing('near'), member('mute', '')];
    const discovery = await discoveryOf(members, coordinate);
    const found = await discovery.estimates();
    expect(found.get('far')).toBeCloseTo(49, 6);
    expect(found.get('near')).toBe(0);
    expect(found.size).toBe(2);
    expect(asked).toEqual(['node0', 'far', 'near']);
  });

  it.each<[string, number, Script]>([
    ['hangs up on the question', 2, (_, socket) => socket.destroy()],
    ['answers, and hangs up', 1, ({ seq }, socket) => socket.end(reply(seq, undefined, 'Unsupported command'))],
    ['refuses', 1, ({ seq }, socket) => socket.write(reply(seq, undefined, 'Coordinates are disabled'))],
  ])(
    'are asked for until the agent turns out not to know them, and anew of the next one: %s',
    async (_, times, script) => {
      vi.useFakeTimers({ toFake: ['performance'] });
      let asked = 0;
      const agent = await fakeAgent(
        agentOf([announcing('far')], {
          'get-coordinate': (request, socket) => {
            asked++;
            script(request, socket);
          },
        }),
      );
      const source = new SerfSource(agent.address, null);
      opened.push(source, agent);
      const isUp = () => vi.waitFor(() => expect(source.status().state).toBe('up'), 5_000);
      const looks = async (count: number) => {
        for (let look = 0; look < count; look++) {
          await isUp();
          await source.estimates().catch(() => {});
          vi.advanceTimersByTime(40_000);
        }
      };
      await looks(20);
      expect(asked).toBe(times);
      for (const socket of agent.sockets) socket.destroy();
      await vi.waitFor(() => expect(source.status().state).toBe('away'), 5_000);
      await looks(1);
      expect(asked).toBe(times + 1);
    },
  );

  it('are empty where the agent refuses, hangs up or does not exist', async () => {
    const refusing: Script = ({ seq }, socket) => socket.write(reply(seq, undefined, 'Coordinates are disabled'));
    expect((await (await discoveryOf([announcing('far')], refusing)).estimates()).size).toBe(0);
    const hangingUp: Script = (_, socket) => socket.destroy();
    expect((await (await discoveryOf([announcing('far')], hangingUp)).estimates()).size).toBe(0);
    const config = { serfRpc: { host: '', port: 0 }, serfAuthKey: null, providersFile: null, communityRanges: null };
    const without = createDiscovery({ config, serf: false });
    opened.push(without);
    expect((await without.estimates()).size).toBe(0);
  });
});
