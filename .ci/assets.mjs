/** Completes public/ with what is not in the repository: htmx, and each file compressed. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

copyFileSync('node_modules/htmx.org/dist/htmx.min.js', 'public/htmx.min.js');
for (const name of ['htmx.min.js', 'copy.js', 'live.js', 'chart.js', 'style.css', 'dark.css', 'icon.svg']) {
  writeFileSync(`public/${name}.gz`, gzipSync(readFileSync(`public/${name}`), { level: 9 }));
}
