/** `use`, `scan TYPE ID`, `scan --all`: one provider by its name, everything at once; colours and languages. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { painter } from '../../plugin/cli/colour.js';
import { listProviders } from '../../plugin/cli/list.js';
import { pickProvider } from '../../plugin/cli/pick.js';
import { run, type Tools } from '../../plugin/cli/run.js';
import { scanAll, scanType } from '../../plugin/cli/scan.js';
import { useProvider } from '../../plugin/cli/use.js';
import type { JobHandle } from '../../plugin/jobs/index.js';
import type { Panel } from '../../plugin/panel/contract.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { loadServices } from '../../plugin/services/index.js';
import { fakeIo, fakePanel, row } from './fake-panel.js';

const words = loadLocales()('en');
const text = { json: false, words };
const never = new AbortController().signal;
const services = await loadServices();

const best = row({}, { recommended: true });
const other = row({ node: 'OLO', address: '10.1.2.9' });
const twin = row({ node: 'OLO', address: '10.1.2.10' });

describe('a provider on the command line', () => {
  const view = { typeId: 'dnsservice', ranked: [best, other, twin] };

  it.each(['VIC-Adoberia', 'vic-adoberia', '10.1.2.3', '10.1.2.3:53', best.provider.id, best.provider.id.slice(0, 6)])(
    'may be named %j',
    (name) => expect(pickProvider(view, name, 'use')).toBe(best),
  );

  it('is suggested where the name is nearly right, and told apart where several have it', () => {
    expect(() => pickProvider(view, 'VIC-Adobera', 'use')).toThrow(
      expect.objectContaining({ instead: expect.stringContaining('use dnsservice VIC-Adoberia') }),
    );
    expect(() => pickProvider(view, 'OLO', 'scan')).toThrow(
      expect.objectContaining({ instead: expect.stringContaining('scan dnsservice 10.1.2.9:53') }),
    );
    expect(() => pickProvider(view, 'abc', 'use')).toThrow(expect.objectContaining({ name: 'Error' }));
  });
});

describe('use', () => {
  it('tells how to use the best one, in lines that can be copied', async () => {
    const io = fakeIo();
    const panel = fakePanel({ rows: [other, best], services });
    expect(await useProvider(panel, io, 'dnsservice', text, null)).toBe(0);
    expect(io.written.out).toMatch(/^# VIC-Adoberia · 10\.1\.2\.3:53\n# 91 · /);
    expect(io.written.out).toContain('\nnameserver 10.1.2.3\n');
  });

  it('of another one, as text or as JSON', async () => {
    const io = fakeIo();
    const panel = fakePanel({ rows: [best, other], services });
    await useProvider(panel, io, 'dnsservice', { json: true, words }, 'OLO');
    expect(JSON.parse(io.written.out)).toMatchObject({ node: 'OLO', use: expect.any(Array) });
  });

  it('says what to do where none is known to work', async () => {
    const io = fakeIo();
    const dead = row({}, { score: 0, reason: 'timeout' });
    expect(await useProvider(fakePanel({ rows: [dead], services }), io, 'dnsservice', text, null)).toBe(1);
    expect(io.written).toEqual({
      out: '',
      err: expect.stringMatching(/^None of its providers .*\ncloudy-services scan dnsservice\n$/),
    });
  });

  it('shows a stranger’s text without terminal commands', async () => {
    const io = fakeIo();
    const evil = row({ node: 'x\u001b]0;owned\u0007\nrm -rf /' }, { recommended: true });
    await useProvider(fakePanel({ rows: [evil], services }), io, 'dnsservice', text, null);
    expect(io.written.out).not.toMatch(/[^\P{C}\n]/u);
    expect(io.written.out).not.toMatch(/^rm/m);
  });
});

describe('scan', () => {
  it('of one provider lists that one, with its place', async () => {
    const io = fakeIo();
    const panel = fakePanel({ rows: [best, other] });
    const scanned: unknown[] = [];
    const { scan } = panel;
    panel.scan = (...args: Parameters<Panel['scan']>) => {
      scanned.push(args.slice(0, 2));
      return scan(args[0]);
    };
    expect(await scanType(panel, io, 'dnsservice', text, never, 'OLO')).toBe(0);
    expect(scanned).toEqual([['dnsservice', other.provider.id]]);
    expect(io.written.out).toMatch(/^ *2 +91 .* OLO /m);
    expect(io.written.out).not.toContain('VIC-Adoberia');
  });

  it('of all measures every announced type, and lists the services', async () => {
    const io = fakeIo();
    const rows = [best, row({ type: 'syncthing', node: 'OLO' })];
    expect(await scanAll(fakePanel({ rows }), io, text, never)).toBe(0);
    expect(io.written.err).toMatch(/^Scan of all services: 0 of 6 tries, done +\n$/);
    expect(io.written.out).toMatch(/^TYPE/);
    await expect(scanAll(fakePanel(), fakeIo(), text, never)).rejects.toMatchObject({ code: 'nothing-to-scan' });
  });

  it('says how much time is left once that can be guessed', async () => {
    const io = fakeIo({ isTTY: true });
    const work = async (job: JobHandle) => {
      job.progress(2);
      job.tell({ trying: [], leftMs: 7_900 });
      await expect.poll(() => io.written.err, { timeout: 5_000 }).toContain('s left');
    };
    await scanType(fakePanel({ rows: [best], work }), io, 'dnsservice', text, never);
    expect(io.written.err).toMatch(/2 of 3 tries, running, about 8 s left/);
  });
});

describe('colours', () => {
  const on = { write: () => {}, isTTY: true };
  it('are for a terminal that wants them alone', () => {
    expect(painter({ stdout: on })('good', 'x')).toBe('\u001b[32mx\u001b[0m');
    expect(painter({ stdout: { write: () => {} } })('good', 'x')).toBe('x');
    expect(painter({ stdout: on, env: { NO_COLOR: '1' } })('good', 'x')).toBe('x');
    expect(painter({ stdout: on, env: { TERM: 'dumb' } })('good', 'x')).toBe('x');
  });

  it('leave the columns as they are', async () => {
    const bare = fakeIo();
    const io = fakeIo();
    const coloured = { ...io, stdout: { ...io.stdout, isTTY: true } };
    await listProviders(fakePanel({ rows: [best] }), bare, 'dnsservice', text);
    await listProviders(fakePanel({ rows: [best] }), coloured, 'dnsservice', text);
    expect(io.written.out).toContain('\u001b[32m');
    expect(stripVTControlCharacters(io.written.out)).toBe(bare.written.out);
  });
});

describe('the language', () => {
  async function cli(line: string, env: Record<string, string>) {
    const io = { ...fakeIo(), env };
    const tools: Tools = { openPanel: async () => fakePanel({ rows: [best] }), serve: async () => {} };
    const code = await run(line.split(' '), io, tools, never);
    return { code, ...io.written };
  }

  it('is that of the shell, unless another one is asked for', async () => {
    expect((await cli('list dnsservice', { LANG: 'ca_ES.UTF-8' })).out).toContain('ADREÇA');
    expect((await cli('list dnsservice', { LANG: 'ca_ES.UTF-8', LC_ALL: 'es_ES' })).out).toContain('DIRECCIÓN');
    expect((await cli('list dnsservice --lang en', { LANG: 'ca_ES.UTF-8' })).out).toContain('ADDRESS');
    expect((await cli('list dnsservice', { LANG: 'C' })).out).toContain('ADDRESS');
    expect(await cli('list --lang fr', {})).toMatchObject({ code: 2, err: expect.stringContaining('ca, es, en, de') });
  });

  it('is that of errors, too', async () => {
    const { err } = await cli('scan syncthing', { LANG: 'es_ES.UTF-8' });
    expect(err).not.toContain('Nobody');
    expect((await cli('scan syncthing', {})).err).toContain('Nobody announces it.');
  });
});

describe('wrong usage', () => {
  it.each([
    ['scan --all dnsservice', 'scan --all'],
    ['list --all', 'scan --all'],
    ['use', 'use TYPE [ID]'],
    ['use dnsservice a b', 'use TYPE [ID]'],
  ])('"%s" exits with 2 and suggests "%s"', async (line, instead) => {
    const io = fakeIo();
    const tools: Tools = { openPanel: async () => fakePanel(), serve: async () => {} };
    expect(await run(line.split(' '), io, tools, never)).toBe(2);
    expect(io.written.err).toContain(`Did you mean: cloudy-services ${instead}`);
  });
});
