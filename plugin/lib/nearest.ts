/** The word that somebody probably meant: for mistakes in configuration and on the command line. */

/** Two letters, so that two that changed places are one mistake; in longer words, a third of the letters. */
const isNear = (apart: number, letters: number) => apart <= Math.max(2, letters / 3);

/** The word nearest to what was written (edit distance, in any case); undefined where none is near enough to be meant. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  return words
    .map((word) => ({ word, apart: distance(word.toLowerCase(), written.toLowerCase()) }))
    .filter(({ word, apart }) => isNear(apart, Math.max(word.length, written.length)))
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
