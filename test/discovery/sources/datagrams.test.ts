/** Datagrams of the group: an allowance for reading them, whoever sends them, and sockets that fail to open. */
import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Allowance, GroupSocket, type Handlers } from '../../../plugin/discovery/sources/avahi/datagrams.js';

it('reads short datagrams up to its allowance of each second', () => {
  let now = 0;
  const allowance = new Allowance(() => now);
  const slow = () => {
    now += 60;
  };
  expect([1, 2, 3, 4].map(() => allowance.spend(100, slow))).toEqual([true, true, true, false]);
  now = 1_001;
  expect(allowance.spend(100, slow)).toBe(true);
  expect(allowance.spend(9_001, slow)).toBe(false);
});

/** A socket on loopback, and what it passes on, once it has joined. */
async function openGroup(onMessage: Handlers['onMessage'] = () => {}) {
  const dropped: string[] = [];
  const group = await new Promise<GroupSocket>((resolve) => {
    const onState = () => resolve(opened);
    const opened = new GroupSocket('IPv4', '127.0.0.1', {
      onMessage,
      onDropped: (from) => dropped.push(from),
      onState,
    });
  });
  onTestFinished(() => group.close());
  return { group, dropped };
}

it('passes on neighbours\u2019 datagrams, and reports oversized ones', async () => {
  // Others may speak on loopback too.
  const [text, from] = [`hello ${process.pid}`, '127.5.53.1'];
  let resolve = (_sender: string) => {};
  const heard = new Promise<string>((done) => {
    resolve = done;
  });
  const { dropped } = await openGroup((message, by) => void (String(message) === text && resolve(by)));
  const sender = createSocket({ type: 'udp4', reuseAddr: true }).bind(5353, from);
  onTestFinished(() => void sender.close());
  await once(sender, 'listening');
  sender.setMulticastInterface('127.0.0.1');
  sender.send(Buffer.alloc(60_000), 5353, '224.0.0.251');
  sender.send(text, 5353, '224.0.0.251');
  expect(await heard).toBe(from);
  expect(dropped).toEqual([from]);
});

it('says why it could not open, and opens once it can', async () => {
  const failing = vi.spyOn(Socket.prototype, 'addMembership').mockImplementationOnce(() => {
    throw new Error('no such device');
  });
  onTestFinished(() => failing.mockRestore());
  const { group } = await openGroup();
  expect([group.joined, group.problem]).toEqual([false, 'no such device']);
  group.retry();
  await vi.waitFor(() => expect([group.joined, group.problem]).toEqual([true, null]));
});
