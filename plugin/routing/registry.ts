/** The loader of the routing daemons: reads their folder and refuses what breaks their contract. */
import { ROUTING_DIR } from '../config/paths.js';
import { importDefault, listModules, type ModuleFile } from '../lib/modules.js';
import type { RoutingDaemon } from './contract.js';

/**
 * Every daemon of the folder, by name.
 * @throws Error naming the file and what is wrong with it: a mistake of ours
 */
export async function loadDaemons(folder: string = ROUTING_DIR): Promise<readonly RoutingDaemon[]> {
  return Promise.all((await listModules(folder)).map(loadDaemon));
}

async function loadDaemon(module: ModuleFile): Promise<RoutingDaemon> {
  const { id, usual, hint, ask, routes } = ((await importDefault(module)) ?? {}) as Partial<RoutingDaemon>;
  const problems: string[] = [];
  const need = (holds: boolean, what: string) => holds || problems.push(what);
  need(id === module.id, `id must equal the file name "${module.id}"`);
  need(Array.isArray(usual) && usual.length > 0, 'usual needs a place');
  need(typeof hint === 'string' && hint !== '', 'hint must be a text');
  need(typeof ask === 'function', 'ask must be a function');
  need(typeof routes === 'function', 'routes must be a function');
  if (problems.length > 0) throw new Error(`${module.path}: ${problems.join('; ')}.`);
  return Object.freeze((await importDefault(module)) as RoutingDaemon);
}
