/** What is shown of the owner’s opinion of a provider. */
import type { Opinion } from '../store/index.js';

/** What is shown of an opinion, on the owner's page and in the owner's API. */
export function opinionModel(opinion: Opinion) {
  const { pinned, hidden, note, runBy, known, language, help, stars } = opinion;
  return { pinned, hidden, note, runBy, known, language, help, stars: stars[0]?.stars ?? null, ratings: stars.length };
}
