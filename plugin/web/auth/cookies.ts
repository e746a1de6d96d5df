/** Reads and sets our few cookies. Their values are letters, digits, `-`, `_` and `.`, which need no encoding. */
import type { FastifyReply, FastifyRequest } from 'fastify';

interface CookieOptions {
  readonly path: string;
  /** Seconds; without it the cookie lasts until the browser is closed. */
  readonly maxAge?: number;
}

/** Of several cookies with that name the first counts, which has the most specific path (RFC 6265, 5.4). */
export function readCookie({ headers }: FastifyRequest, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** For this site only and out of reach of scripts; `Secure` where the request came encrypted. */
export function setCookie(reply: FastifyReply, name: string, value: string, { path, maxAge }: CookieOptions): void {
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  const secure = reply.request.protocol === 'https' ? '; Secure' : '';
  reply.header('set-cookie', `${name}=${value}; Path=${path}${age}; HttpOnly; SameSite=Lax${secure}`);
}
