/** TLS on an open connection, up to the point where the other side has proven the key of its certificate, and no further. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { waitFor } from '../lib/wait.js';
import { toFailure } from './failure.js';
import type { Failed, ProbeContext } from './index.js';
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
}

/**
 * A server that may choose the group of a Diffie-Hellman exchange chooses how long this program is blocked. A server that
 * could only offer that falls back to RSA, or to one of the three elliptic curves below.
 */
const CIPHERS = 'DEFAULT:!kDHE:!PSK:!SRP';

/** Unfit for secrets; but all that matters here is whose key it is. */
const OLD_PEERS = { minVersion: 'TLSv1', ciphers: `${CIPHERS}@SECLEVEL=0` } as const;

/** Shakes hands as a client without certificate and without server name. The caller closes the connection. */
export function handshake(
  { socket }: Connection,
  { signal, times }: ProbeContext,
  protocols: readonly string[],
  { old = false }: HandshakeOptions = {},
): Promise<Handshake | Failed> {
  return waitFor<Handshake | Failed>({
    signal,
    limitMs: HANDSHAKE_LIMIT_MS,
    atLimit: () => ({ level: 2, reason: 'timeout' }),
    listen: (end) => {
      const started = performance.now();
      const secure = connectTls({
        socket: capped(socket, () => end(() => ({ level: 2, reason: 'too-large' }))),
        ALPNProtocols: [...protocols],
        ...(old ? OLD_PEERS : { minVersion: 'TLSv1.2', ciphers: CIPHERS }),
        rejectUnauthorized: false,
        // No authority is checked, so none need be loaded.
        ca: [],
        // Newer OpenSSL offers a post-quantum key of 1.2 kB by itself, for a connection that carries no secret.
        ecdhCurve: 'X25519:P-256:P-384',
      });
      secure.once('secureConnect', () => {
        const ms = elapsed(started, times);
        end(() => {
          const certificate = secure.getPeerX509Certificate()?.raw;
          const version = secure.getProtocol();
          if (!certificate || !version) return { level: 2, reason: 'wrong-protocol' };
          return { certificate, version, protocol: secure.alpnProtocol || null, ms };
        });
      });
      // Stays after the end: an error while closing must not crash the process.
      secure.on('error', (error: NodeJS.ErrnoException) => end(() => toTlsFailure(error)));
      return () => {};
    },
  });
}

/** The socket as the TLS library may read it: no byte beyond the cap gets there. */
function capped(socket: Socket, onTooMuch: () => void): Duplex {
  let received = 0;
  const limited = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
  });
  // Already reported to the waiting handshake.
  limited.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > HANDSHAKE_CAP) {
      socket.pause();
      onTooMuch();
    } else if (!limited.push(chunk)) socket.pause();
  });
  socket.once('end', () => limited.push(null));
  socket.once('error', (error) => limited.destroy(error));
  socket.once('close', () => limited.destroy());
  return limited;
}

/** Errors of the TLS library itself (`ERR_SSL_…`, `EPROTO`) mean that the other side does not speak TLS as we do. */
function toTlsFailure(error: NodeJS.ErrnoException): Failed {
  return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(error.code ?? '')
    ? { level: 2, reason: 'wrong-protocol' }
    : { ...toFailure(error), level: 2 };
}
