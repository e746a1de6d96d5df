/** A discovery that follows one Serf agent, for the tests of its faults. */
import { onTestFinished } from 'vitest';
import type { AgentAddress } from '../../plugin/serf/connection.js';
import { createDiscovery, type Discovery } from './create.js';

/** Takes what is to be closed when the test has ended; of tests that run at once each has its own. */
export type AtEnd = (close: () => Promise<void>) => void;

export function follow(serfRpc: AgentAddress, serfAuthKey: string | null = null, atEnd: AtEnd = onTestFinished) {
  const discovery = createDiscovery({
    config: { serfRpc, serfAuthKey, providersFile: null, communityRanges: ['127.0.0.0/8', '10.0.0.0/8'] },
  });
  atEnd(() => discovery.close());
  return discovery;
}

/** What it says of the agent. */
export const serf = (discovery: Discovery) => discovery.sources()[0];

/** Its list, a line for each provider. */
export const rows = (discovery: Discovery) =>
  discovery.providers().map(({ node, address, stale }) => `${node} ${address}${stale ? ' stale' : ''}`);

/** As it stands in a tag. */
export const entry = (address: string) => ({ s: 'dnsservice', d: '', m: '', i: address, p: '53', e: '', t: '' });
