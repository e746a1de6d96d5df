/** A child that times the way from the click on "scan" until every provider has its score. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { loadConfig } from '../../plugin/config/index.js';
import { createPanel } from '../../plugin/panel/open.js';
import { argument, say } from './child.js';

const { count, port } = argument<{ count: number; port: number }>();
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const providersFile = join(folder, 'providers');
const lines = Array.from({ length: count }, (_, i) => ({
  s: 'dnsservice',
  m: `node${i + 1}`,
  i: `127.79.0.${i + 1}`,
  p: `${port}`,
}));
writeFileSync(providersFile, lines.map((line) => JSON.stringify(line)).join('\n'));

const config = {
  ...loadConfig({ env: {}, file: '' }),
  dataDir: folder,
  providersFile,
  communityRanges: ['127.0.0.0/8'],
};
const panel = await createPanel(config, { demo: false });
await panel.discovery.ready();
const started = performance.now();
const job = panel.scan('dnsservice');
for await (const _ of setInterval(2)) if (panel.jobs.get(job.id).done >= count) break;
const { ranked } = await panel.type('dnsservice');
const ms = performance.now() - started;
const scored = ranked.filter(({ score }) => score !== null && score > 0).length;
if (scored !== count) throw new Error(`${scored} of ${count} have a score`);
say(ms);
await panel.close();
rmSync(folder, { recursive: true });
