/** The program's own files, whether it runs from the sources (plugin/) or from the bundle (dist/). */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder above that holds the program's templates; the parent folder where none does. */
function findRoot(folder: string = import.meta.dirname): string {
  if (existsSync(join(folder, 'views'))) return folder;
  return dirname(folder) === folder ? join(import.meta.dirname, '..') : findRoot(dirname(folder));
}

const ROOT = findRoot();

const found = (folders: readonly string[]) =>
  folders.map((folder) => join(import.meta.dirname, folder)).find((folder) => existsSync(folder)) as string;

/** One file or folder per service type; of the bundle, one file. */
export const SERVICES_DIR = found(['services', '../services']);
/** The same of the sources of announcements. */
export const SOURCES_DIR = found(['sources', '../sources', '../discovery/sources']);
/** The same of the routing daemons. */
export const ROUTING_DIR = found(['daemons', '../daemons', '../routing/daemons']);
/** The program of a thread that measures. */
export const MEASURING_FILE = found(['measuring.mjs', '../scan/thread/worker.ts']);
export const VIEWS_DIR = join(ROOT, 'views');
export const LOCALES_DIR = join(VIEWS_DIR, 'locales');
export const PUBLIC_DIR = join(ROOT, 'public');
export const PACKAGE_FILE = join(ROOT, 'package.json');

const bridge = join(ROOT, 'debian', 'cdistro');
/** The files linked into Cloudy's web GUI: those of a checkout, or of the Debian package. */
export const BRIDGE_DIR = existsSync(bridge) ? bridge : '/usr/share/cloudy-services/cdistro';

const addon = join(import.meta.dirname, 'better_sqlite3.node');
/** SQLite's native addon, which the Debian package puts beside the bundle; null where better-sqlite3 brings its own. */
export const SQLITE_ADDON = existsSync(addon) ? addon : null;
