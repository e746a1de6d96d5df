/** Where the program finds its own files, from the sources (plugin/) as from the bundle (dist/): both are one folder deep. */
import { join } from 'node:path';

/** One file per service type. */
export const SERVICES_DIR = join(import.meta.dirname, 'services');
export const VIEWS_DIR = join(import.meta.dirname, '..', 'views');
export const LOCALES_DIR = join(VIEWS_DIR, 'locales');
export const PUBLIC_DIR = join(import.meta.dirname, '..', 'public');
export const PACKAGE_FILE = join(import.meta.dirname, '..', 'package.json');
