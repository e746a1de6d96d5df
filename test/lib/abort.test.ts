/** Work that cannot be told to stop, and a caller that need not wait for it. */
import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { orAbort } from '../../plugin/lib/abort.js';

const never = new Promise<string>(() => {});

describe('orAbort', () => {
  it('ends as the work does, and leaves no listener', async () => {
    const { signal } = new AbortController();
    await expect(orAbort(Promise.resolve('done'), signal)).resolves.toBe('done');
    await expect(orAbort(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('rejects with the reason once the signal aborts, or where it has aborted before', async () => {
    const controller = new AbortController();
    const waiting = orAbort(never, controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await expect(orAbort(never, controller.signal)).rejects.toThrow('cancelled');
  });
});
