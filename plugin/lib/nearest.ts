/** The word that was probably meant, for typing mistakes in the configuration and on the command line. */

/** Two edits, so that swapped letters count as one mistake; in longer words, a third of the letters. */
const isNear = (edits: number, letters: number) => edits <= Math.max(2, letters / 3);

/** The word nearest to the text (edit distance, ignoring case); undefined where none is near enough. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  return words
    .map((word) => ({ word, edits: distance(word.toLowerCase(), text.toLowerCase()) }))
    .filter(({ word, edits }) => isNear(edits, Math.max(word.length, text.length)))
    .sort((a, b) => a.edits - b.edits)
    .at(0)?.word;
}

/** Levenshtein distance. */
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
