/**
 * `npm run ready`, after the Debian packages: installs what is missing from node_modules, says how it goes, and where it
 * fails, why and what to do. SQLite is compiled where no ready binary can be fetched, which takes minutes on a small node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SAY_EVERY_MS = 5_000;
/** Of what npm says, the end is what counts, characters. */
const MOST = 1_000_000;
const INSTALL = ['ci', '--engine-strict', '--no-audit', '--no-fund', '--loglevel=error', '--foreground-scripts'];
/** It loads its addon at the first use: an addon of another Node, or of another machine, is found only then. */
const TRY_ADDON =
  "try { new (require('better-sqlite3'))(':memory:') } catch (e) { if (e.code === 'ERR_DLOPEN_FAILED') process.exit(9) }";

/** What npm says → what happened, and the way out. The first that fits counts. */
const REASONS = [
  [
    /EBADENGINE/,
    `This Node is too old: ${process.version}.`,
    'Install the version that package.json names under "engines".',
  ],
  [/ENOSPC|no space left/i, 'The disk is full.', 'Make room, and start again.'],
  [
    /Killed|cannot allocate memory|virtual memory exhausted/i,
    'There was too little memory to compile SQLite.',
    'Add swap space, stop other programs, and start again; or install the Debian package, which is compiled already.',
  ],
  [
    /gyp ERR![\s\S]*(getaddrinfo|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EAI_AGAIN|ENOTFOUND|status code|headers)/,
    'SQLite could not be compiled: the headers of this Node are not here, and could not be fetched.',
    'Install them (sudo apt-get install libnode-dev, for the Node of Debian), or connect this machine to the Internet, and start again.',
  ],
  [/gyp ERR!/, 'SQLite could not be compiled.', 'Install a compiler: sudo apt-get install g++ make python3'],
  [
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/,
    'The packages could not be fetched: npm’s registry does not answer.',
    'Connect this machine to the Internet once, and start again; or install the Debian package, which brings all of them.',
  ],
  [/EACCES|EPERM/, 'node_modules cannot be written.', 'Run it as the owner of this folder.'],
];

const isNewer = (one, other) => existsSync(one) && statSync(one).mtimeMs > statSync(other).mtimeMs;
const isInstalled = isNewer('node_modules/.package-lock.json', 'package-lock.json');
if (!isInstalled) {
  say('Installing and building; the first time takes some minutes.');
  await npm(INSTALL);
} else if (spawnSync(process.execPath, ['-e', TRY_ADDON]).status === 9) {
  say(`SQLite was compiled for another Node than this one (${process.version}): compiling it again.`);
  await npm(['rebuild', 'better-sqlite3', '--foreground-scripts']);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

async function npm(args) {
  let text = '';
  const took = () => `${Math.round(performance.now() / 1000)} s`;
  const stage = () => (/node-gyp|gyp info|\bmake\b/.test(text) ? 'compiling SQLite' : 'fetching packages');
  const timer = setInterval(() => say(`… ${stage()}: ${took()}`), SAY_EVERY_MS);
  const child = spawn('npm', args, { env: { ...process.env, ...ownHeaders() }, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => {
      text = (text + part).slice(-MOST);
    });
  const code = await new Promise((resolve) => child.once('error', () => resolve(1)).once('close', resolve));
  clearInterval(timer);
  if (code !== 0) fail(text);
}

/** Where this Node brings its headers, node-gyp need not fetch them. */
function ownHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
}

function fail(text) {
  const log = join(mkdtempSync(join(tmpdir(), 'cloudy-services-')), 'npm.log');
  writeFileSync(log, text);
  const [, what, todo] = REASONS.find(([sign]) => sign.test(text)) ?? [
    null,
    'npm could not install the packages.',
    `Its last words: ${text.trim().split('\n').at(-1)}`,
  ];
  // A half-made folder would pass for a whole one.
  rmSync('node_modules/.package-lock.json', { force: true });
  say(`${what}\n${todo}\nAll that npm said is in ${log}.`);
  process.exit(1);
}
