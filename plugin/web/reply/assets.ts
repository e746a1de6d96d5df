/** The few small files of public/, at addresses that change with their content, so that browsers can cache them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { PUBLIC_DIR } from '../../config/paths.js';

/** `htmx.min.js` is copied there from its package by the build. */
export const ASSETS = [
  'style.css',
  'dark.css',
  'icon.svg',
  'icon-weak.svg',
  'icon-failed.svg',
  'htmx.min.js',
  'copy.js',
  'live.js',
  'chart.js',
  'icon-192.png',
  'icon-512.png',
] as const;
export type Asset = (typeof ASSETS)[number];

/** The address of each file under the folder. @throws Error when a file is missing */
export function assetsUnder(folder: string): (name: Asset) => string {
  const addresses = new Map(
    ASSETS.map((name) => {
      const version = createHash('sha256')
        .update(readFileSync(join(PUBLIC_DIR, name)))
        .digest('hex')
        .slice(0, 8);
      return [name, `${folder}${name}?v=${version}`];
    }),
  );
  return (name) => addresses.get(name) as string;
}

/**
 * Serves the files under `public/`, compressed where the build has made a `.gz`.
 * @returns the address of each file
 * @throws Error when a file is missing
 */
export async function serveAssets(app: FastifyInstance, base: string): Promise<(name: Asset) => string> {
  await app.register(fastifyStatic, {
    root: PUBLIC_DIR,
    prefix: '/public/',
    index: false,
    decorateReply: false,
    preCompressed: true,
    maxAge: '365d',
    immutable: true,
  });
  return assetsUnder(`${base}public/`);
}
