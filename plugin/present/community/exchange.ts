/** What neighbours' panels and this one tell each other, for the owner. */
import type { Panel } from '../../panel/contract.js';

export function exchangeModel({ community }: Pick<Panel, 'community'>) {
  const { on, stars, address, problem, tag, peers } = community.status();
  return {
    ...{ on, stars, address, problem, tag },
    peers: peers.map(({ askedAt, ...peer }) => ({ ...peer, askedAt: new Date(askedAt).toISOString() })),
  };
}
