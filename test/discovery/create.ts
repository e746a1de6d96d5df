/** A discovery with every source of the program, for the tests; what its configuration leaves out is as on a new node. */
import { type Config, loadConfig } from '../../plugin/config/index.js';
import { createDiscovery as create, type Discovery, loadSources } from '../../plugin/discovery/index.js';

export type { Discovery } from '../../plugin/discovery/index.js';

const loaded = await loadSources();
const standard = loadConfig({ env: {}, file: '', serfFile: '' });

type Options = Omit<Parameters<typeof create>[0], 'config' | 'sources'> & {
  readonly sources?: Parameters<typeof create>[0]['sources'];
  readonly config: Partial<Config>;
  /** Whether to ask the Serf agent; on unless turned off. */
  readonly serf?: boolean;
};

export const createDiscovery = ({ config, sources = loaded, serf = true, ...options }: Options): Discovery =>
  create({ sources, isWanted: ({ id }) => serf || id !== 'serf', ...options, config: { ...standard, ...config } });
