/** The word that somebody probably meant: for mistakes in configuration and on the command line. */

/** The word nearest to what was written (edit distance); undefined only for an empty list. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  return words
    .map((word) => ({ word, apart: distance(word, written) }))
    .sort((a, b) => a.apart - b.apart)
    .at(0)?.word;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const [above = 0, corner = 0, left = 0] = [row[j + 1], row[j], next[j]];
      next.push(Math.min(corner + (letter === other ? 0 : 1), above + 1, left + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
