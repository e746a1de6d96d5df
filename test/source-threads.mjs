/** Preloaded by the test processes: a thread that the plugin starts there reads its TypeScript sources, as the tests do. */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// In the tests' own thread vitest does it.
if (!isMainThread) register('./source-hooks.mjs', import.meta.url);
