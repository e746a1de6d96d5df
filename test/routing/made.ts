/** Made-up ways, daemons and providers. */
import type { Place, Route, RoutingDaemon } from '../../plugin/routing/contract.js';

export const routeTo = (prefix: string, more: Partial<Route> = {}): Route => ({
  ...{ prefix, metric: 256, scale: 'babel', hops: null, gateway: '10.0.0.1', device: 'e0' },
  ...more,
});

/** A daemon whose answer is the JSON of its routes, or an error. */
export function daemonWith(
  answer: (place: Place) => readonly Route[] | Error,
  more: Partial<RoutingDaemon> = {},
): RoutingDaemon {
  return {
    id: 'made',
    usual: [{ path: '/made' }],
    hint: 'Start it.',
    ask: async (place) => {
      const said = answer(place);
      if (said instanceof Error) throw said;
      return JSON.stringify(said);
    },
    routes: (text) => JSON.parse(text) as Route[],
    ...more,
  };
}
