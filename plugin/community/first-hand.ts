/** What this node has measured itself, as it tells its neighbours: never what others say, and nothing of its own services. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Discovery } from '../discovery/index.js';
import { HOUR_MS } from '../lib/time.js';
import type { Ranked } from '../model/ranked.js';
import { toLooks } from '../score/looks.js';
import { toOutcomes } from '../score/outcome.js';
import type { ServiceRegistry } from '../services/contract.js';
import type { Store } from '../store/index.js';
import { MAX_AGE_HOURS, MAX_LOOKS, MAX_ROWS, MIN_LOOKS, type OpinionRow, TYPE } from './document.js';

export interface FirstHandDeps {
  readonly services: Pick<ServiceRegistry, 'of'>;
  readonly discovery: Pick<Discovery, 'words'>;
  readonly store: Pick<Store, 'attempts' | 'opinions'>;
  readonly ranking: (typeId: string) => readonly Ranked[];
  /** ms since the epoch. */
  readonly now: () => number;
}

/**
 * The providers that were measured last, at most as many as a document holds. Not those that the owner hides.
 * @param stars whether the owner's are told
 */
export async function firstHand(deps: FirstHandDeps, stars: boolean): Promise<readonly OpinionRow[]> {
  const since = deps.now() - MAX_AGE_HOURS * HOUR_MS;
  const measured: { readonly typeId: string; readonly row: Ranked }[] = [];
  for (const typeId of deps.discovery.words()) {
    if (!TYPE.test(typeId)) continue;
    for (const row of deps.ranking(typeId)) if (isTold(row, since)) measured.push({ typeId, row });
    // A long list takes a while to rank.
    await nextTurn();
  }
  const newest = measured.sort((a, b) => byAge(a.row, b.row)).slice(0, 2 * MAX_ROWS);
  return newest.flatMap(({ typeId, row }) => toOpinion(deps, typeId, row, { since, stars }) ?? []).slice(0, MAX_ROWS);
}

const isTold = ({ provider, hidden, measuredAt }: Ranked, since: number) =>
  !provider.self && !hidden && provider.barred === null && measuredAt !== null && measuredAt >= since;

const byAge = (a: Ranked, b: Ranked) =>
  Number(b.measuredAt) - Number(a.measuredAt) || (a.provider.id < b.provider.id ? -1 : 1);

interface Terms {
  /** ms since the epoch. */
  readonly since: number;
  readonly stars: boolean;
}

/** null where there were too few looks. */
function toOpinion(deps: FirstHandDeps, typeId: string, row: Ranked, { since, stars }: Terms): OpinionRow | null {
  const { services, store, now } = deps;
  const { provider, measuredAt, unrated, score, level } = row;
  const attempts = store.attempts.of(typeId, provider.id, MAX_LOOKS, since);
  const looks = toLooks(toOutcomes(attempts, services.of(typeId).scoredFrom ?? 0));
  if (looks.length < MIN_LOOKS) return null;
  const isAnswered = (look: (typeof looks)[number]) => look.some(({ answer }) => answer !== null);
  const answered = looks.filter(isAnswered).length;
  const mark = unrated ? unrated.score : score;
  const latest = stars ? store.opinions.get(typeId, provider.id).stars[0]?.stars : undefined;
  return {
    ...{
      provider: provider.id,
      type: typeId,
      level: looks.slice(0, 1).some(isAnswered) ? level : 0,
      looks: looks.length,
    },
    ageHours: Math.max(0, Math.floor((now() - Number(measuredAt)) / HOUR_MS)),
    mark: mark === null ? null : Math.round(mark),
    answered: Math.round((100 * answered) / looks.length),
    ...(latest !== undefined && { stars: latest }),
  };
}
