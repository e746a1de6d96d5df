/** A request as the handlers see it: who asks, in which language, for a page, a part of one or JSON. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Job } from '../model/job.js';
import type { Role } from '../model/role.js';
import type { Words } from '../present/i18n.js';
import type { ProgramToken } from './auth/tokens.js';
import type { SharedPage } from './reply/shared.js';

/** Colours of the pages: the system's unless the person chooses. */
export const APPEARANCES = ['system', 'light', 'dark'] as const;

export type Appearance = (typeof APPEARANCES)[number];

export interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly base: string;
  /** Of the client; empty through a Unix socket. */
  readonly address: string;
  /** Whether the request came through the Unix socket, which no stranger can open. */
  readonly bySocket: boolean;
  readonly words: Words;
  readonly appearance: Appearance;
  /** Whether the answer is JSON. */
  readonly api: boolean;
  /** Whether htmx asks for the changing part of a page. */
  readonly fragment: boolean;
  /**
   * Those that ran when the request came, or when it was looked at last. A job may end between the readings that a page is made of: a page that then showed
   * it as ended could show what was before its end, and ask no more.
   */
  jobs: readonly Job[];
  /** What a program shows to the API as its token; null where it shows none. */
  readonly bearer: string | null;
  /** The program's token, where it is good. */
  program: ProgramToken | null;
  role: Role;
  /** Of the page as it is now; null where it has none. */
  stamp: string | null;
  /** Passes the page on to other readers; null where it is made for this visitor alone. */
  share: ((page: SharedPage) => void) | null;
  /** Value of our session cookie; null where there is none. */
  cookie: string | null;
}
