/** The Serf source where the agent hangs, floods or is slow; with a sound agent it is tested in test/real/. */
import { setImmediate } from 'node:timers/promises';
import { encode } from '@msgpack/msgpack';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SerfSource } from '../../../plugin/discovery/sources/serf/index.js';
import { rank } from '../../../plugin/score/rank.js';
import { writeTag } from '../../announcement/packed.js';
import { scored } from '../../score/made.js';
import { agentOf, fakeAgent, member, reply, type Script } from '../../serf/fake-agent.js';
import { stopwatch } from '../../stopwatch.js';
import { createDiscovery } from '../create.js';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function sourceOf(script: Script) {
  const agent = await fakeAgent(script);
  const source = new SerfSource(agent.address, null);
  opened.push(source, agent);
  await source.ready();
  return { agent, source };
}

const changed = (source: SerfSource) =>
  new Promise<void>((resolve) => {
    const stop = source.onChange(() => {
      stop();
      resolve();
    });
  });

const entry = (address: string) => ({ s: 'dnsservice', d: '', m: '', i: address, p: '53', e: '', t: '' });

describe('the Serf source', () => {
  it('notices a hung agent by its keep-alive, keeps the list, and recovers', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
    let hung = false;
    const stats: Script = ({ seq }, socket) => {
      if (!hung) socket.write(reply(seq, { agent: { name: 'node0' } }));
    };
    const { agent, source } = await sourceOf(agentOf([member('node0', writeTag([entry('10.0.0.1')]))], { stats }));
    expect(source.status()).toMatchObject({ state: 'up', read: 1 });
    hung = true;
    const away = changed(source);
    await vi.advanceTimersByTimeAsync(26_000);
    await away;
    expect(source.status()).toMatchObject({ state: 'away', read: 1, error: { code: 'serf-away' } });
    expect(source.sightings()).toHaveLength(1);
    hung = false;
    const back = changed(source);
    await vi.advanceTimersByTimeAsync(1_100);
    await back;
    await vi.waitUntil(() => source.status().state === 'up');
    expect(agent.sockets).toHaveLength(2);
  });

  it('applies events in order without asking for the list again', async () => {
    const asked: string[] = [];
    let stream = 0;
    const noted = agentOf([member('node0', ''), member('gone', writeTag([entry('10.0.0.9')]), 'left')], {
      stream: ({ seq }, socket) => {
        stream = seq;
        socket.write(reply(seq));
      },
    });
    const { agent, source } = await sourceOf((request, socket) => {
      asked.push(request.command);
      noted(request, socket);
    });
    expect(source.sightings()).toEqual([]);
    const tell = async (event: string, ...members: object[]) => {
      const heard = changed(source);
      agent.sockets[0]?.write(reply(stream, { Event: event, Members: members }));
      await heard;
      return source.sightings().map(({ announcement }) => `${announcement.node} ${announcement.address}`);
    };
    const [one, two] = [writeTag([entry('10.0.0.1')]), writeTag([entry('10.0.0.2')])];
    expect(await tell('member-join', member('a', one), member('b', two))).toEqual(['a 10.0.0.1', 'b 10.0.0.2']);
    expect(await tell('member-update', member('a', two))).toEqual(['a 10.0.0.2', 'b 10.0.0.2']);
    expect(await tell('member-failed', member('b', two, 'failed'))).toEqual(['a 10.0.0.2', 'b 10.0.0.2']);
    expect(source.sightings().map(({ heardAt }) => heardAt)).toEqual([null, expect.any(Number)]);
    expect(await tell('member-reap', member('b', two, 'failed'))).toEqual(['a 10.0.0.2']);
    expect(await tell('member-leave', member('a', two, 'left'))).toEqual([]);
    expect(asked.filter((command) => command === 'members')).toHaveLength(1);
  });

  it('treats a failed member as present for a lapse, then recommends it only once it is back', async () => {
    let stream = 0;
    const members = ['a', 'b'].map((name, at) => member(name, writeTag([entry(`10.0.0.${at + 1}`)])));
    const hearing: Script = ({ seq }, socket) => {
      stream = seq;
      socket.write(reply(seq));
    };
    const agent = await fakeAgent(agentOf(members, { stream: hearing }));
    let now = 1_000_000;
    const config = { serfRpc: agent.address, serfAuthKey: null, providersFile: null, communityRanges: ['10.0.0.0/8'] };
    const discovery = createDiscovery({ config, now: () => now });
    opened.push(discovery, agent);
    await discovery.ready();
    // The change that made it ready is told by then, and not taken for the next.
    await setImmediate();
    const tell = async (event: string, status: string) => {
      const heard = new Promise<void>((resolve) => {
        const stop = discovery.onChange(() => {
          stop();
          resolve();
        });
      });
      agent.sockets[0]?.write(
        reply(stream, { Event: event, Members: [member('a', writeTag([entry('10.0.0.1')]), status)] }),
      );
      await heard;
    };
    const recommended = () => {
      const providers = discovery.providers();
      const scores = providers.map(({ id, node }) => [id, scored(node === 'a' ? 90 : 60)] as const);
      return rank(providers, new Map(scores)).find((row) => row.recommended)?.provider.node;
    };
    // Where UDP is blocked it comes and goes: that is no news.
    for (let lapse = 0; lapse < 10; lapse++) {
      await tell('member-failed', 'failed');
      now += 30_000;
      expect(recommended()).toBe('a');
      await tell('member-join', 'alive');
      now += 30_000;
      expect(recommended()).toBe('a');
    }
    await tell('member-failed', 'failed');
    now += 119_000;
    // Told again, it is no nearer.
    await tell('member-failed', 'failed');
    expect(recommended()).toBe('a');
    now += 1_000;
    await tell('member-failed', 'failed');
    expect(recommended()).toBe('b');
    expect(discovery.providers().map(({ node, stale }) => [node, stale])).toEqual([
      ['a', true],
      ['b', false],
    ]);
    await tell('member-join', 'alive');
    expect(recommended()).toBe('a');
  });

  it('decodes 1,000 members without blocking the event loop', async () => {
    const tags = Array.from({ length: 10 }, (_, at) => writeTag([entry(`10.1.0.${at}`), entry(`10.2.0.${at}`)]));
    // A blank inside base64 is passed over: a thousand different texts without a thousand runs of bzip2.
    const text = (at: number) => {
      const tag = tags[at % 10] as string;
      const place = 1 + Math.floor(at / 10);
      return `${tag.slice(0, place)} ${tag.slice(place)}`;
    };
    const members = Array.from({ length: 1_000 }, (_, at) => member(`node${at}`, text(at)));
    // Encoded before, so that only what the source does is timed.
    const list = encode({ Members: members });
    let answered = 0;
    const answer: Script = ({ seq }, socket) => {
      answered = performance.now();
      socket.write(Buffer.concat([reply(seq), list]));
    };
    const agent = await fakeAgent(agentOf([], { members: answer }));
    opened.push(agent);
    const source = new SerfSource(agent.address, null);
    opened.unshift(source);
    let longest = 0;
    let last = performance.now();
    const watch = setInterval(() => {
      if (answered > 0) longest = Math.max(longest, performance.now() - Math.max(last, answered));
      last = performance.now();
    }, 1);
    await source.ready();
    clearInterval(watch);
    expect(source.status().read).toBe(2_000);
    expect(longest).toBeLessThan((performance.now() - answered) / 2);
  });

  it('closes in under a second while connecting, connected or waiting to retry', async () => {
    const hanging = await fakeAgent(() => {});
    const { agent, source } = await sourceOf(agentOf([]));
    await agent.close();
    const connecting = new SerfSource(hanging.address, null);
    opened.push(hanging);
    const elapsed = stopwatch();
    await Promise.all([source.close(), connecting.close()]);
    expect(elapsed()).toBeLessThan(1_000);
    opened.splice(opened.indexOf(agent), 1);
  });
});
