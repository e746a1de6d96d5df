/** What is wrong with an own service, as the first page tells its owner. */
import type { TypeSummary } from '../../../panel/contract.js';
import type { Web } from '../../context.js';

/** A unit has failed, or it is announced and neighbours cannot reach its port. */
export type Trouble = 'unit' | 'port';

export async function trouble(web: Web, summary: TypeSummary): Promise<Trouble | null> {
  if (summary.local.units.some(({ state }) => state === 'failed')) return 'unit';
  return hasLasted(web, summary.typeId, await isSilent(web, summary)) ? 'port' : null;
}

/** Whether it is announced while its port is open only to this machine. */
export async function isSilent(
  { panel }: Web,
  { typeId, local, builtin }: Pick<TypeSummary, 'typeId' | 'builtin' | 'local'>,
): Promise<boolean> {
  if (!builtin || !local.published) return false;
  if (local.state === 'stopped') return true;
  const states = ((await panel.own.view(typeId)).port?.transports ?? []).map(({ listening }) => listening);
  return states.some((listening) => listening !== null) && !states.includes('open');
}

/** A service that is starting is silent too: it is trouble only once two looks so far apart agree, ms. */
const APART_MS = 30_000;

/** By panel, each with its own clock: the silent types, and since when (ms since the epoch). */
const silences = new WeakMap<Web, Map<string, number>>();

/** Of each silent type, whether it has lasted. */
export const lastingSilences = (web: Web): boolean[] =>
  [...(silences.get(web)?.values() ?? [])].map((since) => web.now() - since >= APART_MS);

/** Whether the type was silent at every look for that long. */
function hasLasted(web: Web, typeId: string, isSilent: boolean): boolean {
  const silent = silences.get(web) ?? new Map<string, number>();
  silences.set(web, silent);
  const now = web.now();
  // Never later than now: the clock may have been set back meanwhile.
  const since = isSilent ? Math.min(silent.get(typeId) ?? now, now) : null;
  if (since === null) silent.delete(typeId);
  else silent.set(typeId, since);
  return since !== null && now - since >= APART_MS;
}
