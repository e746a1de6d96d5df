/** Question and answer over UDP: which answers count, what loss is, when it is over. */
import { createSocket } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isFailed, type ProbeContext, type Target } from '../../plugin/probe/index.js';
import { openUdp, type Request, type Udp, valueOrNull } from '../../plugin/probe/udp.js';
import { closedPort, context, heldSockets, settledSockets, target, udpServer } from './servers.js';

/** Counts its tries: 1, 2, …; the answer must carry the number of the try. */
function counting(): () => Request<string> {
  let tries = 0;
  return () => {
    tries += 1;
    const number = String(tries);
    return {
      datagram: Buffer.from(number),
      read: (answer) => (answer.toString() === `re ${number}` ? answer.toString() : null),
    };
  };
}

async function opened(server: Target, probe: ProbeContext = context()): Promise<Udp> {
  const udp = await openUdp(server, probe);
  if (isFailed(udp)) throw new Error(udp.reason);
  onTestFinished(() => udp.close());
  return udp;
}

describe('asking over UDP', () => {
  it('gives the answer, its time, no loss, and counts the bytes both ways', async () => {
    const server = await udpServer(({ datagram, reply }) => reply(Buffer.from(`re ${datagram}`)));
    const probe = context();
    const answer = await (await opened(server, probe)).ask(counting());
    expect(answer).toEqual({ value: 're 1', ms: expect.any(Number), loss: 0 });
    expect(probe.traffic).toEqual({ sent: 1, received: 4, headers: 2 * 28 });
  });

  it('rejects with what a reader throws, even for a datagram that nobody awaits any more', async () => {
    const server = await udpServer(({ datagram, reply }) => {
      reply(datagram);
      reply(datagram);
    });
    const udp = await opened(server);
    const stumbling = () => ({
      datagram: Buffer.from('?'),
      read: (): never => {
        throw new Error('a mistake in a reader');
      },
    });
    await expect(udp.ask(stumbling)).rejects.toThrow('a mistake in a reader');
    expect(
      await udp.ask(() => ({ datagram: Buffer.from('!'), read: (of) => (String(of) === '!' ? of : null) })),
    ).toMatchObject({
      value: Buffer.from('!'),
    });
  });

  it('asks again when the first try is lost, tells the loss, and times only the second', async () => {
    const server = await udpServer(({ datagram, reply }) => {
      if (datagram.toString() !== '1') reply(Buffer.from(`re ${datagram}`));
    });
    const answer = await (await opened(server)).ask(counting());
    expect(answer).toMatchObject({ value: 're 2', loss: 0.5 });
    expect((answer as { ms: number }).ms).toBeLessThan(1_000);
  });

  it('an answer to the first try that comes after its limit is not taken for the second', async () => {
    let late: () => void = () => {};
    const server = await udpServer(({ datagram, reply }) => {
      if (datagram.toString() === '1') late = () => reply(Buffer.from('re 1'));
      else late();
    });
    expect(await (await opened(server)).ask(counting())).toEqual({ level: 0, reason: 'timeout' });
  });

  it('skips foreign and duplicate answers before the right one', async () => {
    const server = await udpServer(({ datagram, reply }) => {
      reply(Buffer.from('nonsense'));
      reply(Buffer.from(`re ${datagram}`));
      reply(Buffer.from(`re ${datagram}`));
    });
    const udp = await opened(server);
    const compose = counting();
    expect(valueOrNull(await udp.ask(compose))).toBe('re 1');
    expect(valueOrNull(await udp.ask(compose))).toBe('re 2');
  });

  it('keeps several questions apart', async () => {
    const heard: string[] = [];
    const server = await udpServer(({ datagram, reply }) => {
      heard.push(datagram.toString());
      if (heard.length === 2) for (const one of heard.reverse()) reply(Buffer.from(`re ${one}`));
    });
    const udp = await opened(server);
    const compose = counting();
    const both = await Promise.all([udp.ask(compose), udp.ask(compose)]);
    expect(both.map(valueOrNull)).toEqual(['re 1', 're 2']);
  });

  it('foreign answers alone mean the wrong protocol, silence means a timeout', async () => {
    const babbling = await udpServer(({ reply }) => reply(Buffer.from('HTTP/1.1 400 Bad Request')));
    const silent = await udpServer();
    const [strange, none] = await Promise.all(
      [babbling, silent].map(async (server) => (await opened(server)).ask(counting(), 1)),
    );
    expect(strange).toEqual({ level: 2, reason: 'wrong-protocol' });
    expect(none).toEqual({ level: 0, reason: 'timeout' });
  });

  it('an answer from another sender does not reach it', async () => {
    const forger = createSocket('udp4');
    onTestFinished(() => void forger.close());
    const server = await udpServer(({ datagram, port, reply }) => {
      forger.send(`re ${datagram}`, port, '127.0.0.1', () => reply(Buffer.from('no')));
    });
    const probe = context();
    const udp = await opened(server, probe);
    expect(await udp.ask(counting(), 1)).toEqual({ level: 2, reason: 'wrong-protocol' });
    expect(probe.traffic.received).toBe('no'.length);
  });

  it('a closed port is a refusal at once', async () => {
    const udp = await opened(await closedPort());
    expect(await udp.ask(counting())).toEqual({ level: 1, reason: 'refused' });
  });

  it('an address that leads nowhere is unreachable', async () => {
    expect(await openUdp(target({ address: '255.255.255.255', port: 9 }), context())).toMatchObject({
      level: 0,
      reason: 'unreachable',
    });
  });

  it('a flood is cut off', async () => {
    const server = await udpServer(({ reply }) => {
      for (let sent = 0; sent < 200; sent += 1) reply(Buffer.alloc(1_000, 'x'));
    });
    const probe = context();
    expect(await (await opened(server, probe)).ask(counting())).toEqual({ level: 2, reason: 'too-large' });
    expect(probe.traffic.received).toBeLessThan(70_000);
  });

  it('an abort ends the wait at once, and closing leaves no socket', async () => {
    const server = await udpServer();
    const before = await settledSockets();
    const abort = new AbortController();
    const udp = await openUdp(server, context(abort.signal));
    if (isFailed(udp)) throw new Error(udp.reason);
    const asking = udp.ask(counting());
    abort.abort(new Error('cancelled'));
    await expect(asking).rejects.toThrow('cancelled');
    udp.close();
    await expect.poll(heldSockets, { timeout: 100, interval: 5 }).toEqual(before);
  });
});
