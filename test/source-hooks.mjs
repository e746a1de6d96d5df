/** Module hooks that load TypeScript: https://nodejs.org/api/module.html#customization-hooks */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Each thread has hooks of its own: what one has transformed, the next ones read. */
const CACHE = join(import.meta.dirname, '../node_modules/.cache/sources');
mkdirSync(CACHE, { recursive: true });

/** A source imports `x.js`, which the compiler would make of `x.ts`. */
export function resolve(specifier, context, next) {
  if (context.parentURL?.endsWith('.ts') && /^\.{1,2}\/.*\.js$/.test(specifier)) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(url)) return { url: url.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const sourcefile = fileURLToPath(url);
  const text = await readFile(sourcefile, 'utf8');
  const name = join(CACHE, createHash('sha256').update(`${sourcefile}\n${text}`).digest('hex'));
  return { format: 'module', source: known(name) ?? (await transformed(text, sourcefile, name)), shortCircuit: true };
}

function known(name) {
  try {
    return readFileSync(name, 'utf8');
  } catch {
    return null;
  }
}

/** Starts the compiler's process only where it is needed. */
async function transformed(text, sourcefile, name) {
  const { transform } = await import('esbuild');
  const options = { loader: 'ts', format: 'esm', target: 'node20', sourcefile, sourcemap: 'inline' };
  const { code } = await transform(text, options);
  // Whole or not at all: other threads read at the same time.
  const draft = `${name}.${process.pid}.${Math.random()}`;
  writeFileSync(draft, code);
  renameSync(draft, name);
  return code;
}
