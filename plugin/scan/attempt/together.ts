/** What an attempt asks a provider: the probe, with every announced identity, and beside it the path to its node. */
import type { Provider } from '../../model/provider.js';
import { isFailed, type ProbeContext, type ProbeResult, type Target } from '../../probe/index.js';
import { measurePath } from '../../probe/path.js';
import type { ServiceType } from '../../services/contract.js';
import { asksForPath } from '../cost.js';

/** How long the path may still be measured when the probe has ended, ms. */
const PATH_LATE_MS = 250;

export type Claimed = Target & Pick<Provider, 'contradictions'>;

/**
 * The probe, and beside it the path to the node by Serf ping: for every service of a node that gossips, also the mute ones.
 * The path has as long as the probe takes and a little more: a silent node does not delay it.
 */
export async function withPath(type: ServiceType, target: Claimed, context: ProbeContext): Promise<ProbeResult> {
  if (!asksForPath(type, target)) return withIdentities(type, target, context);
  const late = new AbortController();
  const signal = AbortSignal.any([context.signal, late.signal]);
  const path = measurePath(target, { ...context, signal }).catch((error) => {
    if (signal.aborted) return [];
    throw error;
  });
  // It is awaited below; an unhandled rejection before that would end the process.
  path.catch(() => {});
  const result = await withIdentities(type, target, context).catch(async (error) => {
    late.abort();
    await path;
    throw error;
  });
  const timer = setTimeout(() => late.abort(), isFailed(result) ? 0 : PATH_LATE_MS);
  const samples = await path;
  clearTimeout(timer);
  return isFailed(result) ? result : { ...result, samples: [...result.samples, ...samples] };
}

/**
 * The probe; when the identity is wrong and others announce the service differently, again with each of their announcements:
 * a stranger who announced a neighbour's service first cannot make it fail.
 */
async function withIdentities(type: ServiceType, target: Claimed, context: ProbeContext): Promise<ProbeResult> {
  const result = await type.probe(target, context);
  for (const { node, txt } of target.contradictions ?? []) {
    if (!isFailed(result) || result.reason !== 'wrong-identity') break;
    const other = await type.probe({ ...target, node, txt }, context);
    if (!isFailed(other)) return { ...other, facts: { ...other.facts, 'announced by': node } };
  }
  return result;
}
