/** olsrd's file of services: its grammar, Opennet's dialect, and lines that nobody should write. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../plugin/config/index.js';
import { Seniority } from '../../../plugin/discovery/seniority.js';
import olsr, { openOlsr, readServices } from '../../../plugin/discovery/sources/olsr/index.js';
import { providerId } from '../../../plugin/model/provider.js';
import { loadServices } from '../../../plugin/services/index.js';
import { startPage, webServer } from '../../probe/servers.js';

const { recognise } = await loadServices();
const context = { types: [], now: Date.now, seniority: new Seniority(Date.now), recognise };
const HOSTS =
  '127.0.0.1\tlocalhost\n10.31.1.69\tradio-core.olsr\t# 10.31.1.69\n10.31.3.226\troof.olsr\t# 10.31.3.226\n';

/** As the plugin writes it. */
const file = (...lines: string[]) =>
  [
    '### this file is overwritten regularly by olsrd',
    '### do not edit',
    '',
    ...lines,
    '',
    '### written by olsrd at …',
    '',
  ].join('\n');
const read = (...lines: string[]) => readServices(file(...lines), HOSTS, context);
const rows = (...lines: string[]) => read(...lines).found.map(({ announcement }) => announcement);
const reasons = (...lines: string[]) => read(...lines).skipped.map(({ reason }) => reason);

describe('a file of olsrd', () => {
  it('has a link, a transport, a text and the announcing node in each line', () => {
    expect(
      rows(
        'rtsp://10.31.7.60:8000/stream.html|tcp|Camera on the roof\t\t#10.31.3.226',
        'http://radio-core.olsr:8000/radio.ogg|tcp|Radio / OGG\t\t#10.31.1.69',
        'dns://roof.olsr:53|udp|Names\t\t# my own service',
      ),
    ).toMatchObject([
      {
        type: 'other',
        node: 'roof.olsr',
        host: '',
        address: '10.31.7.60',
        port: 8000,
        description: 'Camera on the roof',
      },
      { node: 'radio-core.olsr', host: 'radio-core.olsr', address: '10.31.1.69', description: 'Radio / OGG' },
      { type: 'dnsservice', node: 'roof.olsr', address: '10.31.3.226', port: 53 },
    ]);
    expect(read('dns://10.31.3.226:53|udp|x\t\t#10.31.1.69').found[0]?.announcer).toBe('olsr 10.31.1.69');
  });

  it('of Opennet declares a type and figures', () => {
    const [gateway, dns] = rows(
      'openvpn://192.168.2.191:5101|udp|gw public_host:somewhere upload:293 download:11786 path:/x passwd:letmein\t#192.168.2.191',
      'dns://192.168.10.4:53|udp|dns\t#192.168.10.4',
    );
    expect(gateway).toMatchObject({ type: 'other', description: 'gw', port: 5101 });
    expect(Object.fromEntries(gateway?.txt ?? [])).toEqual({
      ...{ scheme: 'openvpn', transport: 'udp', public_host: 'somewhere', upload: '293', download: '11786' },
    });
    expect(dns).toMatchObject({ type: 'dnsservice', address: '192.168.10.4' });
  });

  it('may have texts, at the port 0: several of one node are several providers', () => {
    const texts = rows(
      'http://roof.olsr:0/|tcp|Ask for Anna\t\t#10.31.3.226',
      'http://roof.olsr:0/|tcp|Net on Mondays\t\t#10.31.3.226',
    );
    expect(texts).toMatchObject([{ port: null }, { port: null }]);
    expect(new Set(texts.map(providerId)).size).toBe(2);
  });

  it('leaves out names that no host has, and lines that are none', () => {
    const lines = [
      ...['http://nowhere.olsr:80|tcp|x\t\t#10.31.1.69', 'http://localhost:80|tcp|x\t\t#10.31.1.69'],
      ...['http://10.31.1.69:80|sctp|x\t\t#10.31.1.69', 'garbage', 'http://10.31.1.69:80|tcp', '|tcp|x\t\t#10.31.1.69'],
      ...['http://10.31.1.69:99999|tcp|x\t\t#10.31.1.69', '//x|tcp|x\t\t#1', `http://10.31.1.69:80|tcp|\u0007\t\t#1`],
    ];
    expect(reasons(...lines)).toEqual([
      ...['unknown-name', 'unknown-name', 'bad-entry', 'bad-entry', 'bad-entry', 'bad-entry', 'bad-port', 'bad-link'],
      'bad-entry',
    ]);
    expect(rows(...lines)).toEqual([]);
  });

  it('never lets a user, a password or a query in', () => {
    const held = read(
      'http://hugo:letmein@10.31.1.69:80/?user=hugo|tcp|Cam pass=letmein\t\t#10.31.1.69',
      'http://hugo:letmein@nowhere.olsr:80/|tcp|Cam\t\t#10.31.1.69',
    );
    expect(held.found).toHaveLength(1);
    const text = held.found.map(({ announcement: { txt, ...row } }) => [row, [...txt]]);
    expect(JSON.stringify([text, held.skipped])).not.toMatch(/letmein|hugo/);
  });
});

describe('the source', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'olsr-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  };

  it('is off where olsrd has no file, and none is set', () => {
    const config = loadConfig({ env: {}, file: '', serfFile: '' });
    expect(olsr.open(config, context)).toBeNull();
    expect(olsr.open({ ...config, olsrServicesFile: 'off' }, context)).toBeNull();
  });

  it('follows the file, which olsrd replaces, and keeps its list while the file is gone', async () => {
    const [services, hosts] = ['services', 'hosts'].map((name) => join(folder(), name)) as [string, string];
    const line = (port: number) => file(`http://roof.olsr:${port}/|tcp|Page\t\t#10.31.3.226`);
    writeFileSync(services, line(80));
    writeFileSync(hosts, HOSTS);
    const source = openOlsr({ services, hosts }, null, context, 20);
    onTestFinished(() => source.close());
    await source.ready();
    const change = () =>
      new Promise<void>((resolve) => {
        const stop = source.onChange(() => {
          stop();
          resolve();
        });
      });
    const ports = () => source.sightings().map(({ announcement }) => announcement.port);
    expect([ports(), source.status().state]).toEqual([[80], 'up']);
    writeFileSync(`${services}.new`, line(8_080));
    let changed = change();
    renameSync(`${services}.new`, services);
    await changed;
    expect(ports()).toEqual([8_080]);
    changed = change();
    rmSync(services);
    await changed;
    expect([ports(), source.status().state]).toEqual([[8_080], 'away']);
    changed = change();
    writeFileSync(services, line(81));
    await changed;
    expect([ports(), source.status().state]).toEqual([[81], 'up']);
  });

  it('reads a router’s file too; a page in its place is no list', async () => {
    const router = await webServer((_, response) => response.end(file('dns://10.1.2.3:53|udp|dns\t\t#10.1.2.3')));
    const open = async ({ address, port }: { address: string; port: number }) => {
      const source = openOlsr({ services: null, hosts: null }, `http://${address}:${port}/`, context);
      onTestFinished(() => source.close());
      await source.ready();
      return source;
    };
    expect((await open(router)).sightings()).toMatchObject([{ announcement: { type: 'dnsservice' } }]);
    expect((await open(await startPage())).status()).toMatchObject({ read: 0, skipped: { 'bad-entry': 1 } });
  });
});
