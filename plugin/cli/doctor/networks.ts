/** Which community network this machine is in, and what to set so that the panel hears it. */
import { type Machine, THIS_MACHINE } from '../../discovery/index.js';
import type { Panel } from '../../panel/contract.js';
import type { Words } from '../../present/i18n.js';
import { absent, type Check } from './check.js';

/** For a router that does not answer, ms. */
const LIMIT_MS = 3_000;
const NAME = 'network';

/** One line for each network that is found and not read; none where one is read and no other is found. */
export async function networks(
  { config, discovery }: Pick<Panel, 'config' | 'discovery'>,
  { t, language }: Words,
  machine: Machine = THIS_MACHINE,
): Promise<Check[]> {
  const statuses = discovery.sources();
  const isInUse = (id: string) => statuses.some(({ name, state }) => name === id && state === 'up');
  const signal = AbortSignal.timeout(LIMIT_MS);
  const unused = discovery.sourceTypes.filter((type) => !type.isSet(config) && !isInUse(type.id));
  const all = (await Promise.all(unused.map((type) => type.detect?.(config, machine, signal)))).flatMap(
    (found) => found ?? [],
  );
  // Whoever listens to the local network need not be in any other.
  const isHeard = discovery.sourceTypes.some(({ id, reach }) => reach !== 'link' && isInUse(id));
  const sure = all.filter(({ isGuess = false }) => !isGuess);
  const found = sure.length > 0 || isHeard ? sure : all;
  if (found.length > 0) return found.map(({ text, hint }) => absent(NAME, text[language], hint[language]));
  if (isHeard || statuses.some(({ isSet }) => isSet)) return [];
  return [absent(NAME, t('doctor.no-network'), t('doctor.no-network.todo'))];
}
