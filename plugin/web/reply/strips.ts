/** The strips of types, with what is announced now, as the visitor may see it. */
import type { TypeSummary } from '../../panel/contract.js';
import { stripModel, stripSince } from '../../present/pictures/health.js';
import { typeTitle } from '../../present/service.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

/** Of those that were measured. */
export function strips(web: Web, { words }: Visit, types: readonly TypeSummary[]) {
  const now = web.now();
  const health = web.panel.store.history.health(stripSince(now));
  return types.flatMap(({ typeId, type, ranked }) => {
    const strip = stripModel(health.get(typeId), ranked, words, now);
    return strip ? [{ type: typeId, title: typeTitle(type, typeId, words), strip }] : [];
  });
}
