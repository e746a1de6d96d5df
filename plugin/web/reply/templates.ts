/** The templates, all parsed at start, so that a broken one stops the start and does not fail on a click. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import { VIEWS_DIR } from '../../config/paths.js';

const ENDING = '.eta';

/** In HTML, and in one byte: a single wider character would make the whole page a string of two bytes a character. */
const SPECIAL = /[&<>"']|[\u0100-\uffff]/;
const SPECIALS = /[&<>"']|[\u0100-\u{10ffff}]/gu;
const WIDE = /[\u0100-\uffff]/;
/** What is code in a template, or a character of its text that takes more than one byte. */
const CODE_OR_WIDE = /<%[\s\S]*?%>|[\u0100-\u{10ffff}]/gu;
const NAMED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export interface Views {
  /** Renders the template of that name (`layout`, `partials/row`); every value in it is escaped. */
  render(name: string, data: object): string;
}

/**
 * Reads and compiles every template under the folder; they include each other as `@name`.
 * @throws EtaParseError for bad syntax; Error for a template that includes one that does not exist.
 */
export function loadViews(folder: string = VIEWS_DIR): Views {
  const eta = new Eta({ autoEscape: true, cache: true, escapeFunction: escapeHtml });
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ENDING));
  const names = new Set(files.map((file) => file.slice(0, -ENDING.length)));
  for (const name of names) {
    // Without indentation, which would be a sixth of a long list.
    const source = narrow(readFileSync(join(folder, name + ENDING), 'utf8').replace(/^[ \t]+/gm, ''));
    for (const [, included = ''] of source.matchAll(/include\('@([^']+)'/g)) {
      if (!names.has(included)) throw new Error(`${name}${ENDING} includes ${included}, which does not exist`);
    }
    eta.loadTemplate(`@${name}`, source);
  }
  return { render: (name, data) => eta.render(`@${name}`, data) };
}

const reference = (char: string) => NAMED[char] ?? `&#${char.codePointAt(0)};`;

function narrow(source: string): string {
  return source.replace(CODE_OR_WIDE, (found) => (found.startsWith('<%') ? found : reference(found)));
}

/** The value as text or as part of a quoted attribute; of characters up to U+00FF. */
export function escapeHtml(value: unknown): string {
  const text = String(value);
  if (!SPECIAL.test(text)) return text;
  const escaped = text.replace(SPECIALS, reference);
  // What is replaced in a string of two bytes a character stays one, whatever is left in it.
  return WIDE.test(text) ? Buffer.from(escaped, 'latin1').toString('latin1') : escaped;
}
