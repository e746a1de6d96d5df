/** The Fastify plugin: the panel's pages and API inside any Fastify application. Also the package's public types. */
import { hostname } from 'node:os';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { openAlerts } from './alerts/index.js';
import { type Config, loadConfig } from './config/index.js';
import { createPanel } from './panel/open.js';
import { registerWeb } from './web/index.js';

export type { Config } from './config/index.js';
export { PanelError } from './model/errors.js';
export type { Provider } from './model/provider.js';
export type { Ranked } from './model/ranked.js';
export type { Panel, TypeSummary, TypeView } from './panel/contract.js';

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
  const closeAlerts = await openAlerts(panel);
  app.addHook('onClose', async () => {
    await Promise.all([closeAlerts(), panel.close()]);
  });
  await registerWeb(app, panel, options.authenticate ? { authenticate: options.authenticate } : {});
}
