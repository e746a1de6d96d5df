/**
 * A page that is left open asks seldom whether anything is new. What begins meanwhile it is to show at once all the same: so
 * its question waits here, which costs a connection and no work, until a job begins.
 */
import type { FastifyInstance } from 'fastify';
import { smallest } from '../../lib/extremes.js';
import type { Panel } from '../../panel/contract.js';
import type { Visit } from '../visit.js';

/** Longest wait, ms: shorter than any proxy's patience, and than a host's. */
const MAX_WAIT_MS = 15_000;
/** Pages that wait at once; further ones are answered at once, and ask again later. */
const MAX_WAITING = 128;

/** Those of an application that an answer may exceed, ms; 0 = none. Fastify's own type lacks the first. */
interface Limits {
  readonly handlerTimeout?: number;
  readonly connectionTimeout?: number;
}

/** One page that waits. */
interface Wait {
  /** Resolves when it is time for another look; false where that was the last one. */
  next(): Promise<boolean>;
  end(): void;
}

const NO_WAIT: Wait = { next: async () => false, end: () => undefined };

export class Waiting {
  readonly #jobs: Pick<Panel['jobs'], 'onBegin'>;
  readonly #maxMs: number;
  readonly #open = new Set<Wait>();

  /** Ends with the application, which waits for open requests as it closes. */
  constructor(app: FastifyInstance, jobs: Pick<Panel['jobs'], 'onBegin'>) {
    this.#jobs = jobs;
    // A host's own limits: what it answers then would be taken for a panel that does not work.
    const { handlerTimeout = 0, connectionTimeout = 0 }: Limits = app.initialConfig;
    const limits = [handlerTimeout, connectionTimeout].filter((limit) => limit > 0).map((limit) => limit / 2);
    this.#maxMs = smallest(limits, MAX_WAIT_MS);
    app.addHook('preClose', async () => {
      for (const wait of this.#open) wait.end();
    });
  }

  /** Whoever asks for it (`cs-wait`) waits, if there is room; the answer then says so. */
  begin({ request, reply, fragment }: Visit): Wait {
    if (!fragment || request.headers['cs-wait'] !== '1' || this.#open.size >= MAX_WAITING) return NO_WAIT;
    reply.header('cs-waited', '1');
    const wait = this.#wait();
    reply.raw.once('close', () => wait.end());
    this.#open.add(wait);
    return wait;
  }

  #wait(): Wait {
    // From the beginning: a job may begin between a look and the wait for the next one.
    let isDue = false;
    let isOver = false;
    let wake = () => {};
    const ring = () => {
      isDue = true;
      wake();
    };
    const forget = this.#jobs.onBegin(ring);
    const timer = setTimeout(() => wait.end(), this.#maxMs);
    const wait: Wait = {
      next: async () => {
        if (!isDue && !isOver) await new Promise<void>((resolve) => (wake = resolve));
        const looksAgain = isDue;
        isDue = false;
        return looksAgain;
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        forget();
        this.#open.delete(wait);
        // A last look, at what is new by then.
        ring();
      },
    };
    return wait;
  }
}
