/** Clouds in their usual folders, unwell, and web servers that are none. */
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import owncloud from '../../plugin/services/owncloud/index.js';
import { context, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

/** As Nextcloud 29 answers; ownCloud 10 has fewer keys. */
const STATUS = {
  ...{ installed: true, maintenance: false, needsDbUpgrade: false, version: '29.0.4.1', versionstring: '29.0.4' },
  ...{ edition: '', productname: 'Nextcloud', extendedSupport: false },
};
const cloud = (folder = '', says: object = STATUS, status = 200, asked: string[] = []) =>
  webServer(({ url }, response) => {
    asked.push(url ?? '');
    if (url !== `${folder}/status.php`) response.writeHead(404).end();
    else response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(says));
  });
const probe = (of: Target, asked = context()) => owncloud.probe(of, asked);
const samples = [
  { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
  { metric: 'ttfb', value: expect.any(Number), method: 'http' },
];

describe('owncloud', () => {
  it.each(['', '/nextcloud', '/owncloud'])('is found at "%s", within what a probe may cost', async (folder) => {
    const asked = context();
    const facts = { software: 'Nextcloud 29.0.4', ...(folder && { folder }) };
    expect(await probe(await cloud(folder), asked)).toEqual({ level: 3, samples, facts });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(owncloud.cost.bytes);
  });

  it('is looked for in the announced folder alone', async () => {
    const asked: string[] = [];
    const server = await cloud('/files', STATUS, 200, asked);
    expect(await probe({ ...server, txt: new Map([['path', '/files/']]) })).toMatchObject({ level: 3 });
    expect(await probe({ ...server, txt: new Map([['path', '/other']]) })).toMatchObject({ level: 2 });
    expect(asked).toEqual(['/files/status.php', '/other/status.php']);
  });

  it.each<[string, object, number, string]>([
    ['in maintenance', { ...STATUS, maintenance: true }, 200, 'in maintenance'],
    ['in maintenance, by status', { ...STATUS, maintenance: true }, 503, 'in maintenance'],
    ['not set up', { ...STATUS, installed: false }, 200, 'not set up yet'],
  ])('%s it is broken', async (_, says, status, detail) => {
    expect(await probe(await cloud('', says, status))).toEqual({ level: 3, reason: 'broken', detail });
  });

  it.each([[[1]], [{ installed: 'yes', versionstring: '1' }], [{ installed: true }], [{}]])(
    'JSON of something else (%j) is none',
    async (says) => {
      expect(await probe(await cloud('', says))).toMatchObject({ level: 2, reason: 'wrong-protocol' });
    },
  );

  it('a server in trouble is broken', async () => {
    expect(await probe(await webServer((_, response) => response.writeHead(500).end()))).toMatchObject({
      ...{ level: 2, reason: 'broken' },
    });
  });

  it('is opened where it was found, in a browser, an app or a file manager', () => {
    const facts = { https: '443', folder: '/nextcloud' };
    expect(said(owncloud.use({ ...provider({ port: 443 }), facts }))).toEqual([
      ...['note', 'https://10.1.2.3:443/nextcloud/', 'https://10.1.2.3:443/nextcloud/'],
      'davs://10.1.2.3:443/nextcloud/remote.php/dav/files/<user>/',
    ]);
    const evil = { folder: '/"><script>' };
    expect(said(owncloud.use({ ...provider({ port: 80 }), facts: evil }))[1]).toBe('http://10.1.2.3:80/');
  });
});

describe('owncloud, strangers', () => {
  meetsStrangers(owncloud);
});
