/** Our estimates beside those of Serf's own command, on real agents. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Coordinates } from '../../plugin/serf/coordinates.js';
import { createDiscovery } from '../discovery/create.js';
import { type Agent, killAgents, startCommunity, until, writeTag } from './agents.js';

describe('estimates from real agents', () => {
  let agents: Agent[];
  const agent = (index: number) => agents[index] as Agent;

  beforeAll(async () => {
    const entry = (m: string) => ({ s: 'thing', d: '', m, i: '10.0.0.1', p: '1', e: '', t: '' });
    agents = await startCommunity(
      ['a', 'b', 'c'].map((name) => ({ name, tags: { services: writeTag([entry(name)]) } })),
    );
  });
  afterAll(killAgents);

  it('are those that `serf rtt` prints', async () => {
    const client = await agent(0).connect();
    const printed = async (name: string) => Number(/: ([\d.]+) ms/.exec(await agent(0).cli('rtt', 'a', name))?.[1]);
    const ours = async () => {
      const found = await new Coordinates().estimates({ client, self: 'a', others: ['b', 'c', 'nobody'] });
      return found.size === 2 ? found : null;
    };
    // The coordinates move each second: both are asked until nothing moved in between.
    await until('both say the same', async () => {
      const [found, b, c] = [await ours(), await printed('b').catch(() => null), await printed('c').catch(() => null)];
      return (
        found?.get('b')?.toFixed(3) === b?.toFixed(3) && found?.get('c')?.toFixed(3) === c?.toFixed(3) && b !== null
      );
    });
    client.close();
  });

  it('are found by discovery under the names of the nodes that announce', async () => {
    const config = { serfRpc: agent(0).rpc, serfAuthKey: null, providersFile: null, communityRanges: null };
    const discovery = createDiscovery({ config });
    await discovery.ready();
    await until('all announce', () => discovery.providers().length === 1 && discovery.sources()[0]?.read === 3);
    const found = await discovery.estimates();
    expect([...found.keys()].sort()).toEqual(['b', 'c']);
    for (const ms of found.values()) expect(ms).toBeGreaterThan(0);
    await discovery.close();
  });
});
