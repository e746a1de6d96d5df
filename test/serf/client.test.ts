/** The RPC client against agents that misbehave. What a sound agent does is tested with a real one (test/real/). */
import type { Socket } from 'node:net';
import { encode } from '@msgpack/msgpack';
import { afterEach, describe, expect, it } from 'vitest';
import { SerfRpc } from '../../plugin/serf/client.js';
import { agentOf, type FakeAgent, fakeAgent, member, reply, type Script } from './fake-agent.js';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function agent(script: Script): Promise<FakeAgent> {
  const started = await fakeAgent(script);
  opened.unshift(started);
  return started;
}

async function connected(script: Script): Promise<SerfRpc> {
  const { address } = await agent(script);
  const client = await SerfRpc.connect(address, { limitMs: 500 });
  opened.unshift(client);
  return client;
}

/** MessagePack of before 2013: text and bytes are both "raw", here with a 16-bit length. */
function raw(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0xda, bytes.length >> 8, bytes.length & 255), bytes]);
}

describe('the Serf RPC client', () => {
  it('reassembles replies wherever the stream is cut, at each of the first 600 bytes', async () => {
    const members = [member('a', 'x'.repeat(300)), member('b', 'ü'.repeat(80))];
    let cut = 0;
    const inTwo: Script = ({ seq }, socket) => {
      const bytes = reply(seq, { Members: members });
      socket.write(bytes.subarray(0, cut));
      setImmediate(() => socket.write(bytes.subarray(cut)));
    };
    const client = await connected(agentOf([], { members: inTwo }));
    for (cut = 0; cut < 600; cut++) {
      const read = await client.members();
      expect(read.map(({ name, address, tags }) => [name, address, tags.get('services')])).toEqual([
        ['a', '127.40.2.1', 'x'.repeat(300)],
        ['b', '127.40.2.1', 'ü'.repeat(80)],
      ]);
    }
  });

  it('reads a reply that comes byte by byte', async () => {
    const dripping: Script = ({ seq }, socket) => {
      for (const byte of reply(seq, { Members: [member('a', 'tag')] })) socket.write(Uint8Array.of(byte));
    };
    const client = await connected(agentOf([], { members: dripping }));
    expect((await client.members())[0]?.tags.get('services')).toBe('tag');
  });

  it('reads old agents that write text and bytes alike, invalid UTF-8, IPv6, and a tag called __proto__', async () => {
    const name = Buffer.from([0x6e, 0xff, 0x31]);
    const v6 = Buffer.from('20010db8000000000000000000000001', 'hex');
    const mapped = Buffer.from('00000000000000000000ffff0a000001', 'hex');
    const old = (address: Uint8Array) =>
      Buffer.concat([
        ...[Buffer.of(0x84), encode('Name'), raw(name), encode('Addr'), raw(address)],
        ...[encode('Status'), raw(Buffer.from('alive')), encode('Tags')],
        ...[Buffer.of(0x82), raw(Buffer.from('services')), raw(Buffer.from('tag'))],
        ...[raw(Buffer.from('__proto__')), raw(Buffer.from('x'))],
      ]);
    const body = [v6, mapped, Buffer.from([10, 0, 255, 1]), Buffer.from([1])].map(old);
    const answer: Script = ({ seq }, socket) =>
      socket.write(Buffer.concat([reply(seq), Buffer.of(0x81), encode('Members'), Buffer.of(0x94), ...body]));
    const members = await (await connected(agentOf([], { members: answer }))).members();
    expect(members.map(({ address }) => address)).toEqual(['2001:db8::1', '10.0.0.1', '10.0.255.1', null]);
    expect(members[0]).toMatchObject({ name: 'n\ufffd1', status: 'alive' });
    expect(members[0]?.tags.get('services')).toBe('tag');
  });

  it('gives up a call at its limit, and still understands later replies', async () => {
    let late: () => void = () => {};
    const slow: Script = ({ seq }, socket) => {
      late = () => socket.write(reply(seq, { agent: { name: 'late' } }));
    };
    const client = await connected(agentOf([member('a', '')], { stats: slow }));
    await expect(client.stats(30)).rejects.toMatchObject({
      code: 'serf-away',
      message: expect.stringContaining('stats'),
    });
    late();
    expect(await client.members()).toHaveLength(1);
  });

  it('rejects every waiting call at once when the agent closes', async () => {
    const client = await connected(agentOf([], { stats: () => {}, members: (_, socket) => socket.destroy() }));
    const calls = await Promise.allSettled([client.stats(), client.stats(), client.members()]);
    expect(calls.map((call) => call.status === 'rejected' && call.reason.code)).toEqual(Array(3).fill('serf-away'));
    expect(await client.closed).toMatchObject({ code: 'serf-away', hint: expect.stringContaining('SERF_RPC') });
    await expect(client.members()).rejects.toMatchObject({ code: 'serf-away' });
  });

  it('handles a refusal with and without a body, and goes on', async () => {
    const refusing: Record<string, Script> = {
      join: ({ seq }, socket) => socket.write(reply(seq, { Num: 0 }, 'Failed to join')),
      tags: ({ seq }, socket) =>
        socket.write(reply(seq, undefined, 'Encoded length of tags exceeds limit of 512 bytes')),
    };
    const client = await connected(agentOf([member('a', '')], refusing));
    await expect(client.join(['127.40.3.1:1'])).rejects.toMatchObject({ code: 'serf-refused' });
    await expect(client.setTags({ services: 'x' })).rejects.toThrow('512 bytes');
    expect(await client.members()).toHaveLength(1);
  });

  it.each<[string, Buffer]>([
    ['a web server', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a byte without meaning', Buffer.of(0xc1)],
    ['a text of 4 GB', Buffer.from([0xdb, 0xff, 0xff, 0xff, 0xff])],
    ['a list of 4,000,000,000', Buffer.from([0xdd, 0xee, 0, 0, 0])],
    ['lists within lists within lists', Buffer.alloc(100_000, 0x91)],
    ['a list of two million and more', Buffer.concat([Buffer.from([0xdd, 1, 0, 0, 0]), Buffer.alloc(2_100_000)])],
  ])('hangs up on %s', async (_, bytes) => {
    const { address } = await agent((_request, socket) => socket.write(bytes));
    const failure = SerfRpc.connect(address, { limitMs: 2_000 });
    await expect(failure).rejects.toMatchObject({
      code: 'serf-away',
      message: expect.stringContaining('something else'),
    });
  });

  it('hangs up on an object of 33 MiB, having buffered only a part of it', async () => {
    const chunk = Buffer.concat([Buffer.from([0xc5, 0xff, 0xff]), Buffer.alloc(0xffff)]);
    const flood = (socket: Socket) => {
      socket.write(Buffer.from([0xdd, 0, 0, 0xff, 0xff]));
      for (let sent = 0; sent < 33 * 1024 * 1024; sent += chunk.length) socket.write(chunk);
    };
    const { address } = await agent((_request, socket) => flood(socket));
    await expect(SerfRpc.connect(address, { limitMs: 5_000 })).rejects.toThrow('something else');
  });

  it('reports that nothing listens there', async () => {
    const { address, close } = await fakeAgent(() => {});
    await close();
    await expect(SerfRpc.connect(address)).rejects.toThrow(
      `${address.host}:${address.port} does not answer: connect ECONNREFUSED`,
    );
  });

  it('gives up connecting at its limit, and at once on abort', async () => {
    const { address } = await agent(() => {});
    await expect(SerfRpc.connect(address, { limitMs: 50 })).rejects.toMatchObject({ code: 'serf-away' });
    const abort = new AbortController();
    const connecting = SerfRpc.connect(address, { signal: abort.signal });
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'serf-away' });
  });
});
