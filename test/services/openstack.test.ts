/** Keystone in its usual places, as version 22 of Debian 12 answers; other parts of OpenStack; and what is none. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import openstack from '../../plugin/services/openstack/index.js';
import { ownCost } from '../costs.js';
import { context, webServer } from '../probe/servers.js';
import { provider, said } from './providers.js';
import { meetsStrangers } from './web-strangers.js';

/** A version's document, of the part of OpenStack that its media type names. */
const documentOf = (id: string, part = 'identity-v3') => ({
  ...{ id, status: 'stable', updated: '2020-04-07T00:00:00Z' },
  links: [{ rel: 'self', href: 'http://10.1.2.3:5000/v3/' }],
  'media-types': [{ base: 'application/json', type: `application/vnd.openstack.${part}+json` }],
});
const VERSION = { version: documentOf('v3.14') };
/** Of the releases before 2013. */
const OLD_LIST = { versions: { values: [documentOf('v2.0', 'identity-v2.0')] } };

const cloud = (path: string, says: unknown, status = 200, asked: string[] = []) =>
  webServer(({ url }, response) => {
    asked.push(url ?? '');
    if (url !== path) response.writeHead(404).end('<title>404 Not Found</title>');
    else response.writeHead(status, { Vary: 'X-Auth-Token' }).end(JSON.stringify(says));
  });
const probe = (of: Target, asked = context()) => openstack.probe(of, asked);
const samples = [
  { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
  { metric: 'ttfb', value: expect.any(Number), method: 'http' },
];

describe('openstack', () => {
  it.each(['/v3', '/identity/v3'])('is found at %s, within what a probe may cost', async (path) => {
    const asked = context();
    expect(await probe(await cloud(path, VERSION), asked)).toEqual({
      level: 3,
      samples,
      facts: { version: 'v3.14', folder: path },
    });
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(ownCost(openstack).bytes);
  });

  it('is found by its list of versions, where it has an old one alone', async () => {
    const asked: string[] = [];
    expect(await probe(await cloud('/', OLD_LIST, 300, asked))).toMatchObject({
      level: 3,
      facts: { version: 'v2.0', folder: '/' },
    });
    expect(asked).toEqual(['/v3', '/identity/v3', '/']);
  });

  it.each([
    ['/cloud', '/cloud/v3'],
    ['/cloud/v3/', '/cloud/v3'],
  ])('is asked in the announced folder %s', async (path, place) => {
    const asked: string[] = [];
    const server = await cloud(place, VERSION, 200, asked);
    const result = await probe({ ...server, txt: new Map([['path', path]]) });
    expect(result).toMatchObject({ level: 3, facts: { folder: place } });
    expect(asked).toEqual([place]);
  });

  it.each<[string, unknown]>([
    ['the part that starts machines', { version: documentOf('v2.1', 'compute') }],
    ['an identifier that is none', { version: documentOf('<script>') }],
    ['no media types', { version: { id: 'v3.14' } }],
    ['media types of no text', { version: { id: 'v3.14', 'media-types': [null, 1, { type: {} }] } }],
    ['an empty list', { versions: { values: [] } }],
    ['a list of nothing', { versions: { values: [null, 3] } }],
    ['other JSON', ['v3.14']],
  ])('%s is none', async (_, says) => {
    expect(await probe(await cloud('/v3', says))).toMatchObject({ level: 2, reason: 'wrong-protocol' });
  });

  it('one that reports itself broken has failed', async () => {
    expect(await probe(await cloud('/v3', VERSION, 503))).toEqual({ level: 2, reason: 'broken', detail: 'HTTP 503' });
  });

  it('is used by its address, where the probe found it, else where it is as a rule', () => {
    const at = (facts?: Record<string, string>, txt = new Map<string, string>()) =>
      said(openstack.use({ ...provider({ port: 5_000, txt }), ...(facts && { facts }) }))[1];
    expect(at()).toBe('http://10.1.2.3:5000/v3');
    expect(at({ folder: '/identity/v3', https: '5000' })).toBe('https://10.1.2.3:5000/identity/v3');
    expect(at(undefined, new Map([['path', '/cloud/']]))).toBe('http://10.1.2.3:5000/cloud/v3');
  });

  it('gives a line that a shell takes as it is', () => {
    const [line = ''] = said(openstack.use(provider({ port: 5_000 }))).slice(-1);
    expect(execFileSync('sh', ['-c', `${line}; echo $OS_AUTH_URL`], { encoding: 'utf8' }).trim()).toBe(
      'http://10.1.2.3:5000/v3',
    );
  });
});

describe('openstack, strangers', () => {
  meetsStrangers(openstack);
});
