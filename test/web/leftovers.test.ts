/** Nothing is left over in the pages: every template is shown, and every class of the style sheet is in one. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { PUBLIC_DIR, VIEWS_DIR } from '../../plugin/config/paths.js';

const read = (folder: string, ending: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

const templates = read(VIEWS_DIR, '.eta');
const programs = [...read(join(VIEWS_DIR, '..', 'plugin'), '.ts'), ...read(PUBLIC_DIR, '.js')];
const everything = [...templates, ...programs].map(({ text }) => text).join('\n');

it('every template is included, or named by a page', () => {
  const isShown = (name: string) => new RegExp(`(partials/|')${basename(name, '.eta')}'`).test(everything);
  expect(templates.length).toBeGreaterThan(60);
  expect(templates.map(({ name }) => name).filter((name) => !isShown(name))).toEqual([]);
});

it('every class of the style sheet is in a template or a script', () => {
  const classes = new Set(read(PUBLIC_DIR, '.css').flatMap(({ text }) => text.match(/(?<=\.)cs-[\w-]+/g) ?? []));
  /** What a template puts a word behind: `cs-is-<%= … %>`. */
  const composed = [...new Set(everything.match(/cs-(?:\w+-)+(?=<%|\$\{|')/g))];
  const isUsed = (name: string) =>
    new RegExp(`${name}(?![\\w-])`).test(everything) || composed.some((start) => name.startsWith(start));
  expect(classes.size).toBeGreaterThan(200);
  expect([...classes].filter((name) => !isUsed(name))).toEqual([]);
});
