/** Web folders open to all, behind a login, and web servers that have none. */
import { describe, expect, it } from 'vitest';
import webdav from '../../plugin/services/webdav.js';
import { context, startPage, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const probe = (target: Parameters<typeof webdav.probe>[0], of = context()) => webdav.probe(target, of);
const samples = [
  { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
  { metric: 'ttfb', value: expect.any(Number), method: 'http' },
];
/** As lighttpd answers. */
const folder = (at = '/') =>
  webServer(({ method, url }, response) => {
    if (method === 'OPTIONS' && url === at) response.writeHead(200, { DAV: '1,3', Allow: 'OPTIONS, GET, PROPFIND' });
    else response.writeHead(404);
    response.end();
  });

describe('webdav', () => {
  it('a folder that names its class speaks the protocol, within what a probe may cost', async () => {
    const asked = context();
    expect(await probe(await folder(), asked)).toEqual({ level: 3, samples, facts: {} });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(webdav.cost.bytes);
  });

  it('the announced path is requested, unless it is not a plain path', async () => {
    const [deep, root] = await Promise.all([folder('/dav/files'), folder()]);
    expect(await probe({ ...deep, txt: new Map([['path', '/dav/files']]) })).toMatchObject({ level: 3 });
    expect(await probe({ ...root, txt: new Map([['path', '/x\r\nEvil: 1']]) })).toMatchObject({ level: 3 });
    expect(await probe({ ...root, txt: new Map([['path', 'http://10.0.0.1/']]) })).toMatchObject({ level: 3 });
  });

  it('behind a login nothing is proven and nothing has failed: no score', async () => {
    const locked = await webServer((_, response) =>
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="files"' }).end(),
    );
    expect(await probe(locked)).toEqual({ level: 2, samples, facts: { login: 'required' } });
  });

  it('a web server without the header is another service, a broken one reports so', async () => {
    const broken = await webServer((_, response) => response.writeHead(503).end());
    expect(await Promise.all([probe(await startPage()), probe(broken)])).toEqual([
      { level: 2, reason: 'wrong-protocol', detail: 'HTTP 200' },
      { level: 2, reason: 'broken', detail: 'HTTP 503' },
    ]);
  });

  it('is opened in a file manager or a browser', () => {
    const announced = provider({ address: '10.1.2.3', port: 80, txt: new Map([['path', '/dav']]) });
    expect(said(webdav.use(announced))).toEqual(['dav://10.1.2.3:80/dav', 'http://10.1.2.3:80/dav']);
    expect(said(webdav.use(provider({ port: 80, txt: new Map([['path', '"><script>']]) })))[0]).toBe(
      'dav://10.1.2.3:80/',
    );
    expect(webdav.use(provider({ port: null }))).toEqual([]);
    expect(webdav.describe).toBeUndefined();
  });
});

describe('webdav, strangers', () => {
  meetsStrangers(webdav);
});
