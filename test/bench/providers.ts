/** A child that is as many well-behaved name servers as asked for; each answer comes so many ms after its question. */
import { nameServers } from '../name-servers.js';
import { argument, say } from './child.js';

const { net = 79, port, count, delay } = argument<{ net?: number; port: number; count: number; delay?: number }>();
await nameServers(net, port, count, delay);
say(true);
