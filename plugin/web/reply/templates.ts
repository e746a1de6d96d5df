/** The templates, all parsed at start, so that a broken one stops the start and does not fail on a click. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import { VIEWS_DIR } from '../../config/paths.js';

const ENDING = '.eta';

export interface Views {
  /** Renders the template of that name (`layout`, `partials/row`); every value in it is escaped. */
  render(name: string, data: object): string;
}

/**
 * Reads and compiles every template under the folder; they include each other as `@name`.
 * @throws EtaParseError for bad syntax; Error for a template that includes one that does not exist.
 */
export function loadViews(folder: string = VIEWS_DIR): Views {
  const eta = new Eta({ autoEscape: true, cache: true });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ENDING));
  const names = new Set(files.map((file) => file.slice(0, -ENDING.length)));
  for (const name of names) {
    // Without indentation, which would be a sixth of a long list.
    const source = readFileSync(join(folder, name + ENDING), 'utf8').replace(/^[ \t]+/gm, '');
    for (const [, included = ''] of source.matchAll(/include\('@([^']+)'/g)) {
      if (!names.has(included)) throw new Error(`${name}${ENDING} includes ${included}, which does not exist`);
    }
    eta.loadTemplate(`@${name}`, source);
  }
  return { render: (name, data) => eta.render(`@${name}`, data) };
}
