/** The path by ping, run in a namespace: a line of JSON for each address that it was given, in their order. */
import { Pinger } from '../../plugin/probe/ping.js';

const pinger = new Pinger();
const { signal } = new AbortController();
for (const address of process.argv.slice(2)) {
  console.log(JSON.stringify(await pinger.path(address, { signal, limitMs: 5_000 })));
}
