/** Two providers of one id would share history, score and pin: the list has only one of them. */
import type { Provider } from '../model/provider.js';

/**
 * @param providers those more to be believed first; none has the type, address and port of another
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
