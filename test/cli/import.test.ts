/** `import`: a zone of guifi.net as lines of the hand-kept list, without looking anything up, in bounded memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { readEntry } from '../../plugin/announcement/entry.js';
import { importList } from '../../plugin/cli/import/index.js';
import { loadServices } from '../../plugin/services/index.js';

const services = await loadServices();
const service = (type: string, status = 'Working', title = `${type} &amp; more`) =>
  `<service created="20150101" id="7" title="${title}" type="${type}" status='${status}' updated="">text</service>`;
const device = (title: string, address: string, ...inside: string[]) =>
  `<device id="1" title="${title}" mainipv4="${address}" status="Working">\n${inside.join('\n')}</device>\n`;
const cnml = (...devices: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<cnml version="0.1">\n<network><zone id="1">\n${devices.join('')}</zone></network></cnml>\n`;

/** What the command writes, from pieces of the given length. */
async function run(text: string, piece = 7) {
  const said = { stdout: '', stderr: '' };
  const pieces = Array.from({ length: Math.ceil(text.length / piece) }, (_, at) =>
    text.slice(at * piece, (at + 1) * piece),
  );
  const io = {
    stdin: Readable.from(pieces.map((part) => Buffer.from(part))),
    stdout: { write: (part: string) => (said.stdout += part) },
    stderr: { write: (part: string) => (said.stderr += part) },
  };
  expect(await importList('-', io, services, { json: false })).toBe(0);
  const lines = said.stdout.split('\n').filter(Boolean);
  return { ...said, lines, entries: lines.map((line) => JSON.parse(line)) };
}

it('takes the working services of devices, each type at its port, and says what it left out', async () => {
  const { entries, lines, stderr } = await run(
    cnml(
      device('Torre-Server', '10.139.40.22', service('DNS'), service('Proxy'), service('SNPgraphs', 'Planned')),
      device('Nameless', '', service('DNS')),
      device('Late', '', '<radio><interface id="3" ipv4="10.139.40.23"/></radio>', service('radio')),
      device('Odd', 'a.name', service('DNS')),
      device('Odd', '10.0.0.1', service('two words')),
    ),
  );
  expect(entries).toEqual([
    { s: 'dnsservice', m: 'Torre-Server', i: '10.139.40.22', p: '53', d: 'DNS & more' },
    { s: 'proxy3', m: 'Torre-Server', i: '10.139.40.22', p: '3128', d: 'Proxy & more' },
    { s: 'radio', m: 'Late', i: '10.139.40.23', p: '', d: 'radio & more' },
  ]);
  for (const line of lines) expect(readEntry(JSON.parse(line))).toMatchObject({ type: expect.any(String) });
  expect(stderr.split('\n')).toEqual([
    '3 services. Put these lines into the file of PROVIDERS_FILE.',
    '1 left out: they are not marked as working',
    '1 left out: their device has no address',
    '1 left out: their address is none',
    '1 left out: their type cannot be written as one word',
    '',
  ]);
});

it('takes the proxies’ list after the devices, whose names it means, and its ports', async () => {
  const zone = cnml(device('Torre-Server', '10.139.40.22', service('Proxy')));
  const { entries, stderr } = await run(`${zone}torre-server;Proxy of la Torre;8080\nelsewhere;Other;3128\ngarbage\n`);
  expect(entries).toMatchObject([{ s: 'proxy3', i: '10.139.40.22', p: '8080', d: 'Proxy of la Torre' }]);
  expect(stderr).toMatch(/1 left out: their name is no device/);
  expect(stderr).toMatch(/1 left out: they are neither CNML nor/);
});

it('survives endless tags and texts, and writes no control characters', async () => {
  const evil = device('E&#27;[2J&#x202e;', '10.0.0.9', service('DNS', 'Working', 'a&#0;b&#99999999;'));
  const { entries } = await run(
    `<x ${'y'.repeat(200_000)}>${'z'.repeat(200_000)}\n${cnml(evil)}<device title="`,
    5_000,
  );
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries)).not.toMatch(/[\p{Cc}\u202e]|\\u00/u);
});

it('reads a zone of 20 MB in bounded memory', async () => {
  async function* zone() {
    yield '<cnml>';
    for (let at = 0; at < 100_000; at += 1) {
      const name = `node-${at}`;
      yield device(name, `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, service('DNS'), '<x/>'.repeat(10));
    }
  }
  const before = process.memoryUsage().heapUsed;
  let lines = 0;
  const io = {
    stdin: Readable.from(zone()),
    stdout: { write: () => (lines += 1) },
    stderr: { write: () => {} },
  };
  await importList('-', io, services, { json: false });
  expect(lines).toBe(4_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(80_000_000);
}, 60_000);

it('names a file that cannot be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'import-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const io = { stdin: Readable.from([]), stdout: { write: () => {} }, stderr: { write: () => {} } };
  await expect(importList(join(folder, 'none'), io, services, { json: false })).rejects.toMatchObject({
    code: 'bad-config',
  });
  writeFileSync(join(folder, 'zone'), cnml());
  expect(await importList(join(folder, 'zone'), io, services, { json: true })).toBe(0);
});
