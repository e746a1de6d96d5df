/**
 * The contract of a service type, and the loader that reads this folder and refuses what breaks it.
 * A type is one file here, named for its wire word; no other file names it.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SERVICES_DIR } from '../config/paths.js';
import { PanelError } from '../model/errors.js';
import { problemsOf } from './check.js';
import type { ServiceRegistry, ServiceType } from './contract.js';

/** The file that serves every unknown wire word. */
const FALLBACK = 'other';

/**
 * Reads every file of the folder as a service type.
 * @throws PanelError `bad-service-type` naming the file and everything that is wrong with it.
 */
export async function loadServices(folder: string = SERVICES_DIR): Promise<ServiceRegistry> {
  const names = (await readdir(folder)).flatMap((name) => moduleIn(folder, name) ?? []).sort();
  const loaded = await Promise.all(names.map((name) => loadType(folder, name)));
  const fallback = loaded.find((type) => type.id === FALLBACK);
  if (!fallback) throw badType(join(folder, FALLBACK), ['the file for unknown types is missing']);
  const known = loaded.filter((type) => type !== fallback);
  const byWord = new Map(known.map((type) => [type.id, type]));
  return {
    types: known.filter(isBuiltin),
    of: (word) => byWord.get(word) ?? fallback,
    has: (word) => isBuiltin(byWord.get(word)),
  };
}

const isBuiltin = (type: ServiceType | undefined) => type !== undefined && type.listed !== 'when-announced';

/** A type is a file, or a folder with an `index.ts`; what else is in this folder is the contract. */
function moduleIn(folder: string, name: string): string | null {
  if (/^[^.]+\.(ts|js|mjs)$/.test(name)) return /^(index|check|contract)\./.test(name) ? null : name;
  return existsSync(join(folder, name, 'index.ts')) ? `${name}/index.ts` : null;
}

async function loadType(folder: string, name: string): Promise<ServiceType> {
  const file = join(folder, name);
  const module = await importType(file);
  const problems = problemsOf(module.default, name.replace(/[./].*$/, ''));
  if (problems.length > 0) throw badType(file, problems);
  return Object.freeze(module.default) as ServiceType;
}

async function importType(file: string): Promise<{ default?: unknown }> {
  try {
    return await import(/* @vite-ignore */ pathToFileURL(file).href);
  } catch (error) {
    throw badType(file, [`it cannot be loaded: ${(error as Error).message}`]);
  }
}

function badType(file: string, problems: readonly string[]): PanelError {
  return new PanelError(
    'bad-service-type',
    `${file}: ${problems.join('; ')}.`,
    'Correct the file; the panel does not start with a broken type.',
  );
}
