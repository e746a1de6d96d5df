/** `list` and `scan`: tables, JSON, progress, and strangers’ text made safe. */
import { expect, it } from 'vitest';
import { listProviders, listServices } from '../../plugin/cli/list.js';
import { scanType } from '../../plugin/cli/scan.js';
import { PanelError } from '../../plugin/model/errors.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { fakeIo, fakePanel, row } from './fake-panel.js';

const words = loadLocales()('en');
const [text, json] = [
  { json: false, words },
  { json: true, words },
];
const never = new AbortController().signal;

const dead = row(
  { node: 'LH-Torrassa', address: '10.1.2.9' },
  { level: 1, score: 0, low: 0, high: 0, reason: 'refused', confidence: null, samples: 0 },
);
const untried = row(
  { node: 'OLO', address: '10.1.2.10', port: null },
  { level: 0, score: null, low: null, high: null, reason: 'no-port', confidence: null, samples: 0, attempts: 0 },
);
const rows = [row({}, { recommended: true }), dead, untried];

it('lists every type with its best provider and what runs here', async () => {
  const io = fakeIo();
  const local = { unit: 'named.service', state: 'running' as const };
  expect(await listServices(fakePanel({ rows, local }), io, text)).toBe(0);
  expect(io.written.out.split('\n')[0]).toMatch(/^TYPE +TITLE +PROVIDERS +MEASURED +BEST +HERE$/);
  expect(io.written.out).toMatch(/^dnsservice +x +3 +2 +91 VIC-Adoberia +running \(named\.service\)$/m);
  expect(io.written.out).toMatch(/^syncthing +x +0 +0 +– /m);
  expect(io.written.err).toBe('');
});

it('ranks a type’s providers; failed ones show a reason, and like untried ones no rank', async () => {
  const io = fakeIo();
  expect(await listProviders(fakePanel({ rows }), io, 'dnsservice', text)).toBe(0);
  const lines = io.written.out.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^ *# +SCORE +STATE +CHECKED +NAME +ADDRESS +REASON$/);
  expect(lines[1]).toMatch(/^\* 1 +91 \(80–97\) +works +●●●●○ +VIC-Adoberia +10\.1\.2\.3:53$/);
  expect(lines[2]).toMatch(/^ +– +0 +does not work +LH-Torrassa +10\.1\.2\.9:53 +the port is closed$/);
  expect(lines[3]).toMatch(/^ +– +– +not measured +OLO +10\.1\.2\.10 +announced without a port$/);
});

it('gives a hidden provider no rank', async () => {
  const io = fakeIo();
  await listProviders(fakePanel({ rows: [row(), row({ node: 'OLO' }, { hidden: true })] }), io, 'dnsservice', text);
  expect(io.written.out).toMatch(/^ *1 +91 .*\n *– +91 .* OLO /m);
});

it('shows that a scored provider failed its last probe', async () => {
  const io = fakeIo();
  await listProviders(fakePanel({ rows: [row({}, { failures: 1 })] }), io, 'dnsservice', text);
  expect(io.written.out).toMatch(/ 91 \(80–97\) +its last try failed +●●●●○ /m);
});

it('writes JSON and nothing else to standard output', async () => {
  const io = fakeIo();
  const away = { code: 'serf-away', message: 'No answer.', hint: 'Start it.' };
  const sources = [{ name: 'serf', state: 'away', error: away, lastUp: null, read: 0, skipped: {} } as const];
  const panel = fakePanel({ rows, sources, demo: true });
  await listServices(panel, io, json);
  const { services, sources: shown } = JSON.parse(io.written.out);
  expect(services[0]).toMatchObject({ type: 'dnsservice', providers: 3, measured: 2, best: { score: 91.4 } });
  expect(shown).toMatchObject([{ name: 'serf', state: 'away', error: away }]);
  expect(io.written.err).toContain('not your neighbours');
  expect(io.written.err).toContain('serf: No answer. Start it.');
  io.written.out = '';
  await listProviders(panel, io, 'dnsservice', json);
  const { providers } = JSON.parse(io.written.out);
  expect(providers.map(({ score, reason }: { score: number; reason: string }) => [score, reason])).toEqual([
    [91.4, null],
    [0, 'refused'],
    [null, 'no-port'],
  ]);
});

it('shows a stranger’s text without terminal commands, on one line, cut to its column', async () => {
  const io = fakeIo();
  const node = `\u001b]0;owned\u0007\u001b[31mred\u001b[0m\r\nsecond\u202eline\u009b2J${'x'.repeat(500)}`;
  const panel = fakePanel({ rows: [row({ node }, { detail: '\u001b[2J\u0007boo' })] });
  await listProviders(panel, io, 'dnsservice', text);
  const lines = io.written.out.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/ red secondline.*x… +10\.1\.2\.3:53 +boo$/);
  expect(lines[1]?.length).toBeLessThan(200);
  expect(io.written.out).not.toMatch(/[^\P{C}\n]/u);
});

it('escapes in JSON whatever a terminal would obey', async () => {
  const io = fakeIo();
  const node = 'red\u009b31m\u007fand\u202eback';
  await listProviders(fakePanel({ rows: [row({ node })] }), io, 'dnsservice', json);
  expect(io.written.out).not.toMatch(/[^\P{C}\n]/u);
  expect(JSON.parse(io.written.out).providers[0].node).toBe(node);
});

it('says that nobody announces a type that exists', async () => {
  const io = fakeIo();
  expect(await listProviders(fakePanel(), io, 'syncthing', text)).toBe(0);
  expect(io.written.out).toBe('Nobody announces this service.\n');
});

it('answers an unknown type with the nearest known one', async () => {
  const panel = fakePanel({ rows: [row({ type: 'Docker' })] });
  await expect(listProviders(panel, fakeIo(), 'dnservice', text)).rejects.toMatchObject({
    instead: 'list dnsservice',
  });
  await expect(scanType(panel, fakeIo(), 'docker', text, never)).rejects.toMatchObject({
    instead: 'scan Docker',
  });
});

it('understands part of a type’s id or title, in any language and case', async () => {
  const panel = fakePanel({ rows: [row({ type: 'Docker' })] });
  const [, syncthing] = panel.services.types;
  if (syncthing)
    Object.assign(syncthing, { title: { ca: 'Fitxers compartits', es: 'Archivos', en: 'Files', de: 'Files' } });
  for (const [typed, meant] of [
    ...[
      ['DNS', 'dnsservice'],
      ['sync', 'syncthing'],
      ['compartits', 'syncthing'],
      ['archivos', 'syncthing'],
    ],
    ...[
      ['dock', 'Docker'],
      ['dokcer', 'Docker'],
    ],
  ] as const) {
    await expect(listProviders(panel, fakeIo(), typed, text)).rejects.toMatchObject({
      instead: `list ${meant}`,
    });
  }
});

it('starts no scan of a type that nobody announces', async () => {
  await expect(scanType(fakePanel(), fakeIo(), 'dnsservice', text, never)).rejects.toMatchObject({
    code: 'nothing-to-scan',
    message: 'Nobody announces it.',
    hint: expect.stringContaining('doctor'),
  });
});

it('scans with progress on standard error, then lists', async () => {
  const io = fakeIo({ isTTY: true });
  const looked = () => expect.poll(() => io.written.err).toContain('2 of 3 tries, running');
  const work = async (job: { progress(done: number): void }) => {
    job.progress(2);
    await looked();
    job.progress(3);
  };
  expect(await scanType(fakePanel({ rows, work }), io, 'dnsservice', text, never)).toBe(0);
  expect(io.written.err).toMatch(/\rScan of dnsservice: 3 of 3 tries, done +\n$/);
  expect(io.written.out).toContain('VIC-Adoberia');
});

it('writes one line of progress where there is no terminal', async () => {
  const io = fakeIo();
  await scanType(fakePanel({ rows }), io, 'dnsservice', json, never);
  expect(io.written.err).toMatch(/^Scan of dnsservice: 0 of 3 tries, done +\n$/);
  expect(JSON.parse(io.written.out)).toMatchObject({ type: 'dnsservice' });
});

it('exits with 1 and the reason when the scan fails, and still lists what is known', async () => {
  const io = fakeIo();
  const work = () => Promise.reject(new PanelError('budget-spent', 'Enough for today.', 'Wait.'));
  expect(await scanType(fakePanel({ rows, work }), io, 'dnsservice', text, never)).toBe(1);
  expect(io.written.err).toContain('failed');
  expect(io.written.err).toContain('Enough for today.\nWait.\n');
  expect(io.written.out).toContain('VIC-Adoberia');
});

it('cancels the scan when the person interrupts', async () => {
  const abort = new AbortController();
  const work = ({ signal }: { signal: AbortSignal }) =>
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
      abort.abort();
    });
  const io = fakeIo();
  expect(await scanType(fakePanel({ rows, work }), io, 'dnsservice', text, abort.signal)).toBe(1);
  expect(io.written.err).toContain('cancelled');
});
