/** A folder laid out like Cloudy's document root, and what `embed` and `unembed` leave in it. */
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { embed, unembed } from '../../plugin/cli/embed.js';
import { run } from '../../plugin/cli/run.js';
import { BRIDGE_DIR, PUBLIC_DIR } from '../../plugin/paths.js';
import { fakeIo } from './fake-panel.js';

const HOST = join(import.meta.dirname, '..', 'cdistro');
const LINKS = [
  'lang/ca.cloudyservices.php',
  'lang/en.cloudyservices.php',
  'lang/es.cloudyservices.php',
  'plug/controllers/cloudyservices.php',
  'plug/menus/r0100.cloudyservices.menu.php',
  'plug/resources/cloudyservices',
];

let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embed-'));
  root = join(folder, 'cDistro');
  cpSync(HOST, root, { recursive: true });
  mkdirSync(join(root, 'plug', 'resources'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Every path in the document root; links with what they point to. */
function tree(folder = root): string[] {
  // Not by `recursive`: as of Node 22 it goes through links.
  const entries = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return [`${path} → ${realpathSync(path)}`];
    return entry.isDirectory() ? [path, ...tree(path)] : [path];
  });
  return entries.sort();
}

const conf = (text: string) => {
  const file = join(folder, 'cloudy.conf');
  writeFileSync(file, text);
  return file;
};

it('links the bridge and the files of its pages, and says so', () => {
  const io = fakeIo();
  const before = tree();
  expect(embed(root, io)).toBe(0);
  const target = (path: string) =>
    path.endsWith('resources/cloudyservices') ? PUBLIC_DIR : realpathSync(join(BRIDGE_DIR, path));
  const links = LINKS.map((path) => `${join(root, path)} → ${target(path)}`);
  expect(tree()).toEqual([...before, ...links].sort());
  for (const path of LINKS) expect(io.written.out).toContain(`linked ${join(root, path)}\n`);
});

it('changes nothing the second time', () => {
  embed(root, fakeIo());
  const before = tree();
  const io = fakeIo();
  embed(root, io);
  expect(tree()).toEqual(before);
  expect(io.written.out).not.toContain('linked');
});

it('removes exactly its own links, and nothing the second time', () => {
  const before = tree();
  embed(root, fakeIo());
  const foreign = join(root, 'lang', 'ca.other.php');
  symlinkSync('/etc/hostname', foreign);
  const io = fakeIo();
  unembed(root, io);
  for (const path of LINKS) expect(io.written.out).toContain(`removed ${join(root, path)}\n`);
  expect(lstatSync(foreign).isSymbolicLink()).toBe(true);
  rmSync(foreign);
  expect(tree()).toEqual(before);
  const again = fakeIo();
  unembed(root, again);
  expect(again.written.out).not.toContain('removed');
});

it('removes a link that an earlier version had and this one has not', () => {
  const old = join(root, 'plug', 'menus', 'r0099.cloudyservices.menu.php');
  symlinkSync(join(BRIDGE_DIR, 'plug', 'menus', 'r0099.cloudyservices.menu.php'), old);
  embed(root, fakeIo());
  expect(lstatSync(old, { throwIfNoEntry: false })).toBeUndefined();
});

it.each([
  ['a file', (path: string) => writeFileSync(path, 'mine')],
  ['a link to something else', (path: string) => symlinkSync('/etc/hostname', path)],
  ['a link to nothing', (path: string) => symlinkSync('/nonexistent', path)],
])('changes nothing where %s of another origin is in the way', (_, put) => {
  const path = join(root, LINKS[3] as string);
  put(path);
  const before = readdirSync(root, { recursive: true }).sort();
  expect(() => embed(root, fakeIo())).toThrow(`${path} is in the way`);
  unembed(root, fakeIo());
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(before);
});

it.each([
  ['DOCROOT="ROOT"', 'double quotes'],
  ["export DOCROOT='ROOT'", 'single quotes'],
  ['DOCROOT=ROOT # where it is', 'a comment behind'],
  ['# DOCROOT=/a\nDOCROOT=/b\nSERVER="/usr/bin/php"\n[ -x "$SERVER" ] || exit\nDOCROOT=ROOT', 'shell around it'],
])('finds the document root in Cloudy’s configuration, with %s (%s)', (text) => {
  const io = fakeIo();
  const config = conf(text.replaceAll('ROOT=ROOT', `ROOT=${root}`).replace(/(["'])ROOT/, `$1${root}`));
  embed(null, io, { config });
  expect(io.written.out).toContain(root);
  expect(readFileSync(join(root, LINKS[3] as string), 'utf8')).toContain('class CloudyServices');
});

it.each([
  ['there is no such file', () => join(folder, 'none.conf'), 'names no DOCROOT'],
  ['it names none', () => conf('PORT="7000"\n'), 'names no DOCROOT'],
  [
    'it names a folder that does not exist',
    () => conf('DOCROOT=/nonexistent\n'),
    '/nonexistent is not a document root',
  ],
])('says what to do where %s', (_, config, what) => {
  for (const act of [embed, unembed]) {
    expect(() => act(null, fakeIo(), { config: config() })).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringContaining(what), hint: expect.any(String) }),
    );
  }
});

it('is a command that ends with 1 where the folder is not Cloudy’s, and opens no panel', async () => {
  const io = fakeIo();
  const never = () => Promise.reject(new Error('not wanted here'));
  const tools = { openPanel: never, serve: never };
  const { signal } = new AbortController();
  expect(await run(['embed', folder], io, tools, signal)).toBe(1);
  expect(io.written.err).toMatch(/is not a document root of Cloudy.*\nName the folder/);
  expect(await run(['embed', root], io, tools, signal)).toBe(0);
  expect(await run(['unembed', root], io, tools, signal)).toBe(0);
});

it('says as JSON what it linked and removed, where that is asked for', () => {
  const [linked, removed] = [fakeIo(), fakeIo()];
  embed(root, linked, { json: true });
  unembed(root, removed, { json: true });
  const paths = LINKS.map((link) => join(root, link)).toSorted();
  const { linked: made, ...more } = JSON.parse(linked.written.out);
  expect([made.toSorted(), more]).toEqual([paths, { root, embedded: true }]);
  const { removed: gone } = JSON.parse(removed.written.out);
  expect(gone.toSorted()).toEqual(paths);
});
