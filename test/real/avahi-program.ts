/** Discovery by itself, run in a namespace: a line of JSON with its list and state after each change, and once a second. */
import { loadConfig } from '../../plugin/config/index.js';
import { createDiscovery } from '../../plugin/discovery/index.js';
import avahi from '../../plugin/discovery/sources/avahi/index.js';

// No folder to read: all of it is one file here.
const config = { ...loadConfig({ env: {}, file: '', serfFile: '' }), avahi: 'on' as const };
const discovery = createDiscovery({ config, sources: [avahi], types: ['syncthing', 'dnsservice'] });

function say(): void {
  const providers = discovery.providers().map((provider) => ({ ...provider, txt: [...provider.txt] }));
  console.log(JSON.stringify({ providers, source: discovery.sources()[0] }));
}
discovery.onChange(say);
const timer = setInterval(say, 1_000);

process.once('SIGTERM', async () => {
  clearInterval(timer);
  const started = performance.now();
  await discovery.close();
  // Nothing is left that would keep the process from ending by itself.
  console.log(JSON.stringify({ closedWithinMs: performance.now() - started }));
});
await discovery.ready();
say();
