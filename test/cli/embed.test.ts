/** A folder laid out like Cloudy's document root, and what `embed` and `unembed` leave in it. */
import fs, {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { embed, unembed } from '../../plugin/cli/embed.js';
import { run } from '../../plugin/cli/run.js';
import { BRIDGE_DIR, PUBLIC_DIR } from '../../plugin/config/paths.js';
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

const original = fs.symlinkSync;
/** Every name in the document root; links are not followed. */
const names = (from = root): string[] =>
  readdirSync(from, { withFileTypes: true })
    .flatMap((entry) => [join(from, entry.name), ...(entry.isDirectory() ? names(join(from, entry.name)) : [])])
    .sort();

const conf = (text: string) => {
  const file = join(folder, 'cloudy.conf');
  writeFileSync(file, text);
  return file;
};

it('links the bridge and the files of its pages, and reports them', () => {
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

it('removes an earlier version’s link that this one lacks', () => {
  const old = join(root, 'plug', 'menus', 'r0099.cloudyservices.menu.php');
  symlinkSync(join(BRIDGE_DIR, 'plug', 'menus', 'r0099.cloudyservices.menu.php'), old);
  embed(root, fakeIo());
  expect(lstatSync(old, { throwIfNoEntry: false })).toBeUndefined();
});

it.each([
  ['a file', (path: string) => writeFileSync(path, 'mine')],
  ['a link to something else', (path: string) => symlinkSync('/etc/hostname', path)],
  ['a link to nothing', (path: string) => symlinkSync('/nonexistent', path)],
  ['a link to itself', (path: string) => symlinkSync(path, path)],
  ['a folder', (path: string) => mkdirSync(path)],
])('changes nothing where a foreign %s is in the way', (_, put) => {
  const path = join(root, LINKS[3] as string);
  put(path);
  const before = readdirSync(root, { recursive: true }).sort();
  expect(() => embed(root, fakeIo())).toThrow(`${path} is in the way`);
  unembed(root, fakeIo());
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(before);
});

it.each([
  ['a link to nothing', 'plug/resources', (path: string) => symlinkSync('/nonexistent', path)],
  ['a file', 'plug/menus', (path: string) => writeFileSync(path, 'mine')],
  ['a link to itself', 'plug/resources', (path: string) => symlinkSync(path, path)],
  ['a link to a file', 'lang', (path: string) => symlinkSync('/etc/hostname', path)],
])('changes nothing where %s takes the place of the folder %s', (_, name, put) => {
  const path = join(root, name);
  rmSync(path, { recursive: true });
  put(path);
  const before = names();
  expect(() => embed(root, fakeIo())).toThrow(`${path} is in the way`);
  expect(names()).toEqual(before);
  expect(unembed(root, fakeIo())).toBe(0);
  expect(names()).toEqual(before);
});

it('follows a link to a folder elsewhere', () => {
  const elsewhere = join(folder, 'languages');
  renameSync(join(root, 'lang'), elsewhere);
  symlinkSync(elsewhere, join(root, 'lang'));
  expect(embed(root, fakeIo())).toBe(0);
  expect(readdirSync(elsewhere)).toContain('ca.cloudyservices.php');
  unembed(root, fakeIo());
  expect(readdirSync(elsewhere)).not.toContain('ca.cloudyservices.php');
});

it.each(LINKS)('undoes everything where %s cannot be created', (name) => {
  const old = join(root, 'plug', 'menus', 'r0099.cloudyservices.menu.php');
  symlinkSync(join(BRIDGE_DIR, 'plug', 'menus', 'r0099.cloudyservices.menu.php'), old);
  rmSync(join(root, 'plug', 'resources'), { recursive: true });
  const before = names();
  const refusing = vi.spyOn(fs, 'symlinkSync').mockImplementation((target, path) => {
    if (path === join(root, name)) throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
    original(target, path);
  });
  syncBuiltinESMExports();
  try {
    expect(() => embed(root, fakeIo())).toThrow(
      expect.objectContaining({ code: 'bad-config', hint: expect.stringContaining('Nothing was changed.') }),
    );
    expect(names()).toEqual(before);
  } finally {
    refusing.mockRestore();
    syncBuiltinESMExports();
  }
});

it('replaces a link of its own that leads nowhere or elsewhere', () => {
  const path = join(root, LINKS[3] as string);
  for (const target of [join(BRIDGE_DIR, 'gone.php'), join(BRIDGE_DIR, 'lang', 'ca.cloudyservices.php')]) {
    symlinkSync(target, path);
    embed(root, fakeIo());
    expect(realpathSync(path)).toBe(realpathSync(join(BRIDGE_DIR, LINKS[3] as string)));
    unembed(root, fakeIo());
    expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
  }
});

it('removes all links it may, and names the one left', () => {
  embed(root, fakeIo());
  const stuck = join(root, LINKS[0] as string);
  const remove = fs.unlinkSync;
  const refusing = vi.spyOn(fs, 'unlinkSync').mockImplementation((path) => {
    if (path === stuck) throw Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' });
    remove(path);
  });
  syncBuiltinESMExports();
  const io = fakeIo();
  try {
    expect(() => unembed(root, io)).toThrow(expect.objectContaining({ hint: expect.stringContaining(stuck) }));
  } finally {
    refusing.mockRestore();
    syncBuiltinESMExports();
  }
  expect(LINKS.filter((name) => lstatSync(join(root, name), { throwIfNoEntry: false }))).toEqual([LINKS[0]]);
  expect(io.written.out).not.toContain(stuck);
  expect(unembed(root, fakeIo())).toBe(0);
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

it('exits with 1 where the folder is not Cloudy’s, without opening a panel', async () => {
  const io = fakeIo();
  const never = () => Promise.reject(new Error('not wanted here'));
  const tools = { openPanel: never, serve: never };
  const { signal } = new AbortController();
  expect(await run(['embed', folder], io, tools, signal)).toBe(1);
  expect(io.written.err).toMatch(/is not a document root of Cloudy.*\nName the folder/);
  expect(await run(['embed', root], io, tools, signal)).toBe(0);
  expect(await run(['unembed', root], io, tools, signal)).toBe(0);
});

it('reports links and removals as JSON with --json', () => {
  const [linked, removed] = [fakeIo(), fakeIo()];
  embed(root, linked, { json: true });
  unembed(root, removed, { json: true });
  const paths = LINKS.map((link) => join(root, link)).toSorted();
  const { linked: made, ...more } = JSON.parse(linked.written.out);
  expect([made.toSorted(), more]).toEqual([paths, { root, embedded: true }]);
  const { removed: gone } = JSON.parse(removed.written.out);
  expect(gone.toSorted()).toEqual(paths);
});
