import { createSocket, type Socket } from 'node:dgram';
import { decode, encode } from '@msgpack/msgpack';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { log } from '../../plugin/lib/log.js';
import { jitter, widthOfPath } from '../../plugin/model/metric.js';
import type { Provider } from '../../plugin/model/provider.js';
import { isFailed, type Prober } from '../../plugin/probe/index.js';
import { PACKET_TRAIN_COST, PING_COST, withPacketTrain } from '../../plugin/probe/ping.js';
import { elapsed } from '../../plugin/probe/times.js';
import { openUdp } from '../../plugin/probe/udp.js';
import { HostPings } from '../../plugin/scan/attempt/host-pings.js';
import { type AttemptOptions, attemptOnce } from '../../plugin/scan/attempt.js';
import { LagGuard, Stalls } from '../../plugin/scan/lag.js';
import type { ServiceType } from '../../plugin/services/contract.js';
import { stopwatch } from '../stopwatch.js';

const lag = new LagGuard();
afterAll(() => lag.close());
const provider = { id: 'p', type: 'thing', address: '10.0.0.1', port: 1, gossip: null } as unknown as Provider & {
  port: number;
};
const attempt = (probe: Prober, at = provider, deadlineMs = 50, signal = new AbortController().signal) => {
  const type = { id: 'thing', probe, cost: { packets: 1, bytes: 60 }, metrics: [] } as unknown as ServiceType;
  return attemptOnce(type, at, { lag, now: () => 7, signal, deadlineMs });
};
const never = new Promise<never>(() => {});

/** Keeps the processor busy for this many ms of processor time. */
function block(ms: number): void {
  const before = process.cpuUsage();
  const used = () => process.cpuUsage(before);
  while (used().user + used().system < ms * 1_000);
}

/** A provider that sends back what it gets, and one that says nothing. */
async function twoSockets() {
  const [echo, silent] = await Promise.all(
    ['echo', 'silent'].map(async (kind) => {
      const socket = createSocket('udp4');
      socket.on('message', (datagram, { port, address }) => {
        if (kind === 'echo') socket.send(datagram, port, address);
      });
      await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
      onTestFinished(() => new Promise<void>((done) => socket.close(done)));
      return { ...provider, address: '127.0.0.1', port: socket.address().port };
    }),
  );
  return { echo, silent } as { echo: typeof provider; silent: typeof provider };
}

/** Only a stall of 150 ms invalidates a time of this length: shorter ones happen on a busy machine. */
const LONG_MS = 5_000;

/** Asks once; runs the given work while the answer is read, and in the promise after that. */
const asking =
  (read: () => void, after = () => {}): Prober =>
  async (target, context) => {
    const udp = await openUdp(target, context);
    if (isFailed(udp)) return udp;
    const ask = () => ({
      datagram: Buffer.from('?'),
      read: () => {
        read();
        return true;
      },
    });
    const answer = await udp.ask(ask, 1, 1_000).finally(() => udp.close());
    if (isFailed(answer)) return answer;
    after();
    return { level: 3, samples: [{ metric: 'rtt', value: LONG_MS, method: 'udp' }], facts: {} };
  };

/** An attempt at the silent one, begun: its limit passes while this program is busy with somebody else. */
async function stillWaiting(silent: typeof provider) {
  const waiting = attempt(
    asking(() => {}),
    silent,
    9_000,
  );
  await new Promise((turned) => setImmediate(turned));
  return waiting;
}

describe('an attempt', () => {
  const done = { level: 3, samples: [], facts: {} } as const;
  const answering: Prober = async () => done;
  const bare = { id: 'thing', probe: answering, cost: { packets: 1, bytes: 60 }, metrics: [] };
  const offered = { user: 'anna', password: 'horse' };
  const made = async (of: Partial<ServiceType>, more: Partial<AttemptOptions> = {}) => {
    const type = { ...bare, ...of } as unknown as ServiceType;
    const options = { lag, now: () => 7, signal: new AbortController().signal };
    return (await attemptOnce(type, provider, { ...options, ...more })).attempt;
  };

  it('passes the request, the account and our own configuration to the probe, and stores none of them', async () => {
    const seen: unknown[] = [];
    const probe: Prober = async ({ own }, { asked, account }) => {
      seen.push({ own: own && Object.fromEntries(own), asked, account });
      return done;
    };
    const introduce = async ({ id }: Provider) => new Map([['name', `we, to ${id}`]]);
    const attempts = [await made({ probe }), await made({ probe, introduce }, { asked: true, account: offered })];
    expect(seen).toEqual([
      { own: undefined, asked: false, account: undefined },
      { own: { name: 'we, to p' }, asked: true, account: offered },
    ]);
    const kept = { provider: 'p', type: 'thing', at: 7, bytes: 60, level: 3, reason: null, samples: [], facts: {} };
    expect(attempts).toEqual([kept, kept]);
  });

  it('sanitises what a provider says of itself', async () => {
    const rude = 'a\u001b[2J\u0085\u202eb\nc';
    const facts = { software: rude, name: 'x'.repeat(1_000) };
    const said = await made({ probe: async () => ({ level: 3, samples: [], facts }) });
    expect(said).toMatchObject({ facts: { software: 'a[2Jb c', name: 'x'.repeat(128) } });
    const failed = await made({ probe: async () => ({ level: 3, reason: 'wrong-identity', detail: rude }) });
    expect(failed).toMatchObject({ detail: 'a[2Jb c' });
  });

  it('does not count reading our own configuration against the deadline', async () => {
    const introduce = async () => {
      await new Promise((read) => setTimeout(read, 80));
      return new Map();
    };
    expect(await made({ introduce }, { deadlineMs: 50 })).toMatchObject({ reason: null });
  });

  it('costs more when a person asked for more, or offered an account', async () => {
    const askedCost = { packets: 1, bytes: 40 };
    const text = { ca: 'x', es: 'x', en: 'x', de: 'x' };
    const account = { label: text, explanation: text };
    const bytes = async (of: Partial<ServiceType>, more: Partial<AttemptOptions>) => (await made(of, more))?.bytes;
    expect(await bytes({ askedCost }, {})).toBe(60);
    expect(await bytes({ askedCost }, { asked: true })).toBe(100);
    expect(await bytes({ askedCost, account }, { asked: true })).toBe(60);
    expect(await bytes({ askedCost, account }, { asked: true, account: offered })).toBe(100);
  });

  it('counts the bytes that the probe saw, but never less than the declared cost', async () => {
    const of = async (bytes: number) =>
      (
        await attempt(async (_, { traffic }) => {
          traffic.received += bytes;
          return { level: 3, samples: [], facts: {} };
        })
      ).attempt?.bytes;
    expect([await of(10), await of(1_000)]).toEqual([60, 1_000]);
  });

  it('times out without a number at its deadline, even when the probe ignores its signal', async () => {
    const expected = { provider: 'p', type: 'thing', at: 7, bytes: 60, level: 0, reason: 'timeout', detail: null };
    expect((await attempt(() => never)).attempt).toEqual(expected);
    const heeding: Prober = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect((await attempt(heeding)).attempt).toEqual(expected);
  });

  it('stores nothing when its job is cancelled', async () => {
    const abort = new AbortController();
    const trying = attempt(() => never, provider, 50, abort.signal);
    abort.abort();
    await expect(trying).rejects.toThrow('aborted');
  });

  it('stores a probe that throws on an answer as the provider’s failure, and logs each mistake once', async () => {
    const logged = vi.spyOn(log, 'error').mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    const stumbling =
      (received: number): Prober =>
      async (_, { traffic }) => {
        traffic.received += received;
        throw new TypeError('dest[field].push is not a function\u001b[2J');
      };
    expect((await attempt(stumbling(0))).attempt).toMatchObject({ level: 0, reason: 'unreadable', detail: null });
    expect((await attempt(stumbling(9))).attempt).toMatchObject({ level: 2, reason: 'unreadable', bytes: 60 });
    expect((await attempt(() => Promise.reject('no error at all'))).attempt).toMatchObject({ reason: 'unreadable' });
    expect(logged.mock.calls.map(([text]) => /push is not|no error/.exec(String(text))?.[0])).toEqual([
      'push is not',
      'no error',
    ]);
    expect(String(logged.mock.calls[0])).not.toContain('\u001b');
  });

  it('throws when this node runs out of a resource', async () => {
    const error = Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'connect' });
    await expect(attempt(() => Promise.reject(error))).rejects.toThrow(error);
  });

  it('continues without our own configuration when it cannot be read', async () => {
    const logged = vi.spyOn(log, 'error').mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    const introduce = () => Promise.reject(new Error('a mistake in reading tinc.conf'));
    expect(await made({ introduce })).toMatchObject({ reason: null, level: 3 });
    expect(logged).toHaveBeenCalledOnce();
  });

  it('handles a failure of the path probe, whenever it comes', async () => {
    const logged = vi.spyOn(log, 'error').mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    const unheard = vi.fn();
    process.on('unhandledRejection', unheard);
    onTestFinished(() => void process.off('unhandledRejection', unheard));
    const slow: Prober = () => new Promise((answer) => setTimeout(answer, 20, done));
    const gossip = { address: provider.address, port: 70_000 };
    expect((await attempt(slow, { ...provider, gossip }, 3_000)).attempt).toMatchObject({ reason: 'unreadable' });
    expect(unheard).not.toHaveBeenCalled();
  });

  it('blames nobody for a failure while our own event loop was blocked', async () => {
    const outcome = await attempt(async () => {
      const until = performance.now() + 600;
      while (performance.now() < until);
      return { level: 2, reason: 'timeout' };
    });
    expect(outcome).toEqual({ attempt: null, lagged: true, bytes: 60 });
  });

  it('blames the provider whose bytes blocked the loop, whether they were read at once or in a later promise', async () => {
    const { silent, echo } = await twoSockets();
    const waiting = stillWaiting(silent);
    const slowly = { level: 3, reason: 'too-large', detail: expect.stringMatching(/^reading its answer took \d+ ms$/) };
    for (const late of [false, true]) {
      const busy = await attempt(
        asking(late ? () => {} : () => block(700), late ? () => block(700) : () => {}),
        echo,
        9_000,
      );
      expect(busy).toMatchObject({ attempt: slowly, lagged: false });
    }
    expect(await waiting).toMatchObject({ attempt: null, lagged: true });
  });

  it('drops the times of a provider whose bytes blocked the loop for less, and does not repeat the attempt', async () => {
    const { echo } = await twoSockets();
    const { attempt: own, lagged } = await attempt(
      asking(() => block(400)),
      echo,
      9_000,
    );
    expect({ own, lagged }).toMatchObject({ own: { reason: null, samples: [] }, lagged: false });
  });

  it('keeps a time unless a stall hides its beginning or its end, also where later questions were asked', async () => {
    const from = performance.now();
    /** How many of two times are kept: of 50 ms, and 100 ms later of 40 ms; and whether more are worth their bytes. */
    const kept = async (...blocked: readonly [from: number, to: number][]) => {
      const stalls = new Stalls();
      for (const [start, end] of blocked) stalls.add({ from: from + start, to: from + end, ms: end - start - 2 });
      const probe: Prober = async (_, { times }) => {
        const values = [elapsed(from, times, from + 50), elapsed(from + 150, times, from + 190)];
        return { level: 3, samples: values.map((value) => ({ metric: 'answer', value, method: 'udp' })), facts: {} };
      };
      const type = { ...bare, probe } as unknown as ServiceType;
      const options = { lag: { watch: () => () => stalls }, now: () => 7, signal: new AbortController().signal };
      const { attempt: outcome, lagged } = await attemptOnce(type, provider, options);
      return outcome?.reason === null ? [outcome.samples.length, lagged] : null;
    };
    expect(await kept()).toEqual([2, false]);
    expect(await kept([10, 40])).toEqual([2, false]);
    expect(await kept([10, 40], [60, 140], [200, 300])).toEqual([2, false]);
    expect(await kept([40, 60])).toEqual([1, true]);
    expect(await kept([-10, 10], [160, 180])).toEqual([1, true]);
    expect(await kept([40, 170])).toEqual([0, true]);
  });

  it('drops a time of a clock that nobody knows where the loop was blocked at all', async () => {
    const stalls = new Stalls();
    stalls.add({ from: 10, to: 40, ms: 28 });
    const samples = [{ metric: 'answer', value: 50, method: 'udp' }];
    const lag = { watch: () => () => stalls };
    expect(await made({ probe: async () => ({ level: 3, samples, facts: {} }) }, { lag })).toMatchObject({
      samples: [],
    });
  });

  it('measures the path to a gossiping node alongside the probe, and does not wait for a silent one', async () => {
    const echo = createSocket('udp4');
    // A Serf agent's acknowledgement, as little of it as a ping needs: the sequence number that was sent.
    echo.on('message', (ping, from) => {
      const { SeqNo } = decode(ping.subarray(1)) as { SeqNo: number };
      echo.send(Buffer.concat([Buffer.of(2), encode({ SeqNo, Payload: Buffer.alloc(0) })]), from.port, from.address);
    });
    const silent = createSocket('udp4');
    await Promise.all([echo, silent].map((socket) => new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))));
    const answers: Prober = async () => ({ level: 3, samples: [], facts: {} });
    const methods = async (socket: Socket) => {
      const gossip = { address: '127.0.0.1', port: socket.address().port };
      const { attempt: made } = await attempt(answers, { ...provider, address: '127.0.0.1', gossip }, 3_000);
      return made?.reason === null ? made.samples.map(({ metric, method }) => `${metric} ${method}`) : [];
    };
    const loss = 'loss serf-ping';
    expect(await methods(echo)).toContain(loss);
    const elapsed = stopwatch();
    expect(await methods(silent)).toEqual([]);
    expect(elapsed()).toBeLessThan(900);
    echo.close();
    silent.close();
  });

  it('pings the path after the probe when the node does not gossip, and counts the cost', async () => {
    const asked: { address: string; limitMs: number; probed: boolean }[] = [];
    let probed = false;
    const pinger = {
      path: async (address: string, { limitMs }: { limitMs: number }) => {
        asked.push({ address, limitMs, probed });
        return [{ metric: 'loss', value: 0, method: 'ping' }];
      },
      width: async () => [{ metric: 'width', value: 2, method: 'ping-train' }],
    };
    const probe: Prober = async () => {
      probed = true;
      return { level: 3, samples: [], facts: {} };
    };
    const type = { id: 'thing', probe, cost: { packets: 1, bytes: 60 }, metrics: [] } as unknown as ServiceType;
    const pings = new HostPings(pinger);
    const options = { lag, now: () => 7, signal: new AbortController().signal, pings };
    const { attempt: made } = await attemptOnce(type, provider, options);
    expect(made).toMatchObject({ samples: [{ metric: 'loss', method: 'ping' }], bytes: 60 + PING_COST.bytes });
    expect(asked).toEqual([{ address: '10.0.0.1', limitMs: expect.any(Number), probed: true }]);
    const failing = { ...type, probe: async () => ({ level: 2, reason: 'timeout' }) as const };
    expect((await attemptOnce(failing, provider, options)).attempt).toMatchObject({ reason: 'timeout', bytes: 60 });
    const gossip = { address: '10.0.0.1', port: 9 };
    await attemptOnce(
      { ...type, metrics: [jitter({ weight: 1, useless: 2, excellent: 1 })] },
      { ...provider, gossip },
      options,
    );
    expect(asked).toHaveLength(1);
  });

  it('measures the width of the path when the type weighs it, and counts it only when the probe was answered', async () => {
    const measured = { metric: 'width', value: 2, method: 'ping-train' };
    const pinger = { path: async () => [], width: async () => [measured] };
    const probe: Prober = async () => ({ level: 3, samples: [], facts: {} });
    const metrics = [widthOfPath({ weight: 1, useless: 2, excellent: 1 })];
    const type = {
      id: 'thing',
      probe,
      cost: withPacketTrain({ packets: 1, bytes: 60 }),
      metrics,
    } as unknown as ServiceType;
    const options = { lag, now: () => 7, signal: new AbortController().signal };
    const made = async (change: Partial<ServiceType>) =>
      (await attemptOnce({ ...type, ...change }, provider, { ...options, pings: new HostPings(pinger) })).attempt;
    const pinged = 60 + PING_COST.bytes;
    expect(await made({})).toMatchObject({ samples: [measured], bytes: pinged + PACKET_TRAIN_COST.bytes });
    const failing: Prober = async () => ({ level: 2, reason: 'timeout' });
    expect(await made({ probe: failing })).toMatchObject({ reason: 'timeout', bytes: 60 });
    expect(await made({ metrics: [] })).toMatchObject({ samples: [], bytes: pinged + PACKET_TRAIN_COST.bytes });
    expect((await attemptOnce(type, provider, options)).attempt).toMatchObject({ samples: [], bytes: 60 });
  });
});

describe('when announcers contradict each other', () => {
  const contradictions = ['EVIL2', 'GOOD', 'EVIL3'].map((id) => ({
    ...{ node: `node of ${id}`, source: 'serf' as const },
    txt: new Map([['node_id', id]]),
  }));
  const disputed = { ...provider, txt: new Map([['node_id', 'EVIL']]), contradictions };
  const tried: (string | undefined)[] = [];
  const identifying: Prober = async ({ txt }) => {
    tried.push(txt.get('node_id'));
    if (txt.get('node_id') !== 'GOOD') return { level: 3, reason: 'wrong-identity', detail: 'it is GOOD' };
    return { level: 4, samples: [], facts: {} };
  };

  it('tries each announced identity until one matches, and names its announcer', async () => {
    tried.length = 0;
    const { attempt: made } = await attempt(identifying, disputed);
    expect(made).toMatchObject({ level: 4, reason: null, facts: { 'announced by': 'node of GOOD' } });
    expect(tried).toEqual(['EVIL', 'EVIL2', 'GOOD']);
  });

  it('fails with the result of the believed identity when none matches, or for another reason', async () => {
    const liars = { ...disputed, contradictions: contradictions.filter(({ node }) => node !== 'node of GOOD') };
    expect((await attempt(identifying, liars)).attempt).toMatchObject({
      reason: 'wrong-identity',
      detail: 'it is GOOD',
    });
    tried.length = 0;
    const silent: Prober = async ({ txt }) => {
      tried.push(txt.get('node_id'));
      return { level: 0, reason: 'timeout' };
    };
    expect((await attempt(silent, disputed)).attempt).toMatchObject({ reason: 'timeout' });
    expect(tried).toEqual(['EVIL']);
  });
});
