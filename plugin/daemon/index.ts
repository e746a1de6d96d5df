/** The daemon: the plugin in an application of its own, listening on TCP and on the Unix socket until it is told to stop. */

import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { setInterval } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { openAlerts } from '../alerts/index.js';
import type { Config } from '../config/index.js';
import { programCommand, reachableUrls } from '../config/install.js';
import { log } from '../lib/log.js';
import { PanelError } from '../model/errors.js';
import type { Panel } from '../panel/contract.js';
import { createPanel, wantsDemo } from '../panel/open.js';
import { hasMadeUpPast } from '../panel/past.js';
import { firstRunCode, hasOwner } from '../web/auth/password.js';
import { BRIDGE_PATH, cloudyLogin, onlyBySocket } from '../web/cloudy.js';
import { loadTexts, OWN_APP, registerWeb, type Texts } from '../web/index.js';
import { answerUnreadable, passOverExpectations } from '../web/reply/bad-requests.js';
import { CHECK_EVERY_MS, guardConnections, TIMEOUTS } from './connections.js';
import { notifyReady } from './notify.js';

/** How often a demo that only stands in for Serf checks whether an agent answers by now. */
const SERF_CHECK_MS = 5_000;

/** No route of the panel has a schema: without this, Fastify would load its schema compilers, some unused MB. */
const noSchemas = () => () => {
  throw new Error('a route has a schema, but the daemon leaves out the schema compilers');
};

interface Daemon {
  /** URL with the base path; null with a socket only. */
  readonly url: string | null;
  readonly panel: Panel;
  close(): Promise<void>;
}

/**
 * Starts listening. Resolves once pages are served; a failed start leaves nothing running.
 * @param past whether a new demo begins with a made-up past
 * @throws PanelError `bad-config`; the system's error when an address is taken
 */
export async function startDaemon(config: Config, demo: boolean, past = false): Promise<Daemon> {
  const panel = await createPanel(config, { demo, past, serving: true });
  const app = Fastify({
    ...OWN_APP,
    ...TIMEOUTS,
    http: { connectionsCheckingInterval: CHECK_EVERY_MS },
    forceCloseConnections: true,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  const closeAlerts = await openAlerts(panel);
  app.addHook('onClose', async () => {
    await Promise.all([closeAlerts(), panel.close()]);
  });
  let socket: Server | null = null;
  const close = async () => {
    socket?.closeAllConnections();
    socket?.close();
    await app.close();
  };
  try {
    const bySocket = await registerPages(app, panel, loadTexts(panel));
    if (config.socket !== null) socket = await listenOnSocket(app, config.socket, bySocket);
    return { url: config.listen && `${await app.listen(config.listen)}${config.basePath}`, panel, close };
  } catch (error) {
    await close();
    throw notListening(error);
  }
}

/** Registers the pages, and where there is a socket, those for Cloudy. @returns the set to which the socket adds its requests */
async function registerPages(app: FastifyInstance, panel: Panel, texts: Texts): Promise<WeakSet<IncomingMessage>> {
  const { basePath, socket } = panel.config;
  const bySocket = new WeakSet<IncomingMessage>();
  await app.register((scope) => registerWeb(scope, panel, { texts, bySocket, whole: app }), {
    prefix: basePath.replace(/\/$/, ''),
  });
  guardConnections(app.server);
  passOverExpectations(app.server);
  if (socket !== null) {
    await app.register(
      (scope) => {
        onlyBySocket(scope, bySocket);
        return registerWeb(scope, panel, { texts, bySocket, embedded: true, authenticate: cloudyLogin });
      },
      { prefix: BRIDGE_PATH },
    );
  }
  await app.ready();
  return bySocket;
}

/** What to do about an address or a socket that is not available, by the system's error code. */
const LISTEN_HINTS: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'Stop the program that uses it (perhaps another panel), or set LISTEN or SOCKET to a free one.'],
  [
    'EADDRNOTAVAIL',
    'This node has no such address now. `ip -br addr` lists its addresses; in LISTEN, 0.0.0.0 means all.',
  ],
  // Also for a missing folder: libuv turns ENOENT into it.
  ['EACCES', 'SOCKET needs a folder that exists and that this user may write to, LISTEN a port above 1023.'],
  ['ENOTFOUND', 'That name does not resolve: set LISTEN to an address of this node; 0.0.0.0 means all.'],
  ['EAI_AGAIN', 'No name server answers now: set LISTEN to an address of this node; 0.0.0.0 means all.'],
]);

function notListening(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const hint = LISTEN_HINTS.get(code);
  if (hint === undefined) return error;
  return new PanelError('bad-config', `The panel cannot listen: ${message}.`, hint, { cause: error });
}

/** Fastify listens once; the socket gets a plain server that passes its requests to the same routes. */
async function listenOnSocket(app: FastifyInstance, path: string, bySocket: WeakSet<IncomingMessage>): Promise<Server> {
  const { connectionTimeout, ...limits } = TIMEOUTS;
  const server = createServer({ ...limits, connectionsCheckingInterval: CHECK_EVERY_MS }, (request, reply) => {
    bySocket.add(request);
    app.routing(request, reply);
  });
  server.setTimeout(connectionTimeout);
  guardConnections(server);
  passOverExpectations(server);
  server.on('clientError', answerUnreadable);
  if (await isAbandoned(path)) unlinkSync(path);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  // The mode is the trust boundary: this user and this group.
  chmodSync(path, 0o660);
  return server;
}

/** Whether a killed process left the socket file: nothing listens on it any more. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => resolve(false))
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
      .once('close', () => probe.destroy());
  });
}

/** Serves until SIGTERM or SIGINT. A demo that only stands in for Serf gives way to the real community once an agent answers. */
export async function serve(config: Config, { json = false }: { readonly json?: boolean } = {}): Promise<void> {
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('stopped'));
  });
  let demo = await wantsDemo(config);
  for (;;) {
    const daemon = await startDaemon(config, demo, config.demo !== 'new');
    announce(daemon, json);
    notifyReady();
    const serfWatch = new AbortController();
    const outcome = await Promise.race([stopped, ...(demo ? [demoEnds(config, serfWatch.signal)] : [])]);
    serfWatch.abort();
    await daemon.close();
    if (outcome === 'stopped') return;
    log.info('A Serf agent answers: the demo ends, the real community is shown.');
    demo = false;
  }
}

/** Resolves when the demo is no longer wanted; never for a demo set by configuration. */
async function demoEnds(config: Config, signal: AbortSignal): Promise<'demo-ended' | 'stopped'> {
  try {
    for await (const _ of setInterval(SERF_CHECK_MS, undefined, { signal })) {
      if (!(await wantsDemo(config))) return 'demo-ended';
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return 'stopped';
}

/** Says that pages are served: in the log for people; with --json, as one line on standard output for programs. */
export function announce({ url, panel }: Daemon, json: boolean): void {
  if (json) console.log(JSON.stringify({ url, socket: panel.config.socket, demo: panel.demo }));
  const { listen, socket } = panel.config;
  const urls = url === null || listen === null ? [] : reachableUrls(url, listen.host);
  log.info(`cloudy-services listens on ${[...urls, ...(socket === null ? [] : [socket])].join(' and ')}`);
  if (panel.demo) {
    const past = hasMadeUpPast(panel.store, panel.config) ? '; its past is made up' : '';
    log.info(`No Serf agent is used: this is the built-in demo community, not your neighbours${past}.`);
  }
  if (panel.time.doubted !== null)
    log.warning(
      `The clock says ${new Date(panel.time.doubted).toISOString()}, which is over: until it is set, time goes on from what is known.`,
    );
  const { unkept } = panel.store;
  if (unkept !== null) log.warning(`${unkept.message} ${unkept.hint}`);
  if (panel.store.movedAside)
    log.warning(`The database was damaged: it is now ${panel.store.movedAside}, and a new one was started.`);
  if (hasOwner(panel.store.settings)) return;
  const code = firstRunCode(panel.store.settings);
  // Behind the #, which no browser sends: the page's own script types it in.
  const login = urls[0] === undefined ? 'the login page' : `${urls[0]}login#code=${code}`;
  log.info(`No owner yet. Choose a password at ${login} with the code ${code}`);
  log.info(`or run: ${programCommand()} passwd`);
}
