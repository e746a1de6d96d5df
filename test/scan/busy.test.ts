import { availableParallelism, loadavg } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { busiest, busyWith } from '../../plugin/scan/busy.js';

vi.mock('node:os', async (original) => ({ ...(await original<typeof import('node:os')>()), loadavg: vi.fn() }));
afterEach(() => vi.mocked(loadavg).mockReset());

const HEAD = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;
const row = (name: string, received: number, sent: number) =>
  `${name}:${received} 10 0 0 0 0 0 0 ${sent}       10    0    0    0     0       0          0\n`;

const NOON = new Date(2026, 5, 1, 12).getTime();

describe('a busy node', () => {
  it('is busy at night', async () => {
    vi.mocked(loadavg).mockReturnValue([availableParallelism() + 0.1, 0, 0]);
    expect(await busyWith(new AbortController().signal, NOON - 4 * 3_600_000)).toBe('night');
  });

  it('is at night when the owner says so', async () => {
    vi.mocked(loadavg).mockReturnValue([availableParallelism() + 0.1, 0, 0]);
    const read = (from: number, to: number) => busyWith(new AbortController().signal, NOON, { from, to });
    expect(await read(13, 12)).toBe('night');
    expect(await read(12, 13)).toBe('load');
  });

  it('is busy when more than one process waits for each core', async () => {
    vi.mocked(loadavg).mockReturnValue([availableParallelism() + 0.1, 0, 0]);
    expect(await busyWith(new AbortController().signal, NOON)).toBe('load');
  });

  it('is measured by the traffic of its busiest interface, both ways', () => {
    const before = HEAD + row('    lo', 0, 0) + row('  eth0', 1_000, 2_000) + row(' wlan0', 5, 5);
    const after = HEAD + row('    lo', 9e9, 9e9) + row('  eth0', 101_000, 27_000) + row(' wlan0', 5, 10_005);
    expect(busiest(before, after, 1_000)).toBe(1_000_000);
    expect(busiest(before, after, 2_000)).toBe(500_000);
  });

  it('ignores an interface that came, went or restarted its counters, and counters that cannot be read', () => {
    const before = HEAD + row('eth0', 5e9, 5e9) + row('tun0', 7e9, 0);
    const after = HEAD + row('eth0', 10, 10) + row('wlan0', 8e9, 8e9);
    expect(busiest(before, after, 1_000)).toBe(0);
    expect(busiest('', '', 1_000)).toBe(0);
    expect(busiest('eth0: what is this\n', 'eth0: not for machines\n', 1_000)).toBe(0);
  });

  it('stops watching when its signal aborts', async () => {
    vi.mocked(loadavg).mockReturnValue([0, 0, 0]);
    const abort = new AbortController();
    const watching = busyWith(abort.signal, NOON);
    abort.abort();
    await expect(watching).rejects.toThrow('aborted');
  });
});
