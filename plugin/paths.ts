/** Where the program finds its own files, from the sources (plugin/) as from the bundle (dist/): both are one folder deep. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** One file per service type. */
export const SERVICES_DIR = join(import.meta.dirname, 'services');
export const VIEWS_DIR = join(import.meta.dirname, '..', 'views');
export const LOCALES_DIR = join(VIEWS_DIR, 'locales');
export const PUBLIC_DIR = join(import.meta.dirname, '..', 'public');
export const PACKAGE_FILE = join(import.meta.dirname, '..', 'package.json');

const bridge = join(import.meta.dirname, '..', 'debian', 'cdistro');
/** What is linked into Cloudy's web GUI: of a checkout, or of the Debian package. */
export const BRIDGE_DIR = existsSync(bridge) ? bridge : '/usr/share/cloudy-services/cdistro';

const addon = join(import.meta.dirname, 'better_sqlite3.node');
/** SQLite's native addon, which the Debian package has beside the bundle; null where better-sqlite3 brings its own. */
export const SQLITE_ADDON = existsSync(addon) ? addon : null;
