/** Command lines: usage, exit codes, JSON and failures. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Io } from '../../plugin/cli/io.js';
import { run, type Tools } from '../../plugin/cli/run.js';
import { PanelError } from '../../plugin/model/errors.js';
import { fakeIo, fakePanel, row } from './fake-panel.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;
const panel = () => fakePanel({ rows: [row()] });

async function cli(line: string, { env = {}, ...more }: Partial<Tools> & Pick<Io, 'env'> = {}) {
  const io = { ...fakeIo(), env };
  const opened = panel();
  const tools: Tools = { openPanel: async () => opened, serve: async () => {}, ...more };
  const code = await run(line.split(' ').filter(Boolean), io, tools, never);
  return { code, ...io.written, closed: opened.closed };
}

describe('wrong usage', () => {
  it.each([
    ['lst', 'cloudy-services list [TYPE]'],
    ['scna dnsservice', 'cloudy-services scan TYPE'],
    ['scan', 'cloudy-services scan TYPE'],
    ['list dnsservice twice', 'cloudy-services list [TYPE]'],
    ['doctor now', 'cloudy-services doctor'],
    ['list --jsn', 'cloudy-services list --json'],
    ['list --config', 'cloudy-services list --config FILE'],
    ['list dnsservce', 'cloudy-services list dnsservice'],
  ])('"%s" exits with 2 and suggests "%s"', async (line, instead) => {
    const { code, out, err } = await cli(line);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(`Did you mean: ${instead}`);
  });

  it.each([
    ['', 'Which command?\n'],
    ['foo', 'There is no command "foo".\n'],
    ['list -x', 'There is no option -x.\n'],
    ['list nope', 'Nobody has a service "nope".\nAll services: cloudy-services list\n'],
  ])('"%s" resembles no command: the hint to list them appears once', async (line, prefix) => {
    expect(await cli(line)).toMatchObject({ code: 2, err: `${prefix}All commands: cloudy-services --help\n` });
  });

  it('exits with 2 as a process', async () => {
    const entry = join(import.meta.dirname, '..', '..', 'plugin', 'cli', 'index.ts');
    const program = join(folder, 'cli.mjs');
    symlinkSync(join(import.meta.dirname, '..', '..', 'views'), join(folder, 'views'));
    // What a mistake must not load is left out, so that loading it would fail.
    const external = ['../panel/open.js', '../daemon/index.js'];
    await build({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'esm', external });
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [program, 'lst'], (error, _, stderr) => resolve({ code: error?.code, stderr }));
    });
    expect(stderr).toMatch(/^Did you mean: node \S+\/cli\.mjs list/m);
    expect(code).toBe(2);
  });
});

describe('in the person’s language', () => {
  it.each([
    ['lst', { LANG: 'es_ES.UTF-8' }, 'No existe la orden «lst».\nTal vez quería decir: cloudy-services list [TYPE]\n'],
    ['list nope', { LC_MESSAGES: 'ca_ES', LANG: 'en_GB' }, 'Ningú no té cap servei «nope».\nTots els serveis: '],
    ['--lang ca scan', { LANG: 'es_ES' }, 'scan necessita un tipus de servei.\n'],
    ['passwd', { LANG: 'ca_ES' }, 'No s’ha donat cap contrasenya.\nEscriviu-la'],
  ])('“%s” under %j is answered', async (line, env, said) => {
    const { err } = await cli(line, { env });
    expect(err.startsWith(said), err).toBe(true);
  });

  it('the doctor speaks, and programs know its checks by the same names', async () => {
    const { out } = await cli('doctor', { env: { LANG: 'es_ES.UTF-8' } });
    expect(out).toMatch(/^✓ va bien +configuración +datos en /m);
    expect(out).toMatch(/^– falta +propietario +aún no hay contraseña.*\n +→ Ejecute: cloudy-services passwd$/m);
    const { checks } = JSON.parse((await cli('doctor --json', { env: { LANG: 'es_ES.UTF-8' } })).out);
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'own services', text: expect.stringMatching(/anunci/) }),
    );
  });

  it('help says what each command does', async () => {
    const { out } = await cli('--help', { env: { LANG: 'ca_ES' } });
    expect(out).toContain('  serve              posa en marxa el tauler\n');
    expect((await cli('--help --lang en', { env: { LANG: 'ca_ES' } })).out).toContain('run the panel');
  });
});

describe('a valid command', () => {
  it('prints help and version', async () => {
    expect(await cli('--help')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/serve[\s\S]*list[\s\S]*doctor/),
      err: '',
    });
    expect(await cli('help')).toEqual(await cli('--help'));
    expect(await cli('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it('opens a panel and closes it again', async () => {
    expect(await cli('list dnsservice')).toMatchObject({
      code: 0,
      closed: true,
      out: expect.stringContaining('VIC-Adoberia'),
    });
    expect(await cli('scan dnsservice --json')).toMatchObject({ code: 0, closed: true });
    expect(await cli('list nothing')).toMatchObject({ code: 2, closed: true });
  });

  it('serves with the configuration of the named file', async () => {
    const file = join(folder, 'panel.conf');
    writeFileSync(file, 'LISTEN=127.0.9.9:12345\n');
    const served: unknown[] = [];
    const serve: Tools['serve'] = async (config) => void served.push(config.listen);
    expect(await cli(`serve --config ${file}`, { serve })).toMatchObject({ code: 0 });
    expect(served).toEqual([{ host: '127.0.9.9', port: 12345 }]);
  });
});

describe('--as', () => {
  it.each(['serve --as=aredn', 'serve --as aredn --json'])('serves the demo as that network: %s', async (line) => {
    const served: unknown[] = [];
    const serve: Tools['serve'] = async (config) => void served.push(config.demo);
    expect(await cli(line, { serve })).toMatchObject({ code: 0 });
    expect(served).toEqual(['aredn']);
  });

  it.each([
    ['serve --as=ared', 'serve --as=aredn'],
    ['serve --as', 'serve --as=aredn'],
    ['list --as=freifunk', 'serve --as=freifunk'],
  ])('refuses “%s” and says “%s”', async (line, meant) => {
    const serve = vi.fn(async () => {});
    const { code, err } = await cli(line, { serve });
    expect(code).toBe(2);
    expect(err).toContain('aredn, freifunk');
    expect(err).toContain(`cloudy-services ${meant}\n`);
    expect(serve).not.toHaveBeenCalled();
  });
});

describe('--json', () => {
  it.each([
    ['', 'wrong-usage', 2],
    ['lst', 'wrong-usage', 2],
    ['list nothing', 'wrong-usage', 2],
    ['doctor now', 'wrong-usage', 2],
    ['list --config /nonexistent', 'bad-config', 1],
    ['serve --config /nonexistent', 'bad-config', 1],
    ['embed /nonexistent', 'bad-config', 1],
    ['unembed /nonexistent', 'bad-config', 1],
    ['passwd', 'bad-request', 1],
  ])('turns the failure of "%s" into code, message and hint', async (line, code, ends) => {
    const answer = await cli(`${line} --json`);
    expect(answer).toMatchObject({ code: ends, err: '' });
    expect(JSON.parse(answer.out)).toEqual({ error: { code, message: expect.any(String), hint: expect.any(String) } });
  });

  it('is accepted by every command', async () => {
    const serve = vi.fn(async () => {});
    expect(await cli('serve --json', { serve })).toMatchObject({ code: 0, out: '' });
    expect(serve).toHaveBeenCalledWith(expect.anything(), { json: true });
    for (const line of ['list', 'list dnsservice', 'scan dnsservice', 'doctor', '--version']) {
      const { out } = await cli(`${line} --json`);
      expect(JSON.parse(out), line).toBeTypeOf('object');
    }
  });
});

describe('failures', () => {
  it('exit with 1, and say what happened and what to do', async () => {
    const openPanel = () => Promise.reject(new PanelError('bad-config', 'No room.', 'Make some.'));
    expect(await cli('list', { openPanel })).toMatchObject({ code: 1, out: '', err: 'No room.\nMake some.\n' });
  });

  it('name the cause of an internal error', async () => {
    const openPanel = () => Promise.reject(new TypeError('oops'));
    expect(await cli('list', { openPanel })).toMatchObject({
      code: 1,
      err: expect.stringContaining('TypeError: oops'),
    });
  });

  it('include a configuration file that is missing or invalid', async () => {
    expect(await cli('list --config /nonexistent')).toMatchObject({
      code: 1,
      err: expect.stringContaining('/nonexistent'),
    });
    const file = join(folder, 'wrong.conf');
    writeFileSync(file, 'LISTN=x\n');
    expect(await cli(`list --config ${file}`)).toMatchObject({ code: 1, err: expect.stringContaining('LISTEN') });
  });
});
