/** One request as the handlers see it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Role } from '../model/role.js';
import type { Words } from '../present/i18n.js';

/** Of the pages: as the system wants it unless the person says otherwise. */
export const APPEARANCES = ['system', 'light', 'dark'] as const;

export type Appearance = (typeof APPEARANCES)[number];

export interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly base: string;
  /** Where the request comes from; empty through a Unix socket. */
  readonly address: string;
  /** Whether it came through the Unix socket, which no stranger can open. */
  readonly bySocket: boolean;
  readonly words: Words;
  readonly appearance: Appearance;
  /** Answers are JSON. */
  readonly api: boolean;
  /** htmx asks for the part of the page that changes. */
  readonly fragment: boolean;
  role: Role;
  /** Value of our cookie; null when there is none. */
  cookie: string | null;
}
