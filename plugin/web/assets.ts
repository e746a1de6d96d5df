/** The few small files of public/, kept in memory with their compressed form: a page needs no disk and no second server. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { PUBLIC_DIR } from '../paths.js';

/** `htmx.min.js` is copied there from its package by the build. */
export const ASSETS = ['style.css', 'icon.svg', 'htmx.min.js'] as const;
export type Asset = (typeof ASSETS)[number];

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.js': 'text/javascript; charset=utf-8',
};

/**
 * Serves the files under `public/`; returns the address of each, which changes with its content.
 * @throws Error when a file is missing
 */
export function serveAssets(app: FastifyInstance, base: string): (name: Asset) => string {
  const addresses = new Map<Asset, string>();
  for (const name of ASSETS) {
    const plain = readFileSync(join(PUBLIC_DIR, name));
    const compressed = gzipSync(plain, { level: 9 });
    const version = createHash('sha256').update(plain).digest('hex').slice(0, 8);
    addresses.set(name, `${base}public/${name}?v=${version}`);
    app.get(`/public/${name}`, async (request, reply) => {
      reply.type(TYPES[extname(name)] as string).header('vary', 'Accept-Encoding');
      reply.header('cache-control', 'public, max-age=31536000, immutable');
      if (!acceptsGzip(request.headers)) return plain;
      reply.header('content-encoding', 'gzip');
      return compressed;
    });
  }
  return (name) => addresses.get(name) as string;
}

export function acceptsGzip(headers: { readonly 'accept-encoding'?: string | string[] | undefined }): boolean {
  return /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
}
