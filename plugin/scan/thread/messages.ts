/** What the panel and a thread that measures tell each other: plain data, as structured cloning leaves it. */
import { PanelError } from '../../model/errors.js';
import type { Pinged, PingOrder } from '../attempt/host-pings.js';
import type { AttemptTerms } from '../attempt/measurer.js';
import type { AttemptOutcome, Placed } from '../attempt.js';

export interface AttemptOrder extends Omit<AttemptTerms, 'signal'> {
  readonly typeId: string;
  readonly provider: Placed;
  /** Whether the panel pings on request. */
  readonly pings: boolean;
}

export type ToThread =
  | { readonly kind: 'attempt'; readonly id: number; readonly order: AttemptOrder }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'pinged'; readonly id: number; readonly pinged: Pinged };

export type FromThread =
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: AttemptOutcome }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError }
  /** To start a program would hold up the thread. `attempt` is what it is for, whose end ends it. */
  | { readonly kind: 'ping'; readonly id: number; readonly attempt: number; readonly order: PingOrder }
  | { readonly kind: 'mistake'; readonly typeId: string; readonly error: PlainError }
  /** Its program has begun, and its event loop turns. */
  | { readonly kind: 'alive' };

/** An error without its class, and with what cloning would drop. */
export interface PlainError {
  readonly message: string;
  readonly stack?: string;
  /** Of the system's errors. */
  readonly code?: unknown;
  readonly syscall?: unknown;
  /** Of deliberate ones. */
  readonly hint?: string;
}

export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack, code, syscall } = error as NodeJS.ErrnoException;
  return {
    message,
    ...(stack !== undefined && { stack }),
    ...(code !== undefined && { code }),
    ...(syscall !== undefined && { syscall }),
    ...(error instanceof PanelError && { hint: error.hint }),
  };
}

/** The error again, of the class that it had and with the stack of where it was thrown. */
export function fromPlainError({ message, stack, code, syscall, hint }: PlainError): Error {
  const error =
    hint === undefined
      ? Object.assign(new Error(message), code !== undefined && { code }, syscall !== undefined && { syscall })
      : new PanelError(code as PanelError['code'], message, hint);
  if (stack !== undefined) error.stack = stack;
  return error;
}
