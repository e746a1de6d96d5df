/** Colours of a terminal: only where one reads, and nobody asked for none (https://no-color.org). */
import type { Io } from './io.js';

const CODES = { good: 32, weak: 33, bad: 31, strong: 1, dim: 2 } as const;
/** Empty = as the rest. */
export type Style = keyof typeof CODES | '';
export type Paint = (style: Style, text: string) => string;

/** For standard output. */
export function painter({ stdout, env = {} }: Pick<Io, 'stdout' | 'env'>): Paint {
  const isColoured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  return (style, text) =>
    isColoured && style !== '' && text !== '' ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}
