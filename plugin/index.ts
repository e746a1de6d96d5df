/** The Fastify plugin: the panel's pages and API inside any Fastify application. Also the package's public types. */
import { hostname } from 'node:os';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Config, loadConfig } from './config.js';
import { createPanel } from './panel.js';
import { registerWeb } from './web/index.js';

export type { Config } from './config.js';
export { PanelError } from './errors.js';
export type { Panel, TypeSummary, TypeView } from './panel.js';
export type { Provider } from './provider.js';
export type { Ranked } from './score/rank.js';

export interface CloudyServicesOptions {
  /** Options of the configuration file by their names in `Config`; what is left out has its default. */
  readonly config?: Partial<Config>;
  /** The host's own login: who this request comes from. Without it the panel asks for its own password. */
  readonly authenticate?: (request: FastifyRequest) => Promise<'owner' | 'reader' | null>;
}

/**
 * `await app.register(cloudyServices, { prefix: '/neighbours', authenticate })`.
 * Configured by its options alone: by no file, and by no environment variable but XDG_STATE_HOME where it is given no `dataDir`.
 * Closing the application closes the panel, also in the middle of a scan.
 * @throws PanelError `bad-config`, `bad-service-type`
 */
export default async function cloudyServices(app: FastifyInstance, options: CloudyServicesOptions = {}): Promise<void> {
  const config = { ...loadConfig({ env: {}, file: '', serfFile: '' }), ...options.config };
  const panel = await createPanel(config, { serving: true, host: hostname });
  app.addHook('onClose', () => panel.close());
  await registerWeb(app, panel, options.authenticate ? { authenticate: options.authenticate } : {});
}
