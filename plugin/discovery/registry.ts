/** The loader of the sources: reads their folder and refuses what breaks their contract. */
import { SOURCES_DIR } from '../config/paths.js';
import { importDefault, listModules, type ModuleFile } from '../lib/modules.js';
import { LANGUAGES } from '../model/language.js';
import type { SourceType } from './source.js';

/**
 * Every source of the folder, in the order in which they are listed.
 * @throws Error naming the file and everything that is wrong with it: a mistake of ours
 */
export async function loadSources(folder: string = SOURCES_DIR): Promise<readonly SourceType[]> {
  const sources = await Promise.all((await listModules(folder)).map(loadType));
  return sources.sort((a, b) => a.order - b.order);
}

async function loadType(module: ModuleFile): Promise<SourceType> {
  const type = (await importDefault(module)) as Partial<SourceType> | undefined;
  const problems = findProblems(type ?? {}, module.id);
  if (problems.length > 0) throw new Error(`${module.path}: ${problems.join('; ')}.`);
  return Object.freeze(type) as SourceType;
}

function findProblems(type: Partial<SourceType>, name: string): string[] {
  const { id, title, order, trust, reach, remedy, isSet, open } = type;
  const problems: string[] = [];
  const need = (holds: boolean, what: string) => holds || problems.push(what);
  need(id === name, `id must equal the file name "${name}"`);
  need(hasTexts(title), `title needs a text in ${LANGUAGES.join(', ')}`);
  need(Number.isFinite(order), 'order must be a number');
  need(trust === 'owner' || trust === 'anyone', 'trust must be owner or anyone');
  need([undefined, 'community', 'link'].includes(reach), 'reach must be community or link');
  need(remedy === undefined || hasTexts(remedy), `remedy needs a text in ${LANGUAGES.join(', ')}`);
  need(typeof isSet === 'function', 'isSet must be a function');
  need(typeof open === 'function', 'open must be a function');
  return problems;
}

const hasTexts = (texts: SourceType['title'] | undefined) => LANGUAGES.every((language) => texts?.[language]);
