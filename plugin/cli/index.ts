#!/usr/bin/env node
/** The command `cloudy-services`. */
import { run, type Tools } from './run.js';

// The reader may close the pipe early (`| head`): nothing is left to say then.
process.stdout.on('error', () => {});

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

// The panel loads only when a command needs it: help and usage errors answer at once.
const tools: Tools = {
  openPanel: async (config, options) => (await import('../panel/open.js')).createPanel(config, options),
  serve: async (config, show) => (await import('../daemon/index.js')).serve(config, show),
};

process.exitCode = await run(process.argv.slice(2), process, tools, interrupted.signal);
