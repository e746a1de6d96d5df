/** The provider that a person names on the command line. */
import { nearest } from '../lib/nearest.js';
import type { Ranked } from '../model/ranked.js';
import type { TypeView } from '../panel/contract.js';
import { providerName } from '../present/row.js';
import { plain } from './table.js';
import { UsageError } from './usage.js';

/**
 * By its id, or the first digits of it; by the name of its node or host, or by its address.
 * @throws UsageError where none is meant, or several are
 */
export function pickProvider(
  { typeId, ranked }: Pick<TypeView, 'typeId' | 'ranked'>,
  wanted: string,
  command: string,
): Ranked {
  const typed = wanted.toLowerCase();
  const isMeant = ({ provider: { id, node, host, address, port } }: Ranked) =>
    (typed.length >= 4 && id.startsWith(typed)) ||
    [node, host, address, `${address}:${port}`].some((name) => name.toLowerCase() === typed);
  const [found, ...others] = ranked.filter(isMeant);
  if (found && others.length === 0) return found;
  const all = { key: 'usage.providers', line: `list ${plain(typeId)}` };
  const params = { word: plain(wanted) };
  const start = `${command} ${plain(typeId)}`;
  if (found) {
    const { id, address, port } = found.provider;
    const instead = `${start} ${port === null ? id.slice(0, 8) : `${address}:${port}`}`;
    throw new UsageError('usage.several', params, instead, all);
  }
  const near = nearest(
    wanted,
    ranked.map(({ provider }) => providerName(provider)),
  );
  throw new UsageError('usage.provider', params, near ? `${start} ${plain(near)}` : null, all);
}
