/** Mistakes of our own that show in an attempt: the log has each once. */
import { inspect } from 'node:util';
import { log } from '../../lib/log.js';
import { cleanText } from '../../lib/text.js';
import type { ServiceType } from '../../services/contract.js';

/** Errors logged already, by type and message, and how many are remembered: strangers may cause the same one for ever. */
const logged = new Set<string>();
const LOGGED = 100;
const LOGGED_TEXT = 2_000;

/** @param typeId the type whose code made it */
export function logOnce(typeId: string, error: unknown): void {
  const key = `${typeId} ${error instanceof Error ? error.message : ''}`;
  if (logged.has(key) || logged.size >= LOGGED) return;
  logged.add(key);
  // What it quotes may be a stranger's words.
  log.error(`A probe of ${typeId} made a mistake: ${cleanText(inspect(error), LOGGED_TEXT)}`);
}

/** Passes a mistake of the type's code on, or logs it. */
export function noteMistake(
  { id }: Pick<ServiceType, 'id'>,
  error: unknown,
  { onMistake }: { readonly onMistake?: ((error: unknown) => void) | undefined },
): void {
  if (onMistake) onMistake(error);
  else logOnce(id, error);
}
