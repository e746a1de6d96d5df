/** A folder of modules that is read at start: each is a file, or a folder with an `index`, named for what it defines. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface ModuleFile {
  /** Name without its ending. */
  readonly id: string;
  readonly path: string;
}

/** Modules of the folder, by name. @param except names of files that define nothing */
export async function listModules(folder: string, except: readonly string[] = []): Promise<ModuleFile[]> {
  const names = await readdir(folder);
  const modules = names.flatMap((name): ModuleFile[] => {
    const [, id] = /^([^.]+)\.(?:ts|js|mjs)$/.exec(name) ?? [];
    if (id !== undefined) return except.includes(id) ? [] : [{ id, path: join(folder, name) }];
    const index = join(folder, name, 'index.ts');
    return existsSync(index) ? [{ id: name, path: index }] : [];
  });
  return modules.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Its default export; undefined without one. @throws what the module itself throws */
export async function importDefault({ path }: ModuleFile): Promise<unknown> {
  const module: { readonly default?: unknown } = await import(/* @vite-ignore */ pathToFileURL(path).href);
  return module.default;
}
