/** The relay itself, on which the other tests rely. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ownAddress, tcpServer, udpServer } from '../probe/servers.js';
import type { Conversation, Path, Place } from '../relay.js';
import { RelayProcess } from '../relay-process.js';

let relays: RelayProcess;
beforeAll(async () => {
  relays = await RelayProcess.start();
});
afterAll(() => relays.stop());

const relayTo = (to: Place, path: Path) => relays.open({ to, address: ownAddress(), ...path });
const echo = () => udpServer(({ datagram, reply }) => reply(datagram));
const total = ({ trips }: Conversation) => trips.map(({ forth, server, back }) => forth + server + back);

/** Sends datagrams one by one, each after the previous one was answered or lost. @returns the times, null for lost */
async function ask({ address, port }: Place, times: number, bytes = 20): Promise<(number | null)[]> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  const answers: (number | null)[] = [];
  for (let nth = 0; nth < times; nth += 1) {
    const sent = performance.now();
    socket.send(Buffer.alloc(bytes), port, address);
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(60) });
    answers.push(
      await answer.then(
        () => performance.now() - sent,
        () => null,
      ),
    );
  }
  return answers;
}

/** Of the quarter that a busy machine disturbed least. */
const quarter = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 2] as number;

describe('the relay', () => {
  it('delays each direction as configured, and reports the resulting round trips', async () => {
    const relay = await relayTo(await echo(), { delay: 7 });
    const measured = (await ask(relay, 20)) as number[];
    const [conversation] = (await relay.conversations()) as [Conversation];
    const truth = total(conversation);
    expect(truth).toHaveLength(20);
    for (const { forth, back } of conversation.trips) {
      expect(forth).toBeGreaterThanOrEqual(7);
      expect(back).toBeGreaterThanOrEqual(7);
    }
    expect(quarter(conversation.trips.map(({ forth, back }) => forth + back))).toBeLessThan(14.6);
    expect(quarter(measured.map((ms, nth) => Math.abs(ms - (truth[nth] as number))))).toBeLessThan(1);
  });

  it('varies around the delay, equally for one seed', async () => {
    const path = { delay: 5, jitter: 4, seed: 7 };
    const [left, right] = await Promise.all([relayTo(await echo(), path), relayTo(await echo(), path)]);
    await Promise.all([ask(left, 20), ask(right, 20)]);
    const forth = async (relay: typeof left) =>
      ((await relay.conversations())[0] as Conversation).trips.map((trip) => trip.forth);
    const [first, second] = [await forth(left), await forth(right)];
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(4);
    expect(quarter(first.map((ms, nth) => Math.abs(ms - (second[nth] as number))))).toBeLessThan(0.5);
  });

  it('loses the configured share, and knows which', async () => {
    const relay = await relayTo(await echo(), { loss: 0.25 });
    const answers = await ask(relay, 60);
    const [conversation] = (await relay.conversations()) as [Conversation];
    expect(conversation.sent.packets).toBe(60);
    expect(conversation.lost).toBe(answers.filter((ms) => ms === null).length);
    expect(conversation.received.packets).toBe(60 - conversation.lost);
    expect(conversation.lost / 60).toBeGreaterThan(0.25);
    expect(conversation.lost / 60).toBeLessThan(0.65);
  });

  it('carries no more bytes per second than the line can, headers included', async () => {
    const relay = await relayTo(await echo(), { rate: 100_000 });
    await ask(relay, 5, 972);
    const [{ trips }] = (await relay.conversations()) as [Conversation];
    for (const { forth, back } of trips) expect(Math.min(forth, back)).toBeGreaterThanOrEqual(10);
    expect(quarter(trips.map(({ forth }) => forth))).toBeLessThan(10.6);
  });

  it('delays every byte of a stream in order, but not the connect, which the kernel answers', async () => {
    const server = await tcpServer((socket) => {
      socket.write('welcome,');
      socket.on('data', (chunk) => socket.write(chunk));
    });
    const relay = await relayTo(server, { delay: 60, jitter: 5 });
    const started = performance.now();
    const socket = connect({ host: relay.address, port: relay.port });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    expect(performance.now() - started).toBeLessThan(55);
    let received = '';
    socket.setEncoding('latin1').on('data', (text) => {
      if (received === '') expect(performance.now() - started).toBeGreaterThan(55);
      received += text;
    });
    for (const word of 'one,two,three,four,five'.split(',')) {
      socket.write(word);
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (received.length < 'welcome,onetwothreefourfive'.length) await once(socket, 'data');
    expect(received).toBe('welcome,onetwothreefourfive');
    const [conversation] = (await relay.conversations()) as [Conversation];
    expect(conversation).toMatchObject({ transport: 'tcp', sent: { bytes: 19 }, received: { bytes: 27 }, lost: 0 });
    expect(conversation.trips[0]?.forth).toBeGreaterThanOrEqual(55);
  });
});
