/** What a scan of a type has led to, in one sentence: how many work, and whether the best is another one than before. */
import type { Job } from '../../model/job.js';
import type { Ranked } from '../../model/ranked.js';
import type { Words } from '../i18n.js';
import { isReachable, isWorking, providerName } from '../row.js';

/**
 * null while it runs, and for a scan of one provider, whose page says more.
 * @param ranked as the visitor may see them
 */
export function scanSummary(job: Job | null, ranked: readonly Ranked[], words: Words): string | null {
  if (job === null || job.kind !== 'scan' || job.state !== 'done' || job.provider !== null) return null;
  const [from, until] = [Date.parse(job.startedAt), Date.parse(job.finishedAt ?? job.startedAt)];
  const tried = ranked.filter(({ measuredAt }) => measuredAt !== null && measuredAt >= from && measuredAt <= until);
  if (tried.length === 0) return null;
  const reached = tried.filter(isReachable);
  const proven = tried.filter(isWorking).length;
  const key = proven > 0 || reached.length === 0 ? 'scan.work' : 'scan.reached';
  const count = key === 'scan.work' ? proven : reached.length;
  const best = ranked.find(({ recommended }) => recommended);
  const sentence = words.t(key, { count, tried: tried.length });
  if (!best) return `${sentence}.`;
  const change = job.before === null ? 'first' : job.before === best.provider.id ? 'stays' : 'new';
  return `${sentence}; ${words.t(`scan.best.${change}`, { name: providerName(best.provider) })}`;
}
