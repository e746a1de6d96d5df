/** Controllers and research devices of CONFINE by the links that their programs write, and web servers that are neither. */
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import confine from '../../plugin/services/confine/index.js';
import { ownCost } from '../costs.js';
import { context, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

const link = (path: string, rel: string) => `<http://10.1.2.3${path}>; rel="http://confine-project.eu/rel/${rel}"`;
const CONTROLLER = [
  link('/api/', 'registry/base'),
  link('/api/get-auth-token/', 'controller/do-get-auth-token'),
  ...Array.from({ length: 20 }, (_, at) => link(`/api/thing${at}/`, `registry/thing${at}-list`)),
];
const OLD_CONTROLLER = [link('/api/', 'server/base')];
/** A device links to its controller as well. */
const DEVICE = [
  link('/confine/api/', 'node/base'),
  link('/confine/api/node/', 'node/node'),
  link('/api/', 'server/base'),
];

const server = (path: string, links: readonly string[], asked: string[] = []) =>
  webServer(({ url, headers }, response) => {
    asked.push(`${url} ${headers.accept}`);
    if (url !== path) response.writeHead(404).end();
    else response.writeHead(200, { Link: links.join(', '), 'Content-Type': 'application/json' }).end('{}');
  });
const probe = (of: Target, asked = context()) => confine.probe(of, asked);
const samples = [
  { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
  { metric: 'ttfb', value: expect.any(Number), method: 'http' },
];

describe('confine', () => {
  it.each([
    ['controller', '/api/', CONTROLLER],
    ['controller', '/api/', OLD_CONTROLLER],
    ['device', '/confine/api/', DEVICE],
  ])('a %s is known by its links, within what a probe may cost', async (role, path, links) => {
    const asked = context();
    expect(await probe(await server(path, links), asked)).toEqual({ level: 3, samples, facts: { role, folder: path } });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(ownCost(confine).bytes);
  });

  it('is asked for what programs read, in the announced folder', async () => {
    const asked: string[] = [];
    const device = await server('/lab/api/', DEVICE, asked);
    await probe({ ...device, txt: new Map([['path', '/lab/api']]) });
    expect(asked).toEqual(['/lab/api/ application/json']);
  });

  it.each([
    ['links to something else', ['<http://10.1.2.3/>; rel="http://example.org/rel/node/base"']],
    ['a link to a part of one', [link('/api/nodes/', 'registry/node-list')]],
    ['no links', []],
  ])('%s are none', async (_, links) => {
    expect(await probe(await server('/api/', links))).toMatchObject({ level: 2, reason: 'wrong-protocol' });
  });

  it('is opened where the probe found it', () => {
    const at = (facts?: Record<string, string>) =>
      said(confine.use({ ...provider({ port: 80 }), ...(facts && { facts }) }))[1];
    expect(at()).toBe('http://10.1.2.3:80/api/');
    expect(at({ folder: '/confine/api/', https: '443' })).toBe('https://10.1.2.3:443/confine/api/');
  });
});

describe('confine, strangers', () => {
  meetsStrangers(confine);
});
