/**
 * A child that fills a data folder with 90 days of history of many providers of one type; or one that serves their list
 * from the folder, says where, and at `/memory` what it holds.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Fastify from 'fastify';
import { loadConfig } from '../../plugin/config/index.js';
import { DAY_MS } from '../../plugin/lib/time.js';
import { providerId } from '../../plugin/model/provider.js';
import { createPanel } from '../../plugin/panel/open.js';
import { openStore } from '../../plugin/store/index.js';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { registerWeb } from '../../plugin/web/index.js';
import { argument, say } from './child.js';

const TYPE = 'syncthing';
/** Of the owner, in the pages part. */
const PASSWORD = 'a password of the bench';
const DAYS = 90;
const NOW = Date.now();

const { what, count, folder } = argument<{ what: 'fill' | 'serve'; count: number; folder: string }>();
const addresses = Array.from({ length: count }, (_, index) => `10.20.${index >> 8}.${index & 255}`);

/** A probe a day for each, and forty of the last day. */
async function remember(): Promise<true> {
  let now = 0;
  const store = openStore(join(folder, 'cloudy-services.sqlite'), () => now);
  for (let day = DAYS - 1; day >= 0; day--) {
    for (const [index, address] of addresses.entries()) {
      const provider = providerId({ type: TYPE, address, port: 22_000 });
      for (let nth = day === 0 ? 40 : 1; nth > 0; nth--) {
        now = NOW - day * DAY_MS - nth * 600_000;
        const tried = { provider, type: TYPE, at: now, bytes: 1_500 };
        const samples = [7, 9].map((ms) => ({ metric: 'rtt', value: ms + index / 7 + nth / 3, method: 'serf-ping' }));
        if ((index + nth + day) % 9 === 0) store.attempts.add({ ...tried, level: 0, reason: 'timeout', detail: null });
        else store.attempts.add({ ...tried, level: 4, reason: null, samples, facts: { tls: 'TLSv1.3' } });
      }
      store.history.note(TYPE, provider, 50 + (index % 40));
    }
    store.flush();
  }
  await setOwnerPassword(store.settings, PASSWORD);
  store.close();
  announce();
  return true;
}

/** As the owner's own list. @returns its file */
function announce(): string {
  const providersFile = join(folder, 'providers');
  const lines = addresses.map((i, index) => JSON.stringify({ s: TYPE, m: `node${index}`, i, p: '22000' }));
  writeFileSync(providersFile, lines.join('\n'));
  return providersFile;
}

async function serve(): Promise<string> {
  const config = { ...loadConfig({ env: {}, file: '' }), dataDir: folder, providersFile: announce() };
  const panel = await createPanel(config, { demo: false });
  await panel.discovery.ready();
  const app = Fastify();
  await app.register((scope) => registerWeb(scope, panel));
  app.get('/memory', () => livingMB());
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}`;
}

/** What the program still holds, whatever garbage the pages before have left, MB (10⁶ bytes). */
function livingMB(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

say(what === 'fill' ? await remember() : await serve());
