/** The two drawings of the report: plain SVG, readable without colours. */
import type { Estimate } from './marks.js';

const WIDTH = 960;
const INK = '#222';
const FONT = 'font-family="sans-serif" font-size="13"';

export interface Panel<T> {
  readonly title: string;
  readonly rows: readonly T[];
}

const draw = (height: number, title: string, parts: readonly string[]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ${FONT} fill="${INK}">
<title>${title}</title><rect width="100%" height="100%" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
const text = (x: number, y: number, what: string, more = '') => `<text x="${x}" y="${y}" ${more}>${what}</text>`;
const line = (from: readonly number[], to: readonly number[], more = '') =>
  `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="${INK}" ${more}/>`;

/** One column for each task, one row for each rule: a dot with its interval, between 0 and 1. */
export function dots(title: string, panels: readonly Panel<{ readonly name: string } & Estimate>[]): string {
  const [left, gap, top, step] = [180, 20, 60, 24];
  const width = (WIDTH - left - gap) / panels.length - gap;
  const rows = panels[0]?.rows ?? [];
  const bottom = top + rows.length * step;
  const names = rows.map(({ name }, index) => text(left - 10, top + index * step + 14, name, 'text-anchor="end"'));
  const columns = panels.flatMap((panel, column) => {
    const start = left + column * (width + gap);
    const x = (value: number) => Math.round((start + Math.min(Math.max(value, 0), 1) * width) * 10) / 10;
    const axis = [0, 0.25, 0.5, 0.75, 1].flatMap((value) => [
      line([x(value), top], [x(value), bottom], 'opacity="0.15"'),
      text(x(value), bottom + 18, `${value}`, 'text-anchor="middle"'),
    ]);
    const marks = panel.rows.flatMap(({ value, low, high }, index) => {
      const y = top + index * step + 10;
      return [line([x(low), y], [x(high), y], 'stroke-width="2"'), `<circle cx="${x(value)}" cy="${y}" r="4.5"/>`];
    });
    return [text(start, top - 12, panel.title, 'font-weight="bold"'), ...axis, ...marks];
  });
  return draw(bottom + 40, title, [text(20, 24, title, 'font-size="16"'), ...names, ...columns]);
}

const DASHES = ['', '8 4', '3 3', '10 3 3 3', '1 4', '14 4'];

/** One column for each task, one line for each rule: the share of decisions that lose at most so much time. */
export function curves(
  title: string,
  panels: readonly Panel<{ readonly name: string; readonly values: readonly number[] }>[],
): string {
  const [left, gap, top, height, most] = [50, 40, 60, 280, 2];
  const width = (WIDTH - left) / panels.length - gap;
  const columns = panels.flatMap(({ title: name, rows }, column) => {
    const start = left + column * (width + gap);
    const place = (lost: number, share: number) =>
      `${(start + (Math.min(lost, most) / most) * width).toFixed(1)},${(top + (1 - share) * height).toFixed(1)}`;
    const lines = rows.map(({ values }, index) => {
      const sorted = [...values].sort((a, b) => a - b).filter((value) => value <= most);
      const points = sorted.map((value, nth) => place(value, (nth + 1) / values.length));
      points.push(place(most, sorted.length / values.length));
      return `<polyline points="${points.join(' ')}" fill="none" stroke="${INK}" stroke-width="1.6" stroke-dasharray="${DASHES[index % DASHES.length]}"/>`;
    });
    const axis = [
      line([start, top + height], [start + width, top + height]),
      line([start, top], [start, top + height]),
      ...[0, 0.5, 1].map((share) =>
        text(start - 6, top + (1 - share) * height + 4, `${share}`, 'text-anchor="end" font-size="11"'),
      ),
      ...[0, 0.5, 1, 1.5, 2].map((lost) =>
        text(
          start + (lost / most) * width,
          top + height + 18,
          `+${lost * 100} %`,
          'text-anchor="middle" font-size="11"',
        ),
      ),
    ];
    return [text(start, top - 12, name, 'font-weight="bold"'), ...axis, ...lines];
  });
  const key = (panels[0]?.rows ?? []).flatMap(({ name }, index) => {
    const x = left + (index % 3) * 300;
    const y = top + height + 50 + Math.floor(index / 3) * 24;
    return [
      line([x, y], [x + 40, y], `stroke-width="1.6" stroke-dasharray="${DASHES[index % DASHES.length]}"`),
      text(x + 46, y + 4, name),
    ];
  });
  return draw(top + height + 100, title, [text(20, 24, title, 'font-size="16"'), ...columns, ...key]);
}
