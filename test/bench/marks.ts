/** What a bench reports, and how it is printed. */

export interface Mark {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The limit to keep: at most this, or at least this where `atLeast` is set. */
  readonly mark: number;
  readonly atLeast?: true;
  readonly holds: boolean;
}

export function atMost(name: string, value: number, unit: string, mark: number): Mark {
  return { name, value: round(value), unit, mark, holds: value <= mark };
}

export function atLeast(name: string, value: number, unit: string, mark: number): Mark {
  return { name, value: round(value), unit, mark, atLeast: true, holds: value >= mark };
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** The value that this share of all values is below; NaN where there is none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

export function table(marks: readonly Mark[]): string {
  const width = Math.max(...marks.map(({ name }) => name.length));
  return marks
    .map(({ name, value, unit, mark, atLeast, holds }) => {
      const limit = `${atLeast ? '≥' : '≤'} ${mark} ${unit}`;
      return `${holds ? '✓' : '✗'} ${name.padEnd(width)}  ${`${value} ${unit}`.padStart(12)}   mark ${limit}`;
    })
    .join('\n');
}

const round = (value: number) => Math.round(value * 1_000) / 1_000;
