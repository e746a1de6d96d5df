/** Web folders open to all, behind a login, and web servers that have none. */
import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProbeResult } from '../../plugin/probe/index.js';
import { toScore } from '../../plugin/score/index.js';
import webdav from '../../plugin/services/webdav.js';
import { certificate, context, ownAddress, startPage, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const probe = (target: Parameters<typeof webdav.probe>[0], of = context()) => webdav.probe(target, of);
const opens = (value: number) => ({ metric: 'opens', value, method: 'http' });
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

  it.each<readonly [string, Record<string, string | string[]>, boolean]>([
    ['of Apache', { DAV: ['1,2', '<http://apache.org/dav/propset/fs/1>'] }, true],
    ['of sabre', { DAV: '1, 3, extended-mkcol, access-control' }, true],
    ['of nginx with locks', { DAV: '2', Allow: 'GET,HEAD,PUT,DELETE,MKCOL,PROPFIND,OPTIONS,LOCK,UNLOCK' }, true],
    ['with the class last', { DAV: 'calendar-access, addressbook,3 ,2,1' }, true],
    ['with the class in a second header', { DAV: ['access-control', '2'] }, true],
    ['with the classes in quotes', { DAV: '"1, 2"' }, true],
    ['that is missing', { Allow: 'GET, HEAD, OPTIONS' }, false],
    ['with class 10, which nobody has', { DAV: '10' }, false],
    ['with numbers in a name only', { DAV: 'version-1, <http://example.org/1>' }, false],
  ])('reads a list %s', async (_, headers, isFolder) => {
    const server = await webServer(({ method }, response) =>
      response.writeHead(method === 'OPTIONS' ? 200 : 405, headers).end(),
    );
    expect(await probe(server)).toMatchObject(
      isFolder ? { level: 3, samples } : { level: 2, reason: 'wrong-protocol' },
    );
  });

  it('whose OPTIONS something else answers shows itself by its properties', async () => {
    const behind = (status: number) =>
      webServer(({ method, headers }, response) =>
        response.writeHead(method === 'PROPFIND' && headers.depth === '0' ? status : 204).end(),
      );
    expect(await probe(await behind(207))).toEqual({ level: 3, samples: [...samples, opens(1)], facts: {} });
    expect(await probe(await behind(401))).toEqual({ level: 2, samples, facts: { login: 'required' } });
    expect(await probe(await behind(404))).toEqual({ level: 2, reason: 'wrong-protocol', detail: 'HTTP 204' });
  });

  it('that names its class and wants a login to open is a folder, below one that opens', async () => {
    const answering = (status: number) =>
      webServer(({ method }, response) =>
        response.writeHead(method === 'OPTIONS' ? 200 : status, method === 'OPTIONS' ? { DAV: '1, 2' } : {}).end(),
      );
    const [locked, open] = [await probe(await answering(401)), await probe(await answering(207))];
    expect(locked).toEqual({ level: 3, samples: [...samples, opens(0)], facts: { login: 'required' } });
    expect(open).toEqual({ level: 3, samples: [...samples, opens(1)], facts: {} });
    const points = ({ samples = [] }: ProbeResult) => {
      const alike = samples.filter(({ metric }) => metric === 'opens');
      const answer = { provider: 'p', type: 'webdav', at: 0, bytes: 0, reason: null, level: 3, facts: {} } as const;
      return Number(toScore(webdav, [{ ...answer, samples: alike }], 0).score);
    };
    expect(points(locked)).toBeLessThan(points(open) - 5);
  });

  it('that only adds the slash at its end is asked there', async () => {
    const server = await webServer(({ url }, response) => {
      if (url === '/dav/') response.writeHead(200, { DAV: '1' }).end();
      else response.writeHead(301, { Location: `http://${server.address}:${server.port}/dav/` }).end();
    });
    expect(await probe({ ...server, txt: new Map([['path', '/dav']]) })).toMatchObject({ level: 3 });
  });

  it('behind HTTPS on the same machine is found where a redirect points, by a name too, and nowhere else', async () => {
    const asked = new Set<string>();
    const secure = createHttps(certificate('one'), ({ headers }, response) => {
      asked.add(headers.host ?? '');
      response.writeHead(200, { DAV: '1,2' }).end();
    });
    const [here, there] = [ownAddress(), ownAddress()];
    secure.listen(0, here);
    await once(secure, 'listening');
    onTestFinished(() => void secure.close());
    const { port } = secure.address() as AddressInfo;
    const redirect = (name: string) =>
      webServer((_, response) => response.writeHead(302, { Location: `https://${name}:${port}/` }).end(), here);
    const byAddress = await probe(await redirect(here));
    expect(byAddress).toEqual({ level: 3, samples, facts: { https: String(port) } });
    expect(said(webdav.use({ ...provider({ port: 80 }), facts: { https: String(port) } }))).toEqual([
      `https://10.1.2.3:${port}/`,
      'note',
      `davs://10.1.2.3:${port}/`,
      `https://10.1.2.3:${port}/`,
    ]);
    // A link to the plain address leads on to the name.
    expect(await probe(await redirect('files.example.org'))).toEqual({ level: 3, samples, facts: {} });
    expect([...asked]).toEqual([`${here}:${port}`, `files.example.org:${port}`]);
    expect(await probe(await redirect(there))).toEqual({ level: 2, reason: 'wrong-protocol', detail: 'HTTP 302' });
    expect(asked.size).toBe(2);
  });

  it('behind a login, or forbidden, nothing is proven and nothing has failed', async () => {
    const locked = await webServer((_, response) =>
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="files"' }).end(),
    );
    expect(await probe(locked)).toEqual({ level: 2, samples, facts: { login: 'required' } });
    const forbidden = await webServer((_, response) => response.writeHead(403).end());
    expect(await probe(forbidden)).toEqual({ level: 2, samples, facts: { access: 'forbidden' } });
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
    expect(said(webdav.use(announced))).toEqual([
      'http://10.1.2.3:80/dav',
      'note',
      'dav://10.1.2.3:80/dav',
      'http://10.1.2.3:80/dav',
    ]);
    expect(said(webdav.use(provider({ port: 80, txt: new Map([['path', '"><script>']]) })))[2]).toBe(
      'dav://10.1.2.3:80/',
    );
    expect(webdav.use(provider({ port: null }))).toEqual([]);
    expect(webdav.describe?.(new Map())).toEqual([]);
    expect(webdav.describe?.(announced.txt)).toMatchObject([{ label: { en: 'Folder' }, value: '/dav' }]);
  });
});

describe('webdav, strangers', () => {
  meetsStrangers(webdav);
});
