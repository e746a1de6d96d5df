/** Plain-text tables; strangers' text is stripped of control characters and cut to its column. */
import { stripVTControlCharacters } from 'node:util';
import { largest } from '../lib/extremes.js';
import { HIDDEN_IN_LINE } from '../lib/text.js';
import type { Words } from '../present/i18n.js';
import type { Paint, Style } from './colour.js';

interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Widest, in characters. */
  readonly max?: number;
  readonly right?: boolean;
  readonly style?: (row: Row) => Style;
}

const MAX = 60;

interface Look {
  readonly paint: Paint;
  /** With these the titles are in the person's language. */
  readonly words: Words;
}

/** One line per row, columns as wide as needed. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], { paint, words }: Look): string {
  const cellsByColumn = columns.map(({ title, text, max = MAX, right = false, style }) => {
    const key = `terminal.column.${title.toLowerCase()}`;
    const cells = [words.has(key) ? words.t(key) : title, ...rows.map((row) => plain(text(row), max))];
    const width = largest(cells.map((cell) => [...cell].length));
    return cells.map((cell, at) => {
      const space = ' '.repeat(width - [...cell].length);
      const row = rows[at - 1];
      const painted = paint(row === undefined ? 'dim' : (style?.(row) ?? ''), cell);
      return right ? space + painted : painted + space;
    });
  });
  const lines = ['', ...rows].map((_, at) =>
    cellsByColumn
      .map((cells) => cells[at])
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** A stranger's text made safe for a terminal: without control sequences, on one line, at most `max` characters. */
export function plain(text: string, max = MAX): string {
  const clean = stripVTControlCharacters(text).replace(/\s+/g, ' ').replace(HIDDEN_IN_LINE, '').trim();
  const letters = [...clean];
  return letters.length <= max ? clean : `${letters.slice(0, max - 1).join('')}…`;
}
