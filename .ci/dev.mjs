/** The panel with the made-up community, built and started again after every change of its sources. */
import { spawn, spawnSync } from 'node:child_process';
import { watch } from 'node:fs';

/** Editors write a file in several steps, ms. */
const QUIET_MS = 200;
/** Made by the build. */
const BUILT = /\.gz$|htmx\.min\.js$/;

let panel = null;
let timer;

function start() {
  if (spawnSync('node', ['.ci/bundle.mjs'], { stdio: 'inherit' }).status !== 0) return;
  const env = { CLOUDY_SERVICES_DEMO: 'on', ...process.env };
  panel = spawn('node', ['dist/cli.mjs', 'serve'], { env, stdio: 'inherit' });
}

function restart() {
  if (!panel || panel.exitCode !== null || panel.signalCode !== null) return start();
  // It ends already, and what starts after it is built from all changes until then.
  if (panel.killed) return;
  panel.once('exit', start);
  panel.kill();
}

for (const folder of ['plugin', 'views', 'public']) {
  watch(folder, { recursive: true }, (_, name) => {
    if (name !== null && BUILT.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(restart, QUIET_MS);
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    panel?.kill();
    process.exit();
  });
}
start();
