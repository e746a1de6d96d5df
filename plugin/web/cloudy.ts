/**
 * The panel inside Cloudy's own web GUI. A few lines of PHP there forward each request through the Unix socket, with the
 * name of the Cloudy user; the pages come back without a frame, to be shown in Cloudy's.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { PanelError } from '../model/errors.js';
import type { Authenticate } from './auth/index.js';

/** Where Cloudy shows the panel: controller `cloudyservices`, action `panel`. */
export const BRIDGE_PATH = '/index.php/cloudyservices/panel';

/** Where Cloudy itself serves our files of `public/`: through the bridge each would cost a run of its PHP. */
export const CLOUDY_ASSETS = '/plug/resources/cloudyservices/';

/** Cloudy's own list of what its nodes announce, for the way back. */
export const CLOUDY_SEARCH = '/index.php/serf/search';

/** The name is trusted since it comes through the socket, whose file mode is the boundary. Cloudy's users own the node. */
export const cloudyLogin: Authenticate = async ({ headers }) => (headers['x-cloudy-user'] ? 'owner' : null);

/**
 * Answers only requests through the Unix socket: elsewhere the header proves nothing.
 * @param bySocket requests that the socket's own server received. The connection itself cannot tell: a TCP connection that
 *   its sender has reset has no remote address.
 * @throws PanelError not-found
 */
export function onlyBySocket(app: FastifyInstance, bySocket: WeakSet<IncomingMessage>): void {
  // After every `onRequest`, so that the refusal has its headers; before any body is read.
  app.addHook('preParsing', async ({ raw }) => {
    if (!bySocket.has(raw)) throw new PanelError('not-found', 'There is no such page.', 'Begin at the first page.');
  });
}
