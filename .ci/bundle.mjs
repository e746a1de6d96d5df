/**
 * Bundles the program into dist/: one file per entry, service type and source, shared code split out, so that Node opens few
 * files. With the word `bench`, the benches too. With the word `package`, what the Debian package ships: the command
 * alone, SQLite's JavaScript in it. Beside them `copyright`: whose the bundled packages are, and their licences.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import './assets.mjs';
import { copyright } from './copyright.mjs';

const forPackage = process.argv.includes('package');
const entries = [
  { in: 'plugin/cli/index.ts', out: 'cli' },
  // The program of a thread.
  { in: 'plugin/scan/thread/worker.ts', out: 'measuring' },
];
if (!forPackage) entries.push({ in: 'plugin/index.ts', out: 'index' });
// The loaders read these folders at start, so every type and source stays a file of its own, also one that is a folder.
const CONTRACT = ['index.ts', 'check.ts', 'contract.ts', 'steps.ts'];
const modules = (from, to) =>
  readdirSync(from, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || (entry.name.endsWith('.ts') && !CONTRACT.includes(entry.name)))
    .map((entry) => ({
      in: `${from}/${entry.name}${entry.isDirectory() ? '/index.ts' : ''}`,
      out: `${to}/${entry.name.replace(/\.ts$/, '')}`,
    }));
const loaded = [
  ...modules('plugin/services', 'services'),
  ...modules('plugin/discovery/sources', 'sources'),
  ...modules('plugin/routing/daemons', 'daemons'),
];

// `choosing/seed.ts` becomes `bench-choosing-seed`, and `choosing/index.ts` plain `bench-choosing`.
const benches = (process.argv.includes('bench') ? readdirSync('test/bench', { recursive: true }) : [])
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({
    in: `test/bench/${path}`,
    out: `bench-${path
      .replace(/\.ts$/, '')
      .replace('/', '-')
      .replace(/-index$/, '')}`,
  }));

for (const old of readdirSync('.').includes('dist') ? readdirSync('dist') : []) {
  if (old !== 'types') rmSync(`dist/${old}`, { recursive: true });
}
const { metafile } = await build({
  entryPoints: [...entries, ...loaded, ...benches],
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  // Flat beside the entries, where the package puts SQLite's addon.
  chunkNames: '[name]-[hash]',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  external: [
    // It finds its native addon beside its own package; in the Debian package it is told where, and needs no search.
    forPackage ? 'bindings' : 'better-sqlite3',
    // Fastify loads these only for schemas and a logger, which the panel has none of: a third of the bundle that nobody
    // reads.
    '@fastify/ajv-compiler',
    '@fastify/fast-json-stringify-compiler',
    'pino',
  ],
  metafile: true,
  // CommonJS dependencies call require().
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  logLevel: 'warning',
});
const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
const folders = new Set(inputs.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
writeFileSync('dist/copyright', copyright([...folders, 'node_modules/htmx.org'].sort()));
