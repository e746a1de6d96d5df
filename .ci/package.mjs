/** Makes from the bundle what debian/ installs and nobody writes by hand: polkit rule and command. Into build/. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const { version } = readJson('package.json');

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The version is package.json's; the changelog must have an entry for it. */
function checkVersion() {
  const logged = execFileSync('dpkg-parsechangelog', ['--show-field', 'Version'], { encoding: 'utf8' }).trim();
  if (logged !== version)
    throw new Error(`debian/changelog is at ${logged}, package.json at ${version}: let them agree`);
}

async function units() {
  const files = readdirSync('dist/services').map((name) => pathToFileURL(resolve('dist/services', name)).href);
  const types = await Promise.all(files.map(async (file) => (await import(file)).default));
  return types.flatMap((type) => type.local?.units ?? []);
}

async function polkitRule() {
  await build({
    entryPoints: ['plugin/node/systemd/polkit.ts'],
    outfile: 'build/polkit.mjs',
    bundle: true,
    format: 'esm',
    platform: 'node',
  });
  const made = await import(pathToFileURL(resolve('build/polkit.mjs')).href);
  return made.polkitRule(await units());
}

checkVersion();
mkdirSync('build', { recursive: true });
writeFileSync('build/50-cloudy-services.rules', await polkitRule());
// The one that the package depends on.
const flags = execFileSync('.ci/node-flags', ['v20.']).toString().trim();
const wrapper = readFileSync('debian/cloudy-services.wrapper', 'utf8').replace('@NODE_FLAGS@', flags);
writeFileSync('build/cloudy-services', wrapper, { mode: 0o755 });
