/** The local network as a source: interfaces that are there, that fail, that come and go. */
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SourceState } from '../../../plugin/discovery/source.js';
import { AvahiSource } from '../../../plugin/discovery/sources/avahi/index.js';
import { createDiscovery } from '../create.js';

describe('the source', () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  /** Loopback, as if it led to neighbours. */
  const loopback = (networkInterfaces().lo ?? []).map((one) => ({ ...one, internal: false }));
  const open = (options: Partial<ConstructorParameters<typeof AvahiSource>[0]>) =>
    new AvahiSource({ types: ['syncthing'], required: false, ...options });

  it('is off without a link, and away where one is required', async () => {
    const nowhere = () => ({ lo: networkInterfaces().lo });
    const [optional, required] = [open({ interfaces: nowhere }), open({ interfaces: nowhere, required: true })];
    await Promise.all([optional.ready(), required.ready()]);
    expect(optional.status()).toEqual({ state: 'off', lastUp: null, read: 0, skipped: {} });
    expect(required.status()).toMatchObject({ state: 'away', lastUp: null, error: { code: 'no-multicast' } });
    expect(required.status().error?.hint).toContain('AVAHI=off');
    await Promise.all([optional.close(), required.close()]);
  });

  it('names the interface that fails', async () => {
    const gone = {
      ...{ address: '203.0.113.9', netmask: '255.255.255.0', cidr: '203.0.113.9/24' },
      ...{ family: 'IPv4' as const, mac: '02:00:00:00:00:01', internal: false },
    };
    const source = open({ interfaces: () => ({ gone0: [gone] }) });
    await source.ready();
    expect(source.status()).toMatchObject({ state: 'away', error: { message: expect.stringContaining('gone0') } });
    await source.close();
  });

  it('notices within half a minute that an interface disappears and returns', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    let lo = loopback;
    const source = open({ interfaces: () => ({ lo }), required: true });
    const becomes = async (state: SourceState) => {
      while (source.status().state !== state) await new Promise(setImmediate);
    };
    await becomes('up');
    lo = [];
    await vi.advanceTimersByTimeAsync(31_000);
    expect(source.status()).toMatchObject({ state: 'away', lastUp: expect.any(Number) });
    lo = loopback;
    await vi.advanceTimersByTimeAsync(31_000);
    await becomes('up');
    await source.close();
  });

  it('leaves no socket and no timer behind, even when closed at once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('UDP')).length;
    const closed = async (source: AvahiSource) => {
      const started = performance.now();
      await source.close();
      await source.ready();
      expect(performance.now() - started).toBeLessThan(1_000);
      // The system lets go of a socket in the turn after it said so.
      await new Promise(setImmediate);
      expect([sockets(), vi.getTimerCount()]).toEqual([0, 0]);
    };
    const source = open({ interfaces: () => ({ lo: loopback }) });
    while (source.status().state !== 'up') await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(sockets()).toBeGreaterThan(0);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await closed(source);
    await closed(open({ interfaces: () => ({ lo: loopback }) }));
  });

  it('is open only when configured', async () => {
    const config = {
      ...{ serfRpc: { host: '127.0.0.1', port: 1 }, serfAuthKey: null, providersFile: null, communityRanges: null },
    };
    const sources = async (avahi: 'auto' | 'on' | 'off', types?: string[]) => {
      const discovery = createDiscovery({ config: { ...config, avahi }, serf: false, ...(types ? { types } : {}) });
      const found = discovery.sources().map(({ name }) => name);
      await discovery.close();
      return found;
    };
    expect(await sources('auto', ['syncthing'])).toEqual(['avahi']);
    expect(await sources('on', ['syncthing'])).toEqual(['avahi']);
    expect(await sources('off', ['syncthing'])).toEqual([]);
    expect(await sources('on')).toEqual([]);
  });
});
