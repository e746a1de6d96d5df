/** A child that is as many well-behaved name servers as asked for, each on an address of its own, all on one port. */
import { open } from '../../plugin/demo/servers.js';
import { Sockets } from '../../plugin/demo/sockets.js';
import { argument, say } from './child.js';

const { count, port } = argument<{ count: number; port: number }>();
const sockets = new Sockets();
const member = { node: 'VIC-Adoberia', type: 'dnsservice', behaves: 'serves', description: '' } as const;
for (let index = 1; index <= count; index++) {
  await open(member, { address: `127.79.0.${index}`, port, sockets, path: () => 0 });
}
say(true);
