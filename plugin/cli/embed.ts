/** `embed` and `unembed`: the panel inside Cloudy's own web GUI, by links from its document root into our own files. */
import {
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { PanelError } from '../errors.js';
import { BRIDGE_DIR, PUBLIC_DIR } from '../paths.js';
import { CLOUDY_ASSETS } from '../web/bridge.js';
import { type Io, OK, printJson } from './io.js';
import { PROGRAM } from './usage.js';

/** Where Cloudy says what its document root is: `DOCROOT="…"`, in shell syntax. */
const CLOUDY_CONFIG = '/etc/cloudy/cloudy.conf';

interface EmbedOptions {
  /** Cloudy's own configuration file. */
  readonly config?: string;
  readonly json?: boolean;
}

/** Folders of the document root that may hold a link of ours. */
const FOLDERS = ['lang', 'plug/controllers', 'plug/menus', 'plug/resources'];

/**
 * Links the bridge and the files of its pages into the document root, and says so.
 * @param folder null = the one that Cloudy's configuration names
 * @throws PanelError bad-config where that is no document root of Cloudy, or something else is in the way: nothing is done then
 */
export function embed(
  folder: string | null,
  io: Io,
  { config = CLOUDY_CONFIG, json = false }: EmbedOptions = {},
): number {
  const root = documentRoot(folder ?? configuredRoot(config));
  const wanted = new Map(linksUnder(root));
  const present = ours(root);
  for (const path of wanted.keys()) assertFree(path, present);
  const missing = [...wanted].filter(([path, target]) => present.get(path) !== target);
  // What an earlier version had and this one has not.
  const outdated = [...present].filter(([path, target]) => wanted.get(path) !== target);
  acting(root, () => {
    for (const [path] of outdated) rmSync(path);
    for (const [path, target] of missing) {
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(target, path);
    }
  });
  if (json) {
    printJson(io, { root, embedded: true, linked: missing.map(([path]) => path) });
    return OK;
  }
  for (const [path] of missing) io.stdout.write(`linked ${path}\n`);
  io.stdout.write(`The panel is in Cloudy’s web GUI (${root}), in the menu of the search.\n`);
  return OK;
}

/**
 * Removes the links that point into our own files, and nothing else.
 * @throws PanelError bad-config where that is no document root of Cloudy
 */
export function unembed(
  folder: string | null,
  io: Io,
  { config = CLOUDY_CONFIG, json = false }: EmbedOptions = {},
): number {
  const root = documentRoot(folder ?? configuredRoot(config));
  const present = ours(root);
  acting(root, () => {
    for (const path of present.keys()) rmSync(path);
  });
  if (json) {
    printJson(io, { root, embedded: false, removed: [...present.keys()] });
    return OK;
  }
  for (const path of present.keys()) io.stdout.write(`removed ${path}\n`);
  io.stdout.write(`The panel is not in Cloudy’s web GUI (${root})${present.size > 0 ? ' any more' : ''}.\n`);
  return OK;
}

function documentRoot(root: string): string {
  if (existsSync(join(root, 'plug', 'controllers'))) return resolve(root);
  const hint = `Name the folder that holds Cloudy’s index.php and plug/: the DOCROOT of ${CLOUDY_CONFIG}.`;
  throw new PanelError('bad-config', `${root} is not a document root of Cloudy’s web GUI.`, hint);
}

/** As a shell would read it: the last assignment counts. */
function configuredRoot(config: string): string {
  const text = existsSync(config) ? readFileSync(config, 'utf8') : '';
  const found = [...text.matchAll(/^\s*(?:export\s+)?DOCROOT=(?:"([^"\n]*)"|'([^'\n]*)'|(\S*))/gm)].at(-1);
  const root = found?.slice(1).find(Boolean);
  if (root) return root;
  const hint = `Name the document root of Cloudy’s web GUI: ${PROGRAM} embed /var/local/cDistro`;
  throw new PanelError('bad-config', `${config} names no DOCROOT.`, hint);
}

/** Every link that belongs there, with what it points to. */
function linksUnder(root: string): [string, string][] {
  const files = readdirSync(BRIDGE_DIR, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return [
    ...files.map((file): [string, string] => [join(root, relative(BRIDGE_DIR, file)), file]),
    [resolve(root, `.${CLOUDY_ASSETS}`), PUBLIC_DIR],
  ];
}

/** The links in the document root that point into our own files, with what each points to. */
function ours(root: string): ReadonlyMap<string, string> {
  const links = FOLDERS.flatMap((name) => entriesOf(join(root, name)))
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path): [string, string] => [path, readlinkSync(path)]);
  return new Map(links.filter(([, target]) => target === PUBLIC_DIR || target.startsWith(`${BRIDGE_DIR}/`)));
}

const entriesOf = (folder: string): Dirent[] =>
  existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [];

function assertFree(path: string, present: ReadonlyMap<string, string>): void {
  if (present.has(path) || !lstatSync(path, { throwIfNoEntry: false })) return;
  const hint = 'Look whether it is still needed, move it away, and try again. Nothing was changed.';
  throw new PanelError('bad-config', `${path} is in the way and not from this package.`, hint);
}

/** @throws PanelError bad-config where this user may not write there */
function acting(root: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    const hint = `Run it as a user who may write to ${root}: usually root.`;
    throw new PanelError('bad-config', `${root} cannot be changed: ${message}.`, hint, { cause: error });
  }
}
