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

/** Names Cloudy's document root: `DOCROOT="…"`, in shell syntax. */
const CLOUDY_CONFIG = '/etc/cloudy/cloudy.conf';

interface EmbedOptions {
  /** Cloudy's own configuration file. */
  readonly config?: string;
  readonly json?: boolean;
}

/** Folders of the document root that may hold a link of ours. */
const FOLDERS = ['lang', 'plug/controllers', 'plug/menus', 'plug/resources'];

/**
 * Links the bridge and the files of its pages into the document root.
 * @param folder null = the one that Cloudy's configuration names
 * @throws PanelError bad-config where that is not Cloudy's document root, or something is in the way: nothing is changed then
 */
export function embed(
  folder: string | null,
  io: Io,
  { config = CLOUDY_CONFIG, json = false }: EmbedOptions = {},
): number {
  const root = documentRoot(folder ?? configuredRoot(config));
  const wanted = new Map(linksUnder(root));
  const present = findOurLinks(root);
  for (const path of wanted.keys()) assertFree(root, path, present);
  const missing = [...wanted].filter(([path, target]) => present.get(path) !== target);
  // Links of an earlier version that this one lacks.
  const outdated = [...present].filter(([path, target]) => wanted.get(path) !== target);
  doAllOrNothing(root, [
    ...outdated.map(([path, target]) => removal(path, target)),
    ...missing.flatMap(([path, target]) => [...newFolders(root, dirname(path)), addition(path, target)]),
  ]);
  if (json) {
    printJson(io, { root, embedded: true, linked: missing.map(([path]) => path) });
    return OK;
  }
  for (const [path] of missing) io.stdout.write(`linked ${path}\n`);
  io.stdout.write(`The panel is in Cloudy’s web GUI (${root}), in the search menu.\n`);
  return OK;
}

/**
 * Removes the links that point into our own files, and nothing else; tries all of them.
 * @throws PanelError bad-config where that is not Cloudy's document root, or a link is left
 */
export function unembed(
  folder: string | null,
  io: Io,
  { config = CLOUDY_CONFIG, json = false }: EmbedOptions = {},
): number {
  const root = documentRoot(folder ?? configuredRoot(config));
  const failures = new Map([...findOurLinks(root).keys()].map((path) => [path, catchError(() => unlinkSync(path))]));
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

/** As a shell reads it: the last assignment counts. */
function configuredRoot(config: string): string {
  const text = existsSync(config) ? readFileSync(config, 'utf8') : '';
  const found = [...text.matchAll(/^\s*(?:export\s+)?DOCROOT=(?:"([^"\n]*)"|'([^'\n]*)'|(\S*))/gm)].at(-1);
  const root = found?.slice(1).find(Boolean);
  if (root) return root;
  const hint = `Name the document root of Cloudy’s web GUI: ${PROGRAM} embed /var/local/cDistro`;
  throw new PanelError('bad-config', `${config} names no DOCROOT.`, hint);
}

/** Every link that belongs in the document root, with its target. */
function linksUnder(root: string): [string, string][] {
  const files = readdirSync(BRIDGE_DIR, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return [
    ...files.map((file): [string, string] => [join(root, relative(BRIDGE_DIR, file)), file]),
    [resolve(root, `.${CLOUDY_ASSETS}`), PUBLIC_DIR],
  ];
}

/** The links in the document root that point into our own files, with their targets. */
function findOurLinks(root: string): ReadonlyMap<string, string> {
  const links = FOLDERS.flatMap((name) => readEntries(join(root, name)))
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path): [string, string] => [path, readlinkSync(path)]);
  return new Map(links.filter(([, target]) => target === PUBLIC_DIR || target.startsWith(`${BRIDGE_DIR}/`)));
}

const readEntries = (folder: string): Dirent[] =>
  isFolder(folder) ? readdirSync(folder, { withFileTypes: true }) : [];

/** @throws PanelError bad-config where something else has the link's name, or is where its folder should be */
function assertFree(root: string, path: string, present: ReadonlyMap<string, string>): void {
  const folder = foldersTo(root, dirname(path)).find((path) => exists(path) && !isFolder(path));
  const inTheWay = folder ?? (exists(path) && !present.has(path) ? path : null);
  if (inTheWay === null) return;
  const hint = 'Check whether it is still needed, move it away, and try again. Nothing was changed.';
  throw new PanelError('bad-config', `${inTheWay} is in the way and not from this package.`, hint);
}

/** Also for a link that leads nowhere. */
const exists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
/** Follows links; one that leads nowhere, or back to itself, is not a folder. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** The folders from the root (exclusive) to this one (inclusive), outermost first. */
function foldersTo(root: string, folder: string): string[] {
  return folder === root ? [] : [...foldersTo(root, dirname(folder)), folder];
}

/** One change to the document root, and its reverse. */
interface Step {
  do(): void;
  undo(): void;
}

const addition = (path: string, target: string): Step => ({
  do: () => symlinkSync(target, path),
  undo: () => unlinkSync(path),
});

/** Not with `rmSync`, which follows the link. */
const removal = (path: string, target: string): Step => ({
  do: () => unlinkSync(path),
  undo: () => symlinkSync(target, path),
});

/** The folders that are missing on the way to this one. */
function newFolders(root: string, folder: string): Step[] {
  return foldersTo(root, folder)
    .filter((path) => !exists(path))
    .map((path) => {
      let isCreated = false;
      return {
        // Two links may share a folder.
        do: () => {
          isCreated = mkdirSync(path, { recursive: true }) !== undefined;
        },
        undo: () => {
          if (isCreated) rmdirSync(path);
        },
      };
    });
}

/** Does every step, or undoes those done. @throws PanelError bad-config where this user may not write there */
function doAllOrNothing(root: string, steps: readonly Step[]): void {
  const done: Step[] = [];
  for (const step of steps) {
    const failure = catchError(step.do);
    if (failure === null) {
      done.unshift(step);
      continue;
    }
    const stuck = done.filter(({ undo }) => catchError(undo) !== null).length;
    throw unchangeable(root, failure, stuck === 0 ? 'Nothing was changed. ' : 'Half of the links are there. ');
  }
}

/** The error that the work threw; null where it succeeded. */
function catchError(work: () => void): Error | null {
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
