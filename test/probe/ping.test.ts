/** The path by ping: what its words mean, and what becomes of a ping that is missing, forbidden, talkative or hangs. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Pinger } from '../../plugin/probe/ping.js';
import { stopwatch } from '../stopwatch.js';

const never = new AbortController().signal;
const path = (pinger: Pinger, { address = '127.0.0.1', signal = never, limitMs = 5_000 } = {}) =>
  pinger.path(address, { signal, limitMs });

/** A program in place of ping. Each run leaves a line with its process id and its arguments in the file `runs`. */
function standIn(script: string): { pinger: Pinger; program: string; repair(): void; runs(): string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'ping-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [program, runs] = [join(folder, 'ping'), join(folder, 'runs')];
  const repair = () => {
    writeFileSync(program, `#!/bin/sh\necho "$$ $LC_ALL $*" >>${runs}\n${script}\n`);
    chmodSync(program, 0o755);
  };
  repair();
  return {
    pinger: new Pinger(program),
    program,
    repair,
    runs: () => (existsSync(runs) ? readFileSync(runs, 'utf8').trim().split('\n') : []),
  };
}
const reply = (sequence: number, ms: string, more = '') =>
  `echo '24 bytes from 127.0.0.1: icmp_seq=${sequence} ttl=64 time=${ms} ms${more}'`;
const sample = (metric: string, value: number) => ({ metric, value, method: 'ping' });

describe('what ping says', () => {
  it('is two round-trip times, the difference between them, and no loss', async () => {
    const { pinger, runs } = standIn(`${reply(1, '12.5')}\n${reply(2, '20')}`);
    const samples = await path(pinger, { address: 'fd00::1' });
    expect(samples).toEqual([sample('rtt', 12.5), sample('rtt', 20), sample('jitter', 7.5), sample('loss', 0)]);
    expect(runs()).toEqual([expect.stringMatching(/^\d+ C -n -c 2 -i 0\.02 -W 1 -s 16 fd00::1$/)]);
  });

  it.each([
    ['first', reply(2, '7')],
    ['second', reply(1, '7')],
  ])('is half lost without the %s answer', async (_, script) => {
    expect(await path(standIn(script).pinger)).toEqual([sample('rtt', 7), sample('loss', 0.5)]);
  });

  it('counts a duplicate answer once, and ignores unrequested ones', async () => {
    const { pinger } = standIn([reply(1, '7'), reply(1, '9', ' (DUP!)'), reply(2, '7'), reply(3, '1')].join('\n'));
    expect(await path(pinger)).toEqual([sample('rtt', 7), sample('rtt', 7), sample('jitter', 0), sample('loss', 0)]);
  });

  it.each([
    ['back', "echo 'ping: Warning: time of day goes back (-56us), taking countermeasures' >&2", '0.000'],
    ['far back, by a ping without countermeasures', '', '-259200000.123'],
    ['forward by weeks', '', '3456000012'],
    ['forward by a minute', '', '60012'],
  ])('is no time of the packet during which the clock was set %s', async (_, warning, time) => {
    const { pinger } = standIn([warning, reply(1, time), reply(2, '1.40')].join('\n'));
    expect(await path(pinger)).toEqual([sample('rtt', 1.4), sample('loss', 0)]);
    const train = standIn([warning, reply(1, '1.00'), reply(2, time), reply(3, '1.40')].join('\n'));
    expect(await train.pinger.width('127.0.0.1', { signal: never, limitMs: 5_000 })).toEqual([]);
  });

  it('is no time at all where the clock was set by less than ping took', async () => {
    const { pinger, runs } = standIn(`${reply(1, '220')}\n${reply(2, '1.40')}\nsleep 0.3`);
    const asking = path(pinger);
    await expect.poll(runs).toHaveLength(1);
    const real = Date.now;
    const wallClock = vi.spyOn(Date, 'now').mockImplementation(() => real() + 200);
    onTestFinished(() => wallClock.mockRestore());
    expect(await asking).toEqual([sample('loss', 0)]);
  });

  it.each([
    ['nothing came back', 'exit 1'],
    ['there is no way there', "echo 'ping: connect: Network is unreachable' >&2; exit 2"],
    ['a firewall of our own forbids that one', "echo 'ping: sendmsg: Operation not permitted' >&2; exit 1"],
    ['a router says so', "echo 'From 10.0.0.1 icmp_seq=1 Destination Host Unreachable'; exit 1"],
  ])('is nothing known where %s, and the next one is asked again', async (_, script) => {
    const { pinger, runs } = standIn(script);
    expect(await path(pinger)).toEqual([]);
    expect(await path(pinger)).toEqual([]);
    expect(runs()).toHaveLength(2);
  });
});

describe('what three pings at once say', () => {
  const width = (value: number) => [{ metric: 'width', value: expect.closeTo(value, 6), method: 'ping-train' }];
  const wide = (pinger: Pinger) => pinger.width('127.0.0.1', { signal: never, limitMs: 5_000 });
  const back = (...times: readonly string[]) => times.map((ms, index) => reply(index + 1, ms)).join('\n');

  it('is how long each kilobyte takes where the path is narrowest', async () => {
    const { pinger, runs } = standIn(back('5.00', '7.10', '9.80'));
    expect(await wide(pinger)).toEqual(width(4.8 / 1.2));
    expect(runs()).toEqual([expect.stringMatching(/^\d+ C -n -c 3 -l 3 -W 1 -s 572 127\.0\.0\.1$/)]);
  });

  it.each([
    ['too near to each other to tell', ['5.00', '5.02', '5.05'], 0.1],
    ['in another order', ['5.00', '4.00', '3.00'], 0.1],
    ['so late that ping tells no tenths', ['150', '150', '150'], 1 / 1.2],
    ['late, and far from each other', ['98.5', '120', '140'], 41.5 / 1.2],
  ])('is no finer than the clock, where they come back %s', async (_, times, value) => {
    expect(await wide(standIn(back(...times)).pinger)).toEqual(width(value));
  });

  it('is empty when one is lost', async () => {
    expect(await wide(standIn(`${reply(1, '5')}\n${reply(3, '9')}\nexit 0`).pinger)).toEqual([]);
    expect(await wide(standIn(back('5', '9')).pinger)).toEqual([]);
  });
});

describe('a useless ping', () => {
  it.each([
    ['is missing', (program: string) => rmSync(program)],
    ['may not be run', (program: string) => chmodSync(program, 0o644)],
  ])('because it %s is not tried again', async (_, spoil) => {
    const { pinger, program, repair, runs } = standIn(reply(1, '7'));
    spoil(program);
    expect(await path(pinger)).toEqual([]);
    repair();
    expect(await path(pinger)).toEqual([]);
    expect(runs()).toEqual([]);
  });

  it.each([
    ['it gets no socket', "'ping: socket: Operation not permitted' >&2; exit 2"],
    ['it gets no socket, as old ones say it', "'ping: socket: Permission denied' >&2; exit 2"],
    ['it may not lay down its rights', "'ping: cap_set_proc: Operation not permitted' >&2; exit 255"],
  ])('because %s is not tried again', async (_, end) => {
    const { pinger, runs } = standIn(`echo ${end}`);
    expect(await path(pinger)).toEqual([]);
    expect(await path(pinger)).toEqual([]);
    expect(runs()).toHaveLength(1);
  });

  it('is not started for anything but a literal address', async () => {
    const { pinger, runs } = standIn(reply(1, '7'));
    for (const address of ['-f', 'example.org', '10.0.0.1;reboot', '']) {
      expect(await path(pinger, { address })).toEqual([]);
    }
    expect(runs()).toEqual([]);
  });

  it('is cut off when its output is endless', async () => {
    const { pinger, runs } = standIn(`while :; do ${reply(1, '7')}; done`);
    expect(await path(pinger)).toEqual([]);
    await gone(runs);
  });

  it('is ended at the limit when it hangs, and its partial output does not count', async () => {
    const { pinger, runs } = standIn(`${reply(1, '7')}\nexec sleep 60`);
    expect(await path(pinger, { limitMs: 100 })).toEqual([]);
    await gone(runs);
  });
});

describe('an abort', () => {
  it('ends it at once, with the reason, and leaves no process behind', async () => {
    const { pinger, runs } = standIn('exec sleep 60');
    const abort = new AbortController();
    const asking = path(pinger, { signal: abort.signal });
    asking.catch(() => {});
    await expect.poll(runs).toHaveLength(1);
    const elapsed = stopwatch();
    abort.abort(new Error('cancelled'));
    await expect(asking).rejects.toThrow('cancelled');
    expect(elapsed()).toBeLessThan(1_000);
    await gone(runs);
  });

  it('before the start starts nothing', async () => {
    const { pinger, runs } = standIn(reply(1, '7'));
    await expect(path(pinger, { signal: AbortSignal.abort(new Error('cancelled')) })).rejects.toThrow('cancelled');
    expect(runs()).toEqual([]);
  });
});

/** Resolves when the process of the one run is no more. */
async function gone(runs: () => string[]): Promise<void> {
  const pid = Number.parseInt(runs()[0] ?? '', 10);
  await expect.poll(() => existsSync(`/proc/${pid}`), { interval: 10, timeout: 5_000 }).toBe(false);
}
