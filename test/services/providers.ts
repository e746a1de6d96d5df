/** Providers as discovery hands them over, for what a type makes of them. */
import type { Provider } from '../../plugin/model/provider.js';
import type { UseStep } from '../../plugin/services/contract.js';

export function provider(of: Partial<Provider> = {}): Provider {
  return {
    id: '0123456789ab',
    type: 'any',
    node: 'node1',
    host: 'node1.guifi.local',
    address: '10.1.2.3',
    port: 1234,
    description: '',
    community: '',
    txt: new Map(),
    gossip: null,
    sources: ['serf'],
    self: false,
    barred: null,
    stale: false,
    heardAt: 0,
    ...of,
  };
}

/** What the steps say to copy or to open, without the labels; nor the codes, which say the same to a camera. */
export function said(steps: readonly UseStep[]): string[] {
  const read = steps.filter(({ kind }) => kind !== 'qr');
  return read.map((step) => (step.kind === 'link' ? step.url : step.kind === 'note' ? 'note' : step.text));
}
