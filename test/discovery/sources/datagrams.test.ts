/** Datagrams whose decoding takes long: an allowance for reading, whoever sends them. */
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { Allowance, guardedSocket } from '../../../plugin/discovery/sources/avahi/datagrams.js';

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

it('passes on neighbours\u2019 datagrams, and reports oversized ones', async () => {
  let passedOver = 0;
  const [socket, sender] = [guardedSocket('udp4', () => passedOver++), guardedSocket('udp4', () => {})];
  onTestFinished(() => {
    socket.close();
    sender.close();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  sender.send(Buffer.alloc(60_000), port, '127.0.0.1');
  sender.send('hello', port, '127.0.0.1');
  const [message] = await once(socket, 'message');
  expect(String(message)).toBe('hello');
  expect(passedOver).toBe(1);
});
