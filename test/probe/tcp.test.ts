/** Connecting and knocking: what is measured, what is a failure, what is left behind. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isFailed } from '../../plugin/probe/index.js';
import { connect, knock } from '../../plugin/probe/tcp.js';
import { closedPort, context, deadHost, heldSockets, settledSockets, tcpServer } from './servers.js';

describe('connect', () => {
  it('measures the time and counts the bytes that went over the connection', async () => {
    const server = await tcpServer((socket) => socket.end('hello'));
    const probe = context();
    const connection = await connect(server, probe);
    if (isFailed(connection)) throw new Error(connection.reason);
    expect(connection.connectMs).toBeGreaterThan(0);
    expect(connection.connectMs).toBeLessThan(900);
    connection.socket.write('ping');
    connection.socket.resume();
    await new Promise((done) => connection.socket.once('end', done));
    connection.close();
    connection.close();
    // Two SYNs; an ACK and three packets of the end; two with data and what acknowledges them.
    expect(probe.traffic).toEqual({ sent: 4, received: 5, headers: 2 * 60 + 4 * 52 + 2 * 2 * 52 });
  });

  it('a closed port is a refusal by a living host, and costs a SYN and a reset', async () => {
    const probe = context();
    expect(await connect(await closedPort(), probe)).toEqual({ level: 1, reason: 'refused' });
    expect(probe.traffic).toEqual({ sent: 0, received: 0, headers: 60 + 40 });
  });

  it('an address that leads nowhere is unreachable', async () => {
    expect(await connect({ address: '255.255.255.255', port: 80 }, context())).toMatchObject({
      level: 0,
      reason: 'unreachable',
    });
  });

  it('a host that never answers is a timeout at the limit, and its socket is closed', async () => {
    const host = await deadHost();
    const before = await settledSockets();
    const probe = context();
    expect(await connect(host, probe, 200)).toEqual({ level: 0, reason: 'timeout' });
    expect(probe.traffic).toEqual({ sent: 0, received: 0, headers: 60 });
    await expect.poll(heldSockets, { timeout: 100, interval: 5 }).toEqual(before);
  });

  it('a connection made after a lost SYN has no time', async () => {
    const host = await deadHost();
    const connecting = connect(host, context());
    // By then the first SYN has left, and was dropped.
    await setImmediate();
    host.wake();
    const connection = await connecting;
    if (isFailed(connection)) throw new Error(connection.reason);
    connection.close();
    expect(connection.connectMs).toBeNull();
  });

  it('an abort ends the wait at once with its reason', async () => {
    const host = await deadHost();
    const abort = new AbortController();
    const connecting = connect(host, context(abort.signal));
    abort.abort(new Error('cancelled'));
    await expect(connecting).rejects.toThrow('cancelled');
  });

  it('a signal that was aborted before opens nothing', async () => {
    const before = await settledSockets();
    await expect(connect(await tcpServer(), context(AbortSignal.abort(new Error('too late'))))).rejects.toThrow(
      'too late',
    );
    expect(heldSockets()).toEqual(before);
  });
});

describe('knock', () => {
  it('an open and a closed port both show a living host, and how far it is', async () => {
    for (const host of [await tcpServer(), await closedPort()]) {
      const answer = await knock(host, context());
      expect(answer).toEqual({ ms: expect.any(Number) });
    }
  });

  it('an address that leads nowhere shows none', async () => {
    expect(await knock({ address: '255.255.255.255', port: 80 }, context())).toMatchObject({ reason: 'unreachable' });
  });
});
