/**
 * A child that is as many well-behaved name servers as asked for; each answer comes so many ms after its question. Says
 * where it tells how many ms it really took, since it was last asked.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import { Sockets } from '../../plugin/demo/sockets.js';
import { nameServers } from '../name-servers.js';
import { argument, say } from './child.js';

class TimedSockets extends Sockets {
  delays: number[] = [];

  override later(ms: number, act: () => void): void {
    const arrived = performance.now();
    super.later(ms, () => {
      act();
      this.delays.push(performance.now() - arrived);
    });
  }
}

const { net = 79, port, count, delay } = argument<{ net?: number; port: number; count: number; delay?: number }>();
try {
  // What is measured is the panel, not how long its neighbours wait for a processor.
  setPriority(-20);
} catch {
  // Only root may.
}
const sockets = new TimedSockets();
await nameServers(net, port, count, delay, sockets);
const control = createServer((_, response) => {
  response.end(JSON.stringify(sockets.delays));
  sockets.delays = [];
});
control.listen(0, '127.0.0.1', () => say(`http://127.0.0.1:${(control.address() as AddressInfo).port}/`));
