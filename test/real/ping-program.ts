/** The path or the width by ping, run in a namespace: a line of JSON for each address that it was given, in their order. */
import { Pinger } from '../../plugin/probe/ping.js';

const pinger = new Pinger();
const { signal } = new AbortController();
const [what, ...addresses] = process.argv.slice(2);
const measure = what === 'width' ? 'width' : 'path';
for (const address of addresses) {
  console.log(JSON.stringify(await pinger[measure](address, { signal, limitMs: 5_000 })));
}
