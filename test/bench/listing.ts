/** A child that times the way from the Serf RPC to the list of providers, cold, and again after one member's change. */
import { loadConfig } from '../../plugin/config.js';
import { createDiscovery } from '../../plugin/discovery/index.js';
import { argument, say } from './child.js';

const { port, pid, expected } = argument<{ port: number; pid: number; expected: number }>();
const config = { ...loadConfig({ env: {}, file: '' }), serfRpc: { host: '127.0.0.1', port } };

const started = performance.now();
const discovery = createDiscovery({ config });
await discovery.ready();
const providers = discovery.providers().length;
const cold = performance.now() - started;
if (providers !== expected) throw new Error(`${providers} providers in place of ${expected}`);

const changed = new Promise<number>((resolve) => {
  const asked = performance.now();
  discovery.onChange(() => {
    if (discovery.providers().some(({ description }) => description.includes('again')))
      resolve(performance.now() - asked);
  });
});
process.kill(pid, 'SIGUSR2');
say({ cold, change: await changed });
await discovery.close();
