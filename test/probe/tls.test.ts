/** The handshake: what it proves, how it fails, that it stops at its limits. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isFailed, type ProbeContext, type Target } from '../../plugin/probe/index.js';
import { type Connection, connect } from '../../plugin/probe/tcp.js';
import { certificateFacts, handshake } from '../../plugin/probe/tls.js';
import { certificate, context, tcpServer, tlsServer } from './servers.js';

async function connected(server: Target, probe: ProbeContext): Promise<Connection> {
  const connection = await connect(server, probe);
  if (isFailed(connection)) throw new Error(connection.reason);
  onTestFinished(connection.close);
  return connection;
}

const shake = async (server: Target, probe = context()) =>
  handshake(await connected(server, probe), probe, ['bep/1.0']);

/** TLS, but not as we speak it. */
const ALERT = { level: 2, reason: 'wrong-protocol', detail: 'TLS' };

describe('handshake', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('gives certificate, chosen protocol and time over %s', async (version) => {
    const server = await tlsServer({ ALPNProtocols: ['bep/1.0'], minVersion: version, maxVersion: version });
    expect(await shake(server)).toEqual({
      certificate: new X509Certificate(certificate('one').cert).raw,
      protocol: 'bep/1.0',
      version,
      ms: expect.any(Number),
    });
  });

  it('accepts very old peers only when asked to', async () => {
    const server = await tlsServer({ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(await shake(server)).toEqual(ALERT);
    const probe = context();
    expect(await handshake(await connected(server, probe), probe, [], { old: true })).toMatchObject({
      certificate: new X509Certificate(certificate('one').cert).raw,
      version: 'TLSv1',
    });
  });

  it('offers no cipher that would let the server choose how long it blocks us', async () => {
    const pair = { ...certificate('rsa'), maxVersion: 'TLSv1.2' } as const;
    const choosing = (ciphers: string) => tlsServer({ ...pair, dhparam: 'auto', ciphers });
    for (const old of [false, true]) {
      const meet = async (ciphers: string) => {
        const probe = context();
        return handshake(await connected(await choosing(ciphers), probe), probe, [], { old });
      };
      expect(await meet('DHE-RSA-AES128-GCM-SHA256')).toEqual(ALERT);
      expect(await meet('AES128-SHA')).toMatchObject({ version: 'TLSv1.2' });
    }
  });

  it('a server that chooses no protocol is told apart', async () => {
    expect(await shake(await tlsServer())).toMatchObject({ protocol: null });
  });

  it('counts the bytes of the handshake when the connection closes', async () => {
    const probe = context();
    const connection = await connected(await tlsServer(), probe);
    await handshake(connection, probe, []);
    connection.close();
    expect(probe.traffic.sent).toBeGreaterThan(200);
    expect(probe.traffic.received).toBeGreaterThan(500);
  });

  it('a server that wants another protocol, or none that we speak, speaks the wrong protocol', async () => {
    const wrong = { level: 2, reason: 'wrong-protocol' };
    expect(await shake(await tlsServer({ ALPNProtocols: ['h2'] }))).toEqual(ALERT);
    expect(await shake(await tcpServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')))).toEqual(wrong);
  });

  it('a server that renegotiates without end is dropped long before the deadline', async () => {
    const again = Buffer.from('160303000400000000'.repeat(1_000), 'hex');
    const server = await tcpServer((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(again));
      };
      socket.on('drain', more);
      more();
    });
    const probe = context();
    const connection = await connected(server, probe);
    expect(await handshake(connection, probe, [])).toEqual({ level: 2, reason: 'too-large' });
    connection.close();
    // One turn of the event loop reads as much beyond the cap as has come meanwhile.
    expect(probe.traffic.received).toBeLessThan(4_000_000);
  });

  it('a certificate chain long enough to block the loop is not read', async () => {
    const { key, cert } = certificate('one');
    const chained = (length: number) => tlsServer({ key, cert: cert.repeat(length), maxVersion: 'TLSv1.2' });
    expect(await shake(await chained(4))).toMatchObject({ version: 'TLSv1.2' });
    expect(await shake(await chained(40))).toEqual({ level: 2, reason: 'too-large' });
  });

  it('a server that hangs up has closed', async () => {
    expect(await shake(await tcpServer((socket) => socket.destroy()))).toEqual({ level: 2, reason: 'closed' });
    const afterOurs = await tcpServer((socket) => socket.once('data', () => socket.end()));
    expect(await shake(afterOurs)).toEqual({ level: 2, reason: 'closed' });
  });

  it('a server that says nothing is a timeout after four seconds', async () => {
    const started = performance.now();
    expect(await shake(await tcpServer())).toEqual({ level: 2, reason: 'timeout' });
    expect(performance.now() - started).toBeGreaterThan(3_900);
  });

  it('an abort ends the wait at once', async () => {
    const abort = new AbortController();
    const server = await tcpServer((socket) => socket.once('data', () => abort.abort(new Error('cancelled'))));
    await expect(shake(server, context(abort.signal))).rejects.toThrow('cancelled');
  });
});

describe('a certificate', () => {
  const NOW = Date.UTC(2027, 0, 1);
  const read = (pem: string | Buffer) => new X509Certificate(pem).raw;
  const self = read(certificate('one').cert);
  /** Signed by another, for cloud.guifi.local and 10.1.2.3. */
  const named = read(readFileSync(join(import.meta.dirname, '..', 'fixtures', 'tls', 'named.pem')));

  it('that signs itself, and is made out to another name, is said to be so', () => {
    expect(certificateFacts(self, '10.1.2.3', NOW)).toEqual({
      ...{ 'tls until': '2126-10-30T02:05:32.000Z', 'tls issuer': 'self', 'tls name': 'syncthing' },
      'tls key': expect.stringMatching(/^[\da-f]{32}$/),
    });
  });

  it.each(['10.1.2.3', 'cloud.guifi.local'])('made out to %s has nothing to be warned of there', (name) => {
    expect(Object.keys(certificateFacts(named, name, NOW))).toEqual(['tls until', 'tls key']);
  });

  it.each(['10.1.2.4', 'guifi.local', 'fd00::1'])('made out to others is not taken for %s', (name) => {
    expect(certificateFacts(named, name, NOW)).toMatchObject({ 'tls name': 'cloud.guifi.local' });
  });

  it.each([
    [Date.UTC(2000, 0, 1), 'early'],
    [Date.UTC(2126, 9, 20), 'soon'],
    [Date.UTC(2127, 0, 1), 'expired'],
  ])('at %d is %s', (now, state) => {
    expect(certificateFacts(self, '10.1.2.3', now)).toMatchObject({ 'tls state': state });
  });

  it('has another key than another, and is nothing where it cannot be read', () => {
    const key = (der: Buffer) => certificateFacts(der, '10.1.2.3', NOW)['tls key'];
    expect(new Set([self, named, read(certificate('two').cert), read(certificate('rsa').cert)].map(key)).size).toBe(4);
    expect(certificateFacts(Buffer.from('no certificate'), '10.1.2.3', NOW)).toEqual({});
  });
});
