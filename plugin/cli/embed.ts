/** `embed` and `unembed`: the panel inside Cloudy's own web GUI, by links from its document root into our own files. */
import {
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { BRIDGE_DIR, PUBLIC_DIR } from '../config/paths.js';
import { PanelError } from '../model/errors.js';
import { CLOUDY_ASSETS } from '../web/cloudy.js';
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
  for (const path of wanted.keys()) assertFree(root, path, present);
  const missing = [...wanted].filter(([path, target]) => present.get(path) !== target);
  // What an earlier version had and this one has not.
  const outdated = [...present].filter(([path, target]) => wanted.get(path) !== target);
  wholeOrNothing(root, [
    ...outdated.map(([path, target]) => removal(path, target)),
    ...missing.flatMap(([path, target]) => [...newFolders(root, dirname(path)), addition(path, target)]),
  ]);
  if (json) {
    printJson(io, { root, embedded: true, linked: missing.map(([path]) => path) });
    return OK;
  }
  for (const [path] of missing) io.stdout.write(`linked ${path}\n`);
  io.stdout.write(`The panel is in Cloudy’s web GUI (${root}), in the menu of the search.\n`);
  return OK;
}

/**
 * Removes the links that point into our own files, and nothing else. One that cannot be removed keeps no other.
 * @throws PanelError bad-config where that is no document root of Cloudy, or a link is still there afterwards
 */
export function unembed(
  folder: string | null,
  io: Io,
  { config = CLOUDY_CONFIG, json = false }: EmbedOptions = {},
): number {
  const root = documentRoot(folder ?? configuredRoot(config));
  const failures = new Map([...ours(root).keys()].map((path) => [path, failureOf(() => unlinkSync(path))]));
  const removed = [...failures].filter(([, failure]) => failure === null).map(([path]) => path);
  const left = [...failures].filter(([, failure]) => failure !== null);
  if (json) printJson(io, { root, embedded: left.length > 0, removed });
  else for (const path of removed) io.stdout.write(`removed ${path}\n`);
  const [first] = left;
  if (first !== undefined)
    throw unchangeable(root, first[1], `Still there: ${left.map(([path]) => path).join(', ')}. `);
  if (!json)
    io.stdout.write(`The panel is not in Cloudy’s web GUI (${root})${removed.length > 0 ? ' any more' : ''}.\n`);
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

const entriesOf = (folder: string): Dirent[] => (isFolder(folder) ? readdirSync(folder, { withFileTypes: true }) : []);

/** @throws PanelError bad-config where something else has the link's name, or is where its folder should be */
function assertFree(root: string, path: string, present: ReadonlyMap<string, string>): void {
  const folder = foldersTo(root, dirname(path)).find((one) => isThere(one) && !isFolder(one));
  const inTheWay = folder ?? (isThere(path) && !present.has(path) ? path : null);
  if (inTheWay === null) return;
  const hint = 'Look whether it is still needed, move it away, and try again. Nothing was changed.';
  throw new PanelError('bad-config', `${inTheWay} is in the way and not from this package.`, hint);
}

/** Whatever it is: a link to nothing is there too. */
const isThere = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
/** Links are followed; one that leads nowhere, or back to itself, leads to no folder. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The folders between the root and this one, it included, outermost first. */
function foldersTo(root: string, folder: string): string[] {
  return folder === root ? [] : [...foldersTo(root, dirname(folder)), folder];
}

/** One change of the document root, and how to take it back. */
interface Step {
  done(): void;
  undone(): void;
}

const addition = (path: string, target: string): Step => ({
  done: () => symlinkSync(target, path),
  undone: () => unlinkSync(path),
});

/** Not by `rmSync`, which minds where a link leads. */
const removal = (path: string, target: string): Step => ({
  done: () => unlinkSync(path),
  undone: () => symlinkSync(target, path),
});

/** The folders that are missing on the way to this one. */
function newFolders(root: string, folder: string): Step[] {
  return foldersTo(root, folder)
    .filter((path) => !isThere(path))
    .map((path) => {
      let isMade = false;
      return {
        // Two links may have the same folder.
        done: () => {
          isMade = mkdirSync(path, { recursive: true }) !== undefined;
        },
        undone: () => {
          if (isMade) rmdirSync(path);
        },
      };
    });
}

/** Does all of it, or leaves things as they were. @throws PanelError bad-config where this user may not write there */
function wholeOrNothing(root: string, steps: readonly Step[]): void {
  const done: Step[] = [];
  for (const step of steps) {
    const failure = failureOf(step.done);
    if (failure === null) {
      done.unshift(step);
      continue;
    }
    const stuck = done.filter(({ undone }) => failureOf(undone) !== null).length;
    throw unchangeable(root, failure, stuck === 0 ? 'Nothing was changed. ' : 'Half of the links are there. ');
  }
}

/** What the work threw; null where it was done. */
function failureOf(work: () => void): Error | null {
  try {
    work();
    return null;
  } catch (error) {
    return error as Error;
  }
}

function unchangeable(root: string, cause: Error | null, outcome: string): PanelError {
  const hint = `${outcome}Run it as a user who may write to ${root}: usually root.`;
  return new PanelError('bad-config', `${root} cannot be changed: ${cause?.message}.`, hint, { cause });
}
