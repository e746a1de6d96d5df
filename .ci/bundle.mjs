/**
 * Bundles the program into dist/: one file per entry and per service type, shared code split out, so that Node opens few
 * files. With the word `bench`, the benches too.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const entries = ['index', 'cli'].map((name) => ({ in: `plugin/${name}.ts`, out: name }));
// The loader reads this folder at start, so every type stays a file of its own.
const types = readdirSync('plugin/services')
  .filter((name) => name !== 'index.ts')
  .map((name) => ({ in: `plugin/services/${name}`, out: `services/${name.replace(/\.ts$/, '')}` }));

const benches = (process.argv.includes('bench') ? readdirSync('test/bench') : []).map((name) => ({
  in: `test/bench/${name}`,
  out: `bench-${name.replace(/\.ts$/, '')}`,
}));

for (const old of readdirSync('.').includes('dist') ? readdirSync('dist') : []) {
  if (old !== 'types') rmSync(`dist/${old}`, { recursive: true });
}
await build({
  entryPoints: [...entries, ...types, ...benches],
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  // Flat beside the entries: paths.ts counts on being one folder below the package.
  chunkNames: '[name]-[hash]',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  // The native addon finds its binary beside its own package. The others Fastify loads only for schemas and a logger,
  // which the panel has none of: a third of the bundle that nobody reads.
  external: ['better-sqlite3', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'pino'],
  // CommonJS dependencies call require().
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
});
copyFileSync('node_modules/htmx.org/dist/htmx.min.js', 'public/htmx.min.js');
for (const name of ['htmx.min.js', 'copy.js', 'style.css', 'icon.svg']) {
  writeFileSync(`public/${name}.gz`, gzipSync(readFileSync(`public/${name}`), { level: 9 }));
}
