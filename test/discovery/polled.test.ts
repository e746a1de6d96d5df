/** A list that is read from time to time is read again when somebody looks, and not too often. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../plugin/config/index.js';
import { PolledSource, type Reading } from '../../plugin/discovery/polled/index.js';
import { Seniority } from '../../plugin/discovery/seniority.js';
import { createPanel } from '../../plugin/panel/open.js';
import { startWeb, Visitor } from '../web/app.js';

const MINUTE = 60_000;
const error = { code: 'gone', hint: 'Look for it.' };

/** A source whose time the test tells, with how often it was read. */
function sourceOf(read: () => Promise<Reading | null>) {
  const at = { now: 1_000_000, reads: 0 };
  const now = () => at.now;
  const counted = () => {
    at.reads++;
    return read();
  };
  const source = new PolledSource(
    { read: counted, everyMs: 5 * MINUTE, error },
    { now, seniority: new Seniority(now) },
  );
  onTestFinished(() => source.close());
  const changed = () =>
    new Promise<void>((resolve) => {
      const stop = source.onChange(() => {
        stop();
        resolve();
      });
    });
  return { source, at, changed };
}
const nothing: Reading = { found: [], skipped: [] };

it('is read at once, and again on request once the last reading is a minute old', async () => {
  const { source, at, changed } = sourceOf(async () => nothing);
  await source.ready();
  source.refresh();
  at.now += MINUTE - 1;
  source.refresh();
  await turn();
  expect(at.reads).toBe(1);
  at.now += 1;
  const read = changed();
  for (let asked = 0; asked < 50; asked++) source.refresh();
  await read;
  expect(at.reads).toBe(2);
  source.refresh();
  await turn();
  expect(at.reads).toBe(2);
});

it('is not asked twice at once, nor sooner where it cannot be read', async () => {
  let fail = (_: Error) => {};
  const { source, at, changed } = sourceOf(
    () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
  );
  await turn();
  at.now += 10 * MINUTE;
  source.refresh();
  await turn();
  expect(at.reads).toBe(1);
  const failed = changed();
  fail(new Error('refused'));
  await failed;
  source.refresh();
  at.now += MINUTE;
  source.refresh();
  await turn();
  expect(at.reads).toBe(2);
  fail(new Error('refused'));
});

it('is left alone on request where there is nothing to read, and once it is closed', async () => {
  const { source, at } = sourceOf(async () => null);
  await source.ready();
  at.now += 10 * MINUTE;
  source.refresh();
  await turn();
  expect(at.reads).toBe(1);
});

it('is read for whoever opens a page, and not for pages that are left open', async () => {
  const web = await startWeb();
  onTestFinished(() => web.app.close());
  let refreshed = 0;
  web.panel.discovery.refresh = () => {
    refreshed++;
  };
  const visitor = new Visitor(web);
  await visitor.get('/');
  await visitor.get('/services/dnsservice');
  expect(refreshed).toBe(2);
  await visitor.get('/', { 'hx-request': 'true' });
  await visitor.get('/healthz');
  expect(refreshed).toBe(2);
});

it('is read for whoever starts a scan', async () => {
  let asked = 0;
  const router = createServer((_, reply) => {
    asked++;
    reply.end('{"services": []}');
  });
  await new Promise<void>((resolve) => router.listen(0, '127.0.0.1', resolve));
  const dataDir = mkdtempSync(join(tmpdir(), 'polled-'));
  onTestFinished(() => {
    router.close();
    rmSync(dataDir, { recursive: true });
  });
  const arednNode = `127.0.0.1:${(router.address() as AddressInfo).port}`;
  const serfRpc = { host: '127.0.0.1', port: 1, isAssumed: true } as const;
  const config = { ...loadConfig({ env: {}, file: '' }), dataDir, arednNode, serfRpc, avahi: 'off' } as const;
  let now = Date.now();
  const panel = await createPanel(config, { demo: false, now: () => now });
  onTestFinished(() => panel.close());
  await panel.discovery.ready();
  const scan = () => expect(() => panel.scan('dnsservice')).toThrow('nothing');
  scan();
  now += MINUTE;
  scan();
  await expect.poll(() => asked).toBe(2);
});
