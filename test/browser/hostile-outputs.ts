/** What of a stranger's text must never come out: judged by a browser's own parser, and letter by letter. */
import type { Page } from 'playwright-core';
import { DONE_SUM } from '../discovery/hostile.js';

/** Terminals' and printers' commands, what turns the direction of text, what shows nothing, and halves of characters. */
const UNSHOWN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb\p{Cs}]/u;

/** A sum that only a template would have done, and not a part of another number or of an id. */
const SUMMED = new RegExp(`(?<![0-9a-z.])${DONE_SUM}(?![0-9a-z])`);

/** What is wrong with a text that people or programs are shown; null when nothing is. */
export function problemIn(text: string): string | null {
  const at = UNSHOWN.exec(text)?.index ?? SUMMED.exec(text)?.index;
  return at === undefined ? null : JSON.stringify(text.slice(Math.max(0, at - 60), at + 20));
}

/** Every text in a JSON value, names of fields too. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...textsOf(inner)]);
}

export interface Judged {
  readonly problems: readonly string[];
  /** Where its links within the panel lead: path and query. */
  readonly links: readonly string[];
}

/** The page as a browser reads it. */
export async function judge(page: Page, html: string): Promise<Judged> {
  const { problems, links } = await page.evaluate((text) => {
    const [problems, links]: [string[], string[]] = [[], []];
    const panel = 'http://panel.example';
    const addressed = [
      'href',
      'xlink:href',
      'src',
      'srcset',
      'action',
      'formaction',
      'data',
      'poster',
      'hx-get',
      'hx-post',
    ];
    const isAddress = (host: string) => /^(\d+\.\d+\.\d+\.\d+|\[[\da-f:.]+\])$/.test(host);
    for (const element of new DOMParser().parseFromString(text, 'text/html').querySelectorAll('*')) {
      // Only of what is wrong: of each element it would be the page many times over.
      const told = () => element.outerHTML.slice(0, 200);
      if (element.localName === 'x-canary') problems.push(`element ${told()}`);
      if (element.localName === 'script' && element.textContent) problems.push(`script ${told()}`);
      // A form's own `attributes` may be one of its fields.
      for (const name of element.getAttributeNames()) {
        const value = element.getAttribute(name) ?? '';
        if (/^(on|hx-on)/.test(name)) problems.push(`attribute ${name} in ${told()}`);
        if (!addressed.includes(name)) continue;
        const url = URL.canParse(value, panel) ? new URL(value, panel) : null;
        // The one site that a type's own steps name; of it the network says at most the number of a zone.
        const isOurs = /^https:\/\/guifi\.net\/(node\/\d{1,9})?$/.test(value);
        const isSafe =
          isOurs ||
          (/^https?:$/.test(url?.protocol ?? '') && (url?.origin === panel || isAddress(url?.hostname ?? '')));
        if (!url || !isSafe) problems.push(`${name} leads to ${value}`);
        else if (element.localName === 'a' && url.origin === panel) links.push(url.pathname + url.search);
      }
    }
    return { problems, links };
  }, html);
  const letters = problemIn(html);
  return { problems: letters === null ? problems : [...problems, letters], links };
}

/** Cells of a CSV file (RFC 4180), or what is wrong with it. */
export function problemInCsv(text: string): string | null {
  const lines = text.split('\r\n').filter(Boolean);
  for (const line of lines) {
    const cells = line.match(/("(?:[^"]|"")*"|[^",]*)(?:,|$)/g) ?? [];
    const formula = cells.find((cell) => /^"?[=+\-@\t\r]/.test(cell) && !/^-?\d+(\.\d+)?(e-?\d+)?,?$/.test(cell));
    if (formula !== undefined || cells.join('') !== line) return line;
  }
  return problemIn(lines.join('\n'));
}
