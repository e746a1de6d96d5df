/** TLS on an open connection, up to the point where the other side has proven the key of its certificate, and no further. */
import { hash, X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { waitFor } from '../lib/wait.js';
import { SPEAKS_TLS, toFailure } from './failure.js';
import { type Failed, isFailed, type ProbeContext } from './index.js';
import type { Connection } from './tcp.js';
import { elapsed } from './times.js';

/** Longest wait for the handshake, ms. */
const HANDSHAKE_LIMIT_MS = 4_000;

/**
 * Most that a server may say until then, bytes. A certificate that signs itself takes 500 to 1,500, a chain from a public
 * authority 5,000. What is handed to the TLS library it reads at once, and each certificate of a chain costs it some ms.
 */
const HANDSHAKE_CAP = 8_192;

export interface Handshake {
  /** The certificate, DER. Any is accepted, self-signed and expired too: what matters is whose it is. */
  readonly certificate: Buffer;
  /** Application protocol that the server chose (ALPN); null where it chose none. */
  readonly protocol: string | null;
  /** `TLSv1` … `TLSv1.3`. */
  readonly version: string;
  /** Of the handshake alone, ms: the connection was open before. */
  readonly ms: number;
}

interface HandshakeOptions {
  /** Also accepts TLS 1.0 and signatures over SHA-1: for protocols whose peers may be many years old. */
  readonly old?: boolean;
  /** Name that the server is to show the certificate of. */
  readonly name?: string | null;
  /** Most that may be read after the handshake, encrypted, bytes. */
  readonly readCap?: number;
}

/**
 * A server that may choose the group of a Diffie-Hellman exchange chooses how long this program is blocked. A server that
 * could only offer that falls back to RSA, or to one of the three elliptic curves below.
 */
const CIPHERS = 'DEFAULT:!kDHE:!PSK:!SRP';

/** Unfit for secrets; but all that matters here is whose key it is. */
const OLD_PEERS = { minVersion: 'TLSv1', ciphers: `${CIPHERS}@SECLEVEL=0` } as const;

/** Shakes hands as a client without certificate and without server name. The caller closes the connection. */
export async function handshake(
  connection: Pick<Connection, 'socket'>,
  context: ProbeContext,
  protocols: readonly string[],
  options: HandshakeOptions = {},
): Promise<Handshake | Failed> {
  const session = await secure(connection, context, protocols, options);
  if (isFailed(session)) return session;
  const { socket, ...shaken } = session;
  return shaken;
}

/** The same, with the encrypted stream to go on with. */
export function secure(
  { socket }: Pick<Connection, 'socket'>,
  { signal, times }: ProbeContext,
  protocols: readonly string[],
  { old = false, name = null, readCap = 0 }: HandshakeOptions = {},
): Promise<(Handshake & { readonly socket: Duplex }) | Failed> {
  const budget = { left: HANDSHAKE_CAP };
  return waitFor<(Handshake & { readonly socket: Duplex }) | Failed>({
    signal,
    limitMs: HANDSHAKE_LIMIT_MS,
    atLimit: () => ({ level: 2, reason: 'timeout' }),
    listen: (end) => {
      const started = performance.now();
      const encrypted = connectTls({
        socket: capped(socket, budget, () => end(() => ({ level: 2, reason: 'too-large' }))),
        ALPNProtocols: [...protocols],
        ...(old ? OLD_PEERS : { minVersion: 'TLSv1.2', ciphers: CIPHERS }),
        ...(name === null ? {} : { servername: name }),
        rejectUnauthorized: false,
        // No authority is checked, so none need be loaded.
        ca: [],
        // Newer OpenSSL offers a post-quantum key of 1.2 kB by itself, for a connection that carries no secret.
        ecdhCurve: 'X25519:P-256:P-384',
      });
      encrypted.once('secureConnect', () => {
        const ms = elapsed(started, times);
        budget.left = readCap;
        end(() => {
          const certificate = encrypted.getPeerX509Certificate()?.raw;
          const version = encrypted.getProtocol();
          if (!certificate || !version) return { level: 2, reason: 'wrong-protocol' };
          return { certificate, version, protocol: encrypted.alpnProtocol || null, ms, socket: encrypted };
        });
      });
      // Stays after the end: an error while closing must not crash the process.
      encrypted.on('error', (error: NodeJS.ErrnoException) => end(() => toTlsFailure(error)));
      return () => {};
    },
  });
}

/** The socket as the TLS library may read it: no byte beyond the budget gets there. */
function capped(socket: Socket, budget: { left: number }, onTooMuch: () => void): Duplex {
  const limited = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
  });
  // Already reported to the waiting handshake.
  limited.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    budget.left -= chunk.length;
    if (budget.left < 0) {
      socket.pause();
      onTooMuch();
      limited.destroy();
    } else if (!limited.push(chunk)) socket.pause();
  });
  socket.once('end', () => limited.push(null));
  socket.once('error', (error) => limited.destroy(error));
  socket.once('close', () => limited.destroy());
  return limited;
}

/** Alerts of the other side, as OpenSSL calls them: `ERR_SSL_TLSV1_UNRECOGNIZED_NAME` is one, too. */
const ALERT = /^ERR_SSL_(TLSV1_|.*_ALERT_)/;

/** Errors of the TLS library itself (`ERR_SSL_…`, `EPROTO`) mean that the other side does not speak TLS as we do. */
function toTlsFailure(error: NodeJS.ErrnoException): Failed {
  if (ALERT.test(error.code ?? '')) return SPEAKS_TLS;
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(error.code ?? '')
    ? { level: 2, reason: 'wrong-protocol' }
    : { ...toFailure(error), level: 2 };
}

/** Facts about a certificate; the key is also what is remembered of it. */
export const KEY_FACT = 'tls key';
/** Since when the key is another than before, as an ISO date; added where attempts are stored. */
export const CHANGE_FACT = 'tls changed';

const SOON_MS = 14 * 86_400_000;

/**
 * What a browser would warn of, as facts: nothing here fails, for no secret is confided. Whether an authority vouches for it
 * is not checked.
 * @param certificate DER, of a stranger: nothing where it cannot be read
 * @param name that it was asked by, or the address
 * @param now ms since the epoch
 */
export function certificateFacts(certificate: Buffer, name: string, now: number): Readonly<Record<string, string>> {
  try {
    const read = new X509Certificate(certificate);
    const until = Date.parse(read.validTo);
    const key = hash('sha256', read.publicKey.export({ type: 'spki', format: 'der' })).slice(0, 32);
    const state = dateState(Date.parse(read.validFrom), until, now);
    const other = isIP(name) === 0 ? read.checkHost(name) : read.checkIP(name);
    return {
      ...(state && { 'tls state': state }),
      ...(!Number.isNaN(until) && { 'tls until': new Date(until).toISOString() }),
      ...(read.subject === read.issuer && { 'tls issuer': 'self' }),
      ...(other === undefined && { 'tls name': madeOutTo(read) }),
      [KEY_FACT]: key,
    };
  } catch {
    return {};
  }
}

function dateState(from: number, until: number, now: number): 'early' | 'expired' | 'soon' | null {
  if (now > until) return 'expired';
  return now < from ? 'early' : until - now < SOON_MS ? 'soon' : null;
}

/** The first name; `none` where it has none. */
function madeOutTo({ subjectAltName, subject }: X509Certificate): string {
  const [, name] = /(?:^|, )DNS:([^,"]{1,100})/.exec(subjectAltName ?? '') ?? /^CN=(.{1,100})$/m.exec(subject) ?? [];
  return name ?? 'none';
}
