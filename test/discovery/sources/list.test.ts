/** The hand-kept list: read, read again when changed, and its bad lines named by number. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ListSource } from '../../../plugin/discovery/sources/list.js';
import { createDiscovery } from '../create.js';

const line = (address: string, more: object = {}) => JSON.stringify({ s: 'proxy3', i: address, p: '3128', ...more });

describe('the hand-kept list', () => {
  let folder: string;
  let file: string;
  let source: ListSource | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'list-'));
    file = join(folder, 'providers');
  });
  afterEach(async () => {
    vi.useRealTimers();
    await source?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(text?: string): Promise<ListSource> {
    if (text !== undefined) writeFileSync(file, text);
    source = new ListSource(file);
    await source.ready();
    return source;
  }
  const addresses = (list: ListSource) => list.sightings().map(({ announcement }) => announcement.address);
  const change = (list: ListSource) =>
    new Promise<void>((resolve) => {
      const stop = list.onChange(() => {
        stop();
        resolve();
      });
    });

  it('is one JSON object per line, with comments and empty lines between', async () => {
    const list = await open(
      `# my neighbours\n\n${line('10.0.0.1', { m: 'ada', d: 'A_proxy' })}\r\n  ${line('10.0.0.2')}  \n`,
    );
    expect(list.sightings().map(({ announcement }) => announcement)).toMatchObject([
      { node: 'ada', host: 'ada', description: 'A proxy', address: '10.0.0.1', port: 3128, gossip: null },
      { node: '10.0.0.2', host: '', address: '10.0.0.2' },
    ]);
    expect(list.status()).toMatchObject({ state: 'up', read: 2, skipped: {} });
    expect(list.status()).not.toHaveProperty('error');
  });

  it('may begin with a byte order mark', async () => {
    const list = await open(`\ufeff${line('10.0.0.1')}\n`);
    expect(list.status()).toMatchObject({ read: 1, skipped: {} });
  });

  it('names a bad line by its number and keeps the good ones', async () => {
    const list = await open(
      [line('10.0.0.1'), '# fine', '{oops', line('a.name'), line('10.0.0.2', { p: 0 }), line('10.0.0.3')].join('\n'),
    );
    expect(addresses(list)).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(list.status()).toMatchObject({
      state: 'up',
      skipped: { 'bad-json': 1, 'bad-address': 1, 'bad-port': 1 },
      error: { message: expect.stringMatching(/^line 3: .*; line 4: .*; line 5: /) },
    });
  });

  it('names the first five of a thousand bad lines', async () => {
    const { error } = (await open('x\n'.repeat(1_000))).status();
    expect(error?.message).toMatch(/line 5: [^;]*; and 995 more$/);
  });

  it('is read again when written to, and when an editor replaces it', async () => {
    const list = await open(line('10.0.0.1'));
    let changed = change(list);
    writeFileSync(file, line('10.0.0.2'));
    await changed;
    expect(addresses(list)).toEqual(['10.0.0.2']);
    for (const address of ['10.0.0.3', '10.0.0.4']) {
      changed = change(list);
      writeFileSync(`${file}.new`, line(address));
      renameSync(`${file}.new`, file);
      await changed;
      expect(addresses(list)).toEqual([address]);
    }
  });

  it('is away while the file is absent, keeps what it knew, and returns with the file', async () => {
    const list = await open(line('10.0.0.1'));
    let changed = change(list);
    rmSync(file);
    await changed;
    expect(list.status()).toMatchObject({
      state: 'away',
      read: 1,
      error: { hint: expect.stringContaining('PROVIDERS_FILE') },
    });
    expect(addresses(list)).toEqual(['10.0.0.1']);
    changed = change(list);
    writeFileSync(file, line('10.0.0.2'));
    await changed;
    expect(list.status()).toMatchObject({ state: 'up', read: 1 });
  });

  it('waits for a folder that is created later', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    file = join(folder, 'later', 'providers');
    const list = await open();
    expect(list.status()).toMatchObject({ state: 'away', lastUp: null });
    mkdirSync(join(folder, 'later'));
    writeFileSync(file, line('10.0.0.1'));
    const changed = change(list);
    await vi.advanceTimersByTimeAsync(5_000);
    await changed;
    expect(addresses(list)).toEqual(['10.0.0.1']);
  });

  it('refuses a file of more than 1 MiB', async () => {
    expect((await open('#'.repeat(1024 * 1024 + 1))).status()).toMatchObject({ state: 'away' });
  });

  it('feeds discovery, which notifies of its changes', async () => {
    writeFileSync(file, `${line('10.0.0.1')}\n${line('8.8.8.8')}`);
    const config = {
      serfRpc: { host: '127.0.0.1', port: 1 },
      serfAuthKey: null,
      providersFile: file,
      communityRanges: null,
    };
    const discovery = createDiscovery({ config, serf: false });
    await discovery.ready();
    expect(discovery.sources()).toHaveLength(1);
    expect(
      discovery
        .providers()
        .map(({ barred }) => barred)
        .sort(),
    ).toEqual(['not-allowed', null].sort());
    const told = new Promise<void>((resolve) => {
      discovery.onChange(() => {
        if (discovery.providers().length === 1) resolve();
      });
    });
    writeFileSync(file, line('10.0.0.9'));
    await told;
    expect(discovery.providers('proxy3')).toMatchObject([{ address: '10.0.0.9', sources: ['list'], stale: false }]);
    expect(discovery.providers('dnsservice')).toEqual([]);
    expect(discovery.find('nonsense')).toBeNull();
    await discovery.close();
  });
});
