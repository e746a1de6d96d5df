/**
 * The panel inside Cloudy's own web GUI. A few lines of PHP there hand each request on through the Unix socket and say who
 * has logged in to Cloudy; the pages come back without a frame of their own, to be put into Cloudy's.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { PanelError } from '../model/errors.js';
import type { Authenticate } from './auth/index.js';

/** Where Cloudy shows the panel: controller `cloudyservices`, action `panel`. */
export const BRIDGE_PATH = '/index.php/cloudyservices/panel';

/** Where Cloudy serves our files of `public/` by itself: through the bridge each would cost a run of its PHP. */
export const CLOUDY_ASSETS = '/plug/resources/cloudyservices/';

/** Cloudy's own list of what its nodes announce, for the way back. */
export const CLOUDY_SEARCH = '/index.php/serf/search';

/** Whoever may open the socket is trusted with the name: its file mode is the boundary. Cloudy's users own the node. */
export const cloudyLogin: Authenticate = async ({ headers }) => (headers['x-cloudy-user'] ? 'owner' : null);

/**
 * Answers only what is known to have come through the Unix socket: elsewhere nobody vouches for the header.
 * @param vouched requests that the socket's own server received. What a connection says of itself is not enough: one over
 *   TCP that was reset by its sender has no remote address any more.
 * @throws PanelError not-found
 */
export function onlyBySocket(app: FastifyInstance, vouched: WeakSet<IncomingMessage>): void {
  // After every `onRequest`: the refusal too has its headers. Before anything is read of a body.
  app.addHook('preParsing', async ({ raw }) => {
    if (!vouched.has(raw)) throw new PanelError('not-found', 'There is no such page.', 'Begin at the first page.');
  });
}
