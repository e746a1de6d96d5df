/** The program of a thread that measures, and breaks down at a provider that is described that way. */
import { parentPort } from 'node:worker_threads';
import type { ToThread } from '../../../plugin/scan/thread/messages.js';
import '../../../plugin/scan/thread/worker.js';
import type { Way } from './ways.js';

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

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'attempt') BREAK[message.order.provider.description]?.();
});
