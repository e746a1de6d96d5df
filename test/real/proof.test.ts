/** A stranger who was first to announce a neighbour's service, at the neighbour's own place of gossip, against real agents. */
import { afterEach, expect, it } from 'vitest';
import { answersByName } from '../../plugin/probe/memberlist.js';
import { createDiscovery } from '../discovery/create.js';
import { Agent, killAgents, startAgent, until, writeTag } from './agents.js';
import { makeUp } from './made-up.js';

const ADDRESS = '127.92.0.1';
const tag = (t: string) => writeTag([{ s: 'syncthing', d: '', m: '', i: ADDRESS, p: '22000', e: '', t }]);

afterEach(killAgents);

it('neither silences nor renames the neighbour whose agent answers to its name', async () => {
  const here = await startAgent({ name: 'here' });
  const discovery = createDiscovery({
    config: { serfRpc: here.rpc, serfAuthKey: null, providersFile: null, communityRanges: ['127.0.0.0/8'] },
    prove: answersByName,
  });
  const believed = () => discovery.providers('syncthing')[0];
  try {
    const neighbour = new Agent({
      name: 'neighbour',
      address: ADDRESS,
      tags: { services: tag('node_id=GOOD') },
      join: here,
    });
    const stranger = { name: 'aa', address: ADDRESS, port: neighbour.gossipPort, tag: tag('probe=none&node_id=EVIL') };
    await makeUp([stranger], { address: here.address, port: here.gossipPort });
    await until('the stranger is listed', () => believed()?.node === 'aa');
    expect(believed()?.barred).toBe('declined');
    await neighbour.start();
    await until('the neighbour is believed', () => believed()?.node === 'neighbour');
    expect(believed()).toMatchObject({ barred: null, txt: new Map([['node_id', 'GOOD']]) });
    expect(believed()?.contradictions).toMatchObject([{ node: 'aa' }]);
  } finally {
    await discovery.close();
  }
});
