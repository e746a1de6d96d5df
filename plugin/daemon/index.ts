/** The daemon: the plugin in an application of its own, listening on TCP and on the Unix socket until it is told to end. */
import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect } from 'node:net';
import { setInterval } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { openAlerts } from '../alerts/index.js';
import type { Config } from '../config/index.js';
import { commandOf, reachableUrls } from '../config/install.js';
import { log } from '../lib/log.js';
import { PanelError } from '../model/errors.js';
import type { Panel } from '../panel/contract.js';
import { createPanel, wantsDemo } from '../panel/open.js';
import { firstRunCode, hasOwner } from '../web/auth/password.js';
import { BRIDGE_PATH, cloudyLogin, onlyBySocket } from '../web/cloudy.js';
import { loadTexts, OWN_APP, registerWeb, type Texts } from '../web/index.js';
import { answerUnreadable, passOverExpectations } from '../web/reply/bad-requests.js';
import { guardConnections, LATE_MS, PATIENCE } from './connections.js';
import { notifyReady } from './notify.js';

/** How often a demo that only stands in for Serf looks whether an agent answers by now, ms. */
const LOOK_FOR_SERF_MS = 5_000;

/** No route of the panel has a schema: without this, Fastify would load its schema compilers, some MB that nobody uses. */
const noSchemas = () => () => {
  throw new Error('a route has a schema, but the daemon leaves the compilers of schemas out');
};

interface Daemon {
  /** The address that it listens on, as a URL with the base path; null with a socket only. */
  readonly url: string | null;
  readonly panel: Panel;
  close(): Promise<void>;
}

/**
 * Starts listening. Resolves once pages are served; a start that fails leaves nothing running.
 * @throws PanelError `bad-config`; the system's error when an address is taken
 */
export async function startDaemon(config: Config, demo: boolean): Promise<Daemon> {
  const panel = await createPanel(config, { demo, serving: true });
  const app = Fastify({
    ...OWN_APP,
    ...PATIENCE,
    http: { connectionsCheckingInterval: LATE_MS },
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

/** For all, and where there is a socket for Cloudy's page too. Returns which requests came by the socket: to be filled. */
async function registerPages(app: FastifyInstance, panel: Panel, texts: Texts): Promise<WeakSet<IncomingMessage>> {
  const { basePath, socket } = panel.config;
  const bySocket = new WeakSet<IncomingMessage>();
  await app.register((scope) => registerWeb(scope, panel, { texts, bySocket }), {
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

/** What to do about an address or a socket that cannot be had, by the system's word for it. */
const LISTEN_HINTS: ReadonlyMap<unknown, string> = new Map([
  ['EADDRINUSE', 'End the program that has it (perhaps another panel), or set LISTEN or SOCKET to a free one.'],
  [
    'EADDRNOTAVAIL',
    'This node has no such address now. `ip -br addr` shows those it has; in LISTEN, 0.0.0.0 means all.',
  ],
  // Of a missing folder, too: libuv makes ENOENT into it.
  ['EACCES', 'SOCKET needs a folder that exists and that this user may write to, LISTEN a port above 1023.'],
  ['ENOTFOUND', 'Nobody knows that name: set LISTEN to an address of this node; 0.0.0.0 means all.'],
  ['EAI_AGAIN', 'No name server answers now: set LISTEN to an address of this node; 0.0.0.0 means all.'],
]);

function notListening(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const hint = LISTEN_HINTS.get(code);
  if (hint === undefined) return error;
  return new PanelError('bad-config', `The panel cannot listen: ${message}.`, hint, { cause: error });
}

/** Fastify listens once; the socket gets a plain server that hands its requests to the same routes. */
async function listenOnSocket(app: FastifyInstance, path: string, received: WeakSet<IncomingMessage>): Promise<Server> {
  const { connectionTimeout, ...limits } = PATIENCE;
  const server = createServer({ ...limits, connectionsCheckingInterval: LATE_MS }, (request, reply) => {
    received.add(request);
    app.routing(request, reply);
  });
  server.setTimeout(connectionTimeout);
  guardConnections(server);
  passOverExpectations(server);
  server.on('clientError', answerUnreadable);
  if (await isAbandoned(path)) unlinkSync(path);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  // Its mode is the boundary of trust: this user and this group.
  chmodSync(path, 0o660);
  return server;
}

/** A socket file that nobody listens on any more, left by a process that was killed. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => resolve(false))
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'))
      .once('close', () => probe.destroy());
  });
}

/**
 * Serves until SIGTERM or SIGINT. Where the demo only stands in for Serf, the real community takes over once an agent answers.
 */
export async function serve(config: Config, { json = false }: { readonly json?: boolean } = {}): Promise<void> {
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('stopped'));
  });
  let demo = await wantsDemo(config);
  for (;;) {
    const daemon = await startDaemon(config, demo);
    announce(daemon, json);
    notifyReady();
    const watch = new AbortController();
    const ending = await Promise.race([stopped, ...(demo ? [demoEnds(config, watch.signal)] : [])]);
    watch.abort();
    await daemon.close();
    if (ending === 'stopped') return;
    log.info('A Serf agent answers: the demo ends, the real community is shown.');
    demo = false;
  }
}

/** Resolves when the demo is no longer wanted; never for a demo that was asked for. */
async function demoEnds(config: Config, signal: AbortSignal): Promise<'demo-ended' | 'stopped'> {
  try {
    for await (const _ of setInterval(LOOK_FOR_SERF_MS, undefined, { signal })) {
      if (!(await wantsDemo(config))) return 'demo-ended';
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return 'stopped';
}

/** Says that pages are served. For people in the log; for programs that asked for it, one line on standard output. */
export function announce({ url, panel }: Daemon, json: boolean): void {
  if (json) console.log(JSON.stringify({ url, socket: panel.config.socket, demo: panel.demo }));
  const { listen, socket } = panel.config;
  const urls = url === null || listen === null ? [] : reachableUrls(url, listen.host);
  log.info(`cloudy-services listens on ${[...urls, ...(socket === null ? [] : [socket])].join(' and ')}`);
  if (panel.demo) log.info('No Serf agent is used: this is the built-in demo community, not your neighbours.');
  if (panel.store.movedAside)
    log.warning(`The database was damaged and is kept as ${panel.store.movedAside}; a new one was begun.`);
  if (hasOwner(panel.store.settings)) return;
  const login = urls[0] === undefined ? 'the login page' : `${urls[0]}login`;
  log.info(`No owner yet. Choose a password at ${login} with the code ${firstRunCode(panel.store.settings)}`);
  log.info(`or run: ${commandOf()} passwd`);
}
