/** One provider per id: two would share history, score and pin. */
import type { Provider } from '../model/provider.js';

/**
 * @param providers the most credible first; no two have the same type, address and port
 * @returns the first of each id, in the order given, and the others
 */
export function onePerId<T extends Pick<Provider, 'id'>>(providers: readonly T[]): { listed: T[]; refused: T[] } {
  const ids = new Set<string>();
  const listed: T[] = [];
  const refused: T[] = [];
  for (const provider of providers) {
    const known = ids.size;
    (ids.add(provider.id).size > known ? listed : refused).push(provider);
  }
  return { listed, refused };
}
