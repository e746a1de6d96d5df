/** One wait: ended once, by whatever comes first, with nothing left behind. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../plugin/lib/wait.js';
import { toFailure } from '../../plugin/probe/failure.js';

const never = new AbortController().signal;

describe('waitFor', () => {
  it('ends with the event, even one during the start of listening, and stops listening once', async () => {
    let stopped = 0;
    const stop = () => {
      stopped += 1;
    };
    const listen = (end: (outcome: () => string) => void) => {
      end(() => 'event');
      end(() => 'again');
      return stop;
    };
    expect(await waitFor({ signal: never, limitMs: 1_000, atLimit: () => 'limit', listen })).toBe('event');
    expect(stopped).toBe(1);
  });

  it('ends at the limit', async () => {
    const listen = () => () => {};
    expect(await waitFor({ signal: never, limitMs: 5, atLimit: () => 'limit', listen })).toBe('limit');
  });

  it('rejects with an error of listening, and leaves no timer and no listener', async () => {
    const abort = new AbortController();
    const listen = () => {
      throw new RangeError('no such port');
    };
    const before = process.getActiveResourcesInfo().length;
    const waiting = waitFor({ signal: abort.signal, limitMs: 60_000, atLimit: () => '', listen });
    await expect(waiting).rejects.toThrow('no such port');
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    expect(process.getActiveResourcesInfo()).toHaveLength(before);
  });

  it('rejects with an error of the outcome: a mistake of ours is not a result', async () => {
    const listen = (end: (outcome: () => string) => void) => {
      setImmediate(() =>
        end(() => {
          throw new Error('our mistake');
        }),
      );
      return () => {};
    };
    await expect(waitFor({ signal: never, limitMs: 1_000, atLimit: () => '', listen })).rejects.toThrow('our mistake');
  });
});

describe('toFailure', () => {
  const UNREACHABLE = { level: 0, reason: 'unreachable' };
  it.each<[string, object]>([
    ['ECONNREFUSED', { level: 1, reason: 'refused' }],
    ['ECONNRESET', { level: 2, reason: 'closed' }],
    ['EHOSTUNREACH', UNREACHABLE],
    // What a host may answer by ICMP, on a port that has nothing wrong with it.
    ['ENOPROTOOPT', UNREACHABLE],
    ['ENONET', UNREACHABLE],
    ['EMSGSIZE', UNREACHABLE],
    ['EPROTO', UNREACHABLE],
    // Of ICMPv6, "administratively prohibited": another machine's word.
    ['EACCES', UNREACHABLE],
    ['EPERM', { ...UNREACHABLE, detail: 'forbidden on this machine' }],
  ])('%s says something about the provider', (code, failed) => {
    expect(toFailure(Object.assign(new Error(code), { code, syscall: 'recvmsg' }))).toEqual(failed);
  });

  it('treats too many open sockets as our own failure, not the provider’s', () => {
    const error = Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'connect' });
    expect(() => toFailure(error)).toThrow(error);
  });

  it('does not treat a mistake of ours as a failure of the provider', () => {
    const mistake = new TypeError('bug');
    expect(() => toFailure(mistake)).toThrow(mistake);
  });
});
