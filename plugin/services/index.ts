/**
 * The loader of service types: reads this folder, and refuses what breaks the contract. A type is one file or folder here,
 * named as on the wire; no other file names it.
 */
import { join } from 'node:path';
import { SERVICES_DIR } from '../config/paths.js';
import { importDefault, listModules, type ModuleFile } from '../lib/modules.js';
import { PanelError } from '../model/errors.js';
import { findProblems } from './check.js';
import type { AnnouncedLink, LinkPattern, ServiceRegistry, ServiceType } from './contract.js';

/** The file that serves every unknown type. */
const FALLBACK = 'other';
/** Files of this folder that are no type. */
const CONTRACT = ['index', 'check', 'contract', 'steps'];

/**
 * Reads every file and folder in it as a service type.
 * @throws PanelError `bad-service-type` naming the file and everything that is wrong with it.
 */
export async function loadServices(folder: string = SERVICES_DIR): Promise<ServiceRegistry> {
  const loaded = await Promise.all((await listModules(folder, CONTRACT)).map(loadType));
  const fallback = loaded.find((type) => type.id === FALLBACK);
  if (!fallback) throw badType(join(folder, FALLBACK), ['the file for unknown types is missing']);
  const known = loaded.filter((type) => type !== fallback);
  const byId = new Map(known.map((type) => [type.id, type]));
  const byAlias = new Map(known.flatMap(({ id, aliases = [] }) => aliases.map((alias) => [alias, id] as const)));
  return {
    types: known.filter(isBuiltin),
    of: (typeId) => byId.get(typeId) ?? fallback,
    has: (typeId) => isBuiltin(byId.get(typeId)),
    canonical: (typeId, description = '') => {
      const id = byAlias.get(typeId) ?? typeId;
      return byId.get(id)?.namesakes?.test(description) ? FALLBACK : id;
    },
    recognise: (link) => recognise(known, link),
  };
}

/** Of the types that claim the link, the one whose pattern asks for most. */
function recognise(types: readonly ServiceType[], link: AnnouncedLink): string | null {
  const claims = types.flatMap(({ id, links = [] }) =>
    links.filter((pattern) => matches(pattern, link)).map((pattern) => ({ id, parts: Object.keys(pattern).length })),
  );
  return claims.sort((one, other) => other.parts - one.parts)[0]?.id ?? null;
}

const matches = ({ scheme, port, word }: LinkPattern, link: AnnouncedLink) =>
  scheme === link.scheme &&
  (port === undefined || port === link.port) &&
  (word === undefined || link.words.includes(word));

const isBuiltin = (type: ServiceType | undefined) => type !== undefined && type.listed !== 'when-announced';

/**
 * Reads one type alone, for a thread that measures nothing else.
 * @param id of a type of the registry: the fallback's for a word that is unknown
 * @throws PanelError `bad-service-type`
 */
export async function loadService(id: string, folder: string = SERVICES_DIR): Promise<ServiceType> {
  const module = (await listModules(folder, CONTRACT)).find((type) => type.id === id);
  if (!module) throw badType(join(folder, id), ['the file is missing']);
  return loadType(module);
}

async function loadType(module: ModuleFile): Promise<ServiceType> {
  const type = await importDefault(module).catch((error: Error) => {
    throw badType(module.path, [`it cannot be loaded: ${error.message}`]);
  });
  const problems = findProblems(type, module.id);
  if (problems.length > 0) throw badType(module.path, problems);
  return Object.freeze(type) as ServiceType;
}

function badType(file: string, problems: readonly string[]): PanelError {
  return new PanelError(
    'bad-service-type',
    `${file}: ${problems.join('; ')}.`,
    'Correct the file; the panel does not start with a broken type.',
  );
}
