/** Peers that take up the greeting, with or without Noise, and ports with something else behind them. */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import ipfs from '../../plugin/services/ipfs.js';
import { closedPort, context, tcpServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

/** The bytes as a js-libp2p node sends them: 28, the same in both directions. */
const GREETING = Buffer.from('132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a', 'hex');
const NO_NOISE = Buffer.concat([GREETING.subarray(0, 20), Buffer.from('036e610a', 'hex')]);

/** Answers once the whole greeting is there, and to nothing else. */
const peer = (answer: (socket: Socket) => void) =>
  tcpServer((socket) => {
    let heard = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.equals(GREETING)) answer(socket);
      else if (heard.length >= GREETING.length) socket.destroy();
    });
  });
const probe = (target: Parameters<typeof ipfs.probe>[0], of = context()) => ipfs.probe(target, of);
const proven = {
  level: 3,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'answer', value: expect.any(Number), method: 'multistream' },
  ],
  facts: {},
};

describe('ipfs', () => {
  it('a peer that takes up the greeting speaks the protocol, in 28 bytes each way', async () => {
    const asked = context();
    expect(await probe(await peer((socket) => socket.write(GREETING)), asked)).toEqual(proven);
    expect(asked.traffic).toMatchObject({ sent: 28, received: 28 });
  });

  it('one without Noise has understood all the same', async () => {
    expect(await probe(await peer((socket) => socket.write(NO_NOISE)))).toEqual(proven);
  });

  it('its answer may come in pieces', async () => {
    const halting = await peer((socket) => {
      socket.setNoDelay(true).write(GREETING.subarray(0, 20));
      setImmediate(() => socket.write(GREETING.subarray(20)));
    });
    expect(await probe(halting)).toEqual(proven);
  });

  it('half an answer is not an answer', async () => {
    const results = await Promise.all([
      probe(await peer((socket) => socket.end(GREETING.subarray(0, 20)))),
      probe(await peer((socket) => socket.write(GREETING.subarray(0, 20)))),
    ]);
    expect(results).toEqual([
      { level: 2, reason: 'closed' },
      { level: 2, reason: 'timeout' },
    ]);
  });

  it('an open control interface is not a peer, and should not be open', async () => {
    const api = await peer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await probe(api)).toEqual({
      level: 2,
      reason: 'wrong-protocol',
      detail: expect.stringContaining('should not be open'),
    });
  });

  it('something else, silence, hanging up and a closed port each fail with their own reason', async () => {
    const [other, flood, silent, hangsUp, closed] = await Promise.all([
      tcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2p1\r\n')),
      tcpServer((socket) => socket.write(Buffer.alloc(1_000_000, 0x13))),
      tcpServer(),
      tcpServer((socket) => socket.end()),
      closedPort(),
    ]);
    expect(await Promise.all([other, flood, silent, hangsUp, closed].map((one) => probe(one)))).toEqual([
      { level: 2, reason: 'wrong-protocol' },
      { level: 2, reason: 'wrong-protocol' },
      { level: 2, reason: 'timeout' },
      { level: 2, reason: 'closed' },
      { level: 1, reason: 'refused' },
    ]);
  });

  it('gives the address, and says that the peer ID is missing', () => {
    expect(said(ipfs.use(provider({ address: 'fd00::1', port: 4001 })))).toEqual(['[fd00::1]:4001', 'note']);
    expect(ipfs.use(provider({ port: null }))).toEqual([]);
    expect(ipfs.describe).toBeUndefined();
  });
});
