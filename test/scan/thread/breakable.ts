/** The program of a thread that measures, and breaks down when it is told to, or at a provider described that way. */
import { BroadcastChannel, parentPort } from 'node:worker_threads';
import type { ToThread } from '../../../plugin/scan/thread/messages.js';
import '../../../plugin/scan/thread/worker.js';
import { BREAKS, type Way } from './ways.js';

const held: unknown[] = [];
const BREAK: Readonly<Record<string, () => void>> = {
  throws: () => {
    setImmediate(() => {
      throw new Error('a mistake in an event');
    });
  },
  exits: () => process.exit(3),
  'runs out of memory': () => {
    for (;;) held.push(Array.from({ length: 1_000 }, (_, at) => ({ at })));
  },
  'loops for ever': () => {
    for (;;);
  },
} satisfies Readonly<Record<Way, () => void>>;

const told = new BroadcastChannel(BREAKS);
told.onmessage = (event) => BREAK[(event as { readonly data: Way }).data]?.();
told.unref();
parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'attempt') BREAK[message.order.provider.description]?.();
});
