/** The local Syncthing's configuration, as it may be: absent, unreadable, deaf, or listening where it should not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { localSyncthing } from '../../plugin/services/syncthing/local.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'syncthing-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}
/** A configuration as Syncthing writes it, in its own file. */
function config(address: string, { attributes = 'enabled="true" tls="false"', key = 'aB3-x_' } = {}): string {
  const file = join(folder(), 'config.xml');
  const gui = `<gui ${attributes} debugging="false">\n  <address>${address}</address>\n  <apikey>${key}</apikey>\n</gui>`;
  const device = '<device id="AAA"><address>tcp://10.0.0.1:22000</address></device>';
  writeFileSync(file, `<configuration version="35">${device}${gui}<options></options></configuration>`);
  return file;
}
const failure = (said: string) => ({ code: 'connect-failed', message: expect.stringContaining(said) });

describe('the local Syncthing', () => {
  it.each([
    ['127.0.0.1:8384', 'http://127.0.0.1:8384'],
    ['localhost:8384', 'http://localhost:8384'],
    ['[::1]:8384', 'http://[::1]:8384'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
    [':8080', 'http://127.0.0.1:8080'],
    ['[::]:8080', 'http://[::1]:8080'],
  ])('that listens on %s takes orders at %s', async (address, url) => {
    expect(await localSyncthing([config(address)])).toEqual({ url, apiKey: 'aB3-x_' });
  });

  it('may want TLS', async () => {
    const attributes = 'enabled="true" tls="true"';
    expect(await localSyncthing([config('127.0.0.1:8384', { attributes })])).toMatchObject({
      url: 'https://127.0.0.1:8384',
    });
  });

  it.each(['10.1.2.3:8384', '127.0.0.1.example:8384', 'example:8384', '/run/syncthing.sock', '127.0.0.1'])(
    'is not asked at %s',
    async (address) => {
      await expect(localSyncthing([config(address)])).rejects.toMatchObject(failure('no address on this machine'));
    },
  );

  it('that takes no orders is an error', async () => {
    const off = config('127.0.0.1:8384', { attributes: 'enabled="false" tls="false"' });
    const keyless = config('127.0.0.1:8384', { key: '' });
    const smuggling = config('127.0.0.1:8384', { key: 'a\r\nb: c' });
    for (const file of [off, keyless, smuggling])
      await expect(localSyncthing([file])).rejects.toMatchObject(failure('takes no orders'));
  });

  it('is null without a file or a folder', async () => {
    const file = config('127.0.0.1:8384');
    expect(await localSyncthing([join(folder(), 'config.xml'), join(file, 'config.xml')])).toBeNull();
    expect(await localSyncthing([join(folder(), 'config.xml'), file])).toMatchObject({ apiKey: 'aB3-x_' });
  });

  it('whose configuration cannot be read is an error, unless another one can', async () => {
    // A folder in its place cannot be read by anyone, not even by root.
    const unreadable = join(folder(), 'config.xml');
    mkdirSync(unreadable);
    await expect(localSyncthing([unreadable])).rejects.toMatchObject(failure('cannot be read (EISDIR)'));
    expect(await localSyncthing([unreadable, config('127.0.0.1:8384')])).toMatchObject({ apiKey: 'aB3-x_' });
  });
});
