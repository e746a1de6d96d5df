/** Peers with the right key, with another, without Syncthing behind the port, or without anything. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import syncthing, { announcedId, deviceId } from '../../plugin/services/syncthing.js';
import { certificate, closedPort, context, tcpServer, tlsServer } from '../probe/servers.js';
import { provider, said } from './providers.js';

const idOf = (name: 'one' | 'two') => deviceId(new X509Certificate(certificate(name).cert).raw);
const [OURS, OTHER] = [idOf('one'), idOf('two')];
const announcing = (target: Target, text: string, key = 'node_id'): Target => ({
  ...target,
  txt: new Map([[key, text]]),
});
const peer = (version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') =>
  tlsServer({
    ALPNProtocols: ['bep/1.0'],
    minVersion: version,
    maxVersion: version,
    requestCert: true,
    rejectUnauthorized: false,
  });
const probe = (target: Target, of = context()) => syncthing.probe(target, of);
const proven = (level: number, tls = 'TLSv1.3') => ({
  level,
  samples: [
    { metric: 'rtt', value: expect.any(Number), method: 'tcp-connect' },
    { metric: 'handshake', value: expect.any(Number), method: 'tls' },
  ],
  facts: { id: OURS, tls },
});

describe('syncthing', () => {
  it('a peer whose key is the announced one is who it claims to be', async () => {
    const asked = context();
    expect(await probe(announcing(await peer(), OURS), asked)).toEqual(proven(4));
    expect(asked.traffic.sent + asked.traffic.received).toBeLessThan(syncthing.cost.bytes);
    expect(asked.traffic.received).toBeGreaterThan(0);
  });

  it('old peers with TLS 1.2 are read as well', async () => {
    expect(await probe(announcing(await peer('TLSv1.2'), OURS))).toEqual(proven(4, 'TLSv1.2'));
  });

  it('a bare id counts; without one, or with one that cannot be, the protocol is all that is proven', async () => {
    const server = await peer();
    expect(await probe(announcing(server, OURS, ''))).toEqual(proven(4));
    expect(await probe(server)).toEqual(proven(3));
    expect(await probe(announcing(server, 'not-an-id'))).toEqual(proven(3));
  });

  it('another key is another peer, without a number', async () => {
    expect(await probe(announcing(await peer(), OTHER))).toEqual({
      level: 3,
      reason: 'wrong-identity',
      detail: `it is ${OURS}`,
    });
  });

  it('TLS of another kind, and no TLS at all, are no Syncthing', async () => {
    expect(await probe(await tlsServer())).toMatchObject({ level: 2, reason: 'wrong-protocol' });
    expect(await probe(await tlsServer({ ALPNProtocols: ['h2', 'http/1.1'] }))).toEqual({
      level: 2,
      reason: 'wrong-protocol',
    });
    const web = await tcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await probe(web)).toEqual({ level: 2, reason: 'wrong-protocol' });
  });

  it('a closed port, one that hangs up and one that stays silent fail each in its way', async () => {
    const results = await Promise.all(
      [await closedPort(), await tcpServer((socket) => socket.end()), await tcpServer()].map((one) => probe(one)),
    );
    expect(results).toEqual([
      { level: 1, reason: 'refused' },
      { level: 2, reason: 'closed' },
      { level: 2, reason: 'timeout' },
    ]);
  });
});

describe('the announced device ID', () => {
  const plain = OURS.replaceAll('-', '');
  const short = plain.replace(/(.{13})./g, '$1');

  it('is eight groups of seven', () => {
    expect(OURS).toMatch(/^([A-Z2-7]{7}-){7}[A-Z2-7]{7}$/);
    expect(OTHER).not.toBe(OURS);
  });

  it.each([
    ['lower case', OURS.toLowerCase()],
    ['no dashes', plain],
    ['no check characters', short],
    ['digits mistaken for letters', OURS.replaceAll('O', '0').replaceAll('I', '1').replaceAll('B', '8')],
    ['what old nodes append', `${OURS},einfo={a;b}`],
  ])('is recognised with %s', (_, text) => {
    expect(announcedId(new Map([['node_id', text]]))).toBe(OURS);
    expect(announcedId(new Map([['', text]]))).toBe(OURS);
  });

  it.each([
    ['a wrong check character', `${plain.slice(0, -1)}${plain.endsWith('A') ? 'B' : 'A'}`],
    ['a character too few', plain.slice(1)],
    ['a shell command', '$(reboot)'],
  ])('is none with %s', (_, text) => {
    expect(announcedId(new Map([['node_id', text]]))).toBeNull();
  });
});

describe('syncthing, its use', () => {
  it('is its ID, and the command that adds it', () => {
    const announced = provider({ address: 'fd00::1', port: 22000, txt: new Map([['node_id', OURS]]) });
    expect(said(syncthing.use(announced))).toEqual([
      OURS,
      `syncthing cli config devices add --device-id ${OURS} --addresses tcp://[fd00::1]:22000`,
      'note',
    ]);
  });

  it('without an ID is a matter of asking, without a port none', () => {
    expect(said(syncthing.use(provider({ txt: new Map([['node_id', '$(reboot)']]) })))).toEqual(['note']);
    expect(syncthing.use(provider({ port: null }))).toEqual([]);
  });

  it('shows the ID as Syncthing writes it', () => {
    expect(syncthing.describe(new Map([['node_id', OURS.toLowerCase()]]))).toMatchObject([{ value: OURS }]);
    expect(syncthing.describe(new Map())).toEqual([]);
  });
});
