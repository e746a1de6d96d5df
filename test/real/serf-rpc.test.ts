/** Every command of our Serf client against real agents. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentEvent, QueryAnswer, SerfRpc } from '../../plugin/serf/client.js';
import { Connection } from '../../plugin/serf/connection.js';
import { type Agent, killAgents, startAgent, startCommunity, until } from './agents.js';

describe('the Serf client against real agents', () => {
  let agents: Agent[];
  let clients: SerfRpc[];
  const agent = (index: number) => agents[index] as Agent;
  const client = (index: number) => clients[index] as SerfRpc;

  beforeAll(async () => {
    agents = await startCommunity(['a', 'b', 'c'].map((name) => ({ name, tags: { role: `role of ${name}` } })));
    clients = await Promise.all(agents.map((one) => one.connect()));
  });
  afterAll(async () => {
    for (const one of clients) one.close();
    await killAgents();
  });

  it('reads the members as `serf members` prints them', async () => {
    const members = (await client(0).members()).map(({ name, address, port, tags, status }) => ({
      ...{ name, addr: `${address}:${port}`, port, tags: Object.fromEntries(tags), status },
    }));
    const { members: printed } = JSON.parse(await agent(0).cli('members', '-format=json'));
    // The agent lists its members in another order each time.
    for (const { name, addr, port, tags, status } of printed) {
      expect(members.find((member) => member.name === name)).toEqual({ name, addr, port, tags, status });
    }
    expect(printed).toHaveLength(3);
    expect(members).toHaveLength(3);
  });

  it('reads counters and coordinates', async () => {
    expect((await client(0).stats()).get('agent')?.get('name')).toBe('a');
    expect((await client(0).stats()).get('serf')?.get('members')).toBe('3');
    expect(await client(0).coordinate('a')).toMatchObject({
      vec: Array(8).fill(expect.any(Number)),
      error: expect.any(Number),
    });
    expect(await client(0).coordinate('nobody')).toBeNull();
  });

  it('sets and removes tags, and is refused, nothing changed, beyond 512 bytes', async () => {
    const tags = async () => Object.fromEntries((await client(1).stats()).get('tags') ?? []);
    const text = 'ç'.repeat(60);
    await client(1).setTags({ services: text });
    expect(await tags()).toEqual({ role: 'role of b', services: text });
    await client(1).setTags({}, ['role']);
    expect(await tags()).toEqual({ services: text });
    await expect(client(1).setTags({ services: 'x'.repeat(600) })).rejects.toMatchObject({
      code: 'serf-refused',
      message: expect.stringContaining('512 bytes'),
    });
    expect(await tags()).toEqual({ services: text });
  });

  it('asks all nodes, hears who acknowledges and who answers, and answers itself', async () => {
    const heard: AgentEvent[] = [];
    const stop = await client(2).stream(['query:where', 'user:hello'], (event) => {
      heard.push(event);
      if (event.event === 'query') void client(2).respond(event.id, Uint8Array.of(...event.payload, 3));
    });
    const answers: QueryAnswer[] = [];
    await client(0).query({ name: 'where', payload: Uint8Array.of(1, 255), timeoutMs: 1_500, ack: true }, (answer) =>
      answers.push(answer),
    );
    expect(
      answers
        .filter(({ type }) => type === 'ack')
        .map(({ from }) => from)
        .sort(),
    ).toEqual(['a', 'b', 'c']);
    expect(answers.filter(({ type }) => type === 'response')).toMatchObject([
      { from: 'c', payload: new Uint8Array([1, 255, 3]) },
    ]);

    await client(0).event('hello', Uint8Array.of(0, 200));
    await until('the event arrives', () => heard.some(({ event }) => event === 'user'));
    expect(heard.at(-1)).toMatchObject({ event: 'user', name: 'hello' });
    await stop();
    const before = heard.length;
    await client(0).query({ name: 'where', timeoutMs: 300, nodes: ['c'] }, () => {});
    expect(heard).toHaveLength(before);
  });

  it('joins another community, and is told when nobody answers there', async () => {
    const lone = await startAgent({ name: 'lone' });
    expect(await client(0).join([`${lone.address}:${lone.gossipPort}`])).toBe(1);
    await until('the other agent is known', async () =>
      (await client(0).members()).some(({ name }) => name === 'lone'),
    );
    await expect(client(0).join([`${lone.address}:1`])).rejects.toMatchObject({ code: 'serf-refused' });
    expect(await client(0).members()).toHaveLength(4);
  });

  it('loses the connection, with every waiting call, over a command that the agent does not know', async () => {
    const connection = await Connection.open(agent(0).rpc);
    await connection.call('handshake', { Version: 1 }, false);
    const calls = await Promise.allSettled([
      connection.call('reachability', null, true),
      connection.call('members', null, true),
    ]);
    expect(calls.map((call) => call.status === 'rejected' && call.reason.code)).toEqual(['serf-refused', 'serf-away']);
    expect(await connection.closed).toMatchObject({ code: 'serf-away' });
  });
});
